//! Words that mean the same to the search: each group becomes one concept.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::normalise;

/// Where a word of a group stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// The group, by its place in the list the table was built from.
    pub group: usize,
}

/// The groups, ready to be found in texts.
#[derive(Debug, Default)]
pub struct Synonyms {
    pattern: Option<Regex>,
    groups: HashMap<String, usize>,
}

impl Synonyms {
    /// A table of `groups`. A word in two groups belongs to the first. Words are normalised here.
    ///
    /// # Errors
    /// When the words together are too many for one automaton (tens of thousands).
    pub fn new(groups: &[Vec<String>]) -> Result<Self, regex::Error> {
        let mut words: HashMap<String, usize> = HashMap::new();
        for (group, members) in groups.iter().enumerate() {
            for word in members.iter().map(|word| normalise(word)) {
                let word = word.trim();
                if !word.is_empty() {
                    words.entry(word.to_owned()).or_insert(group);
                }
            }
        }
        if words.is_empty() {
            return Ok(Self::default());
        }
        let mut sorted: Vec<&str> = words.keys().map(String::as_str).collect();
        // The longest word at a place wins: パスワード変更 before パスワード. The second key keeps builds equal.
        sorted.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        let pattern = sorted.into_iter().map(alternative).collect::<Vec<_>>().join("|");
        let pattern = RegexBuilder::new(&pattern).size_limit(32 << 20).build()?;
        Ok(Self { pattern: Some(pattern), groups: words })
    }

    /// The groups' words in a normalised text, in order, not overlapping.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Found> {
        let Some(pattern) = &self.pattern else { return Vec::new() };
        pattern
            .find_iter(text)
            .filter_map(|found| {
                let word = found.as_str();
                let group = self.groups.get(word).or_else(|| self.groups.get(word.strip_suffix('s')?))?;
                Some(Found { start: found.start(), end: found.end(), group: *group })
            })
            .collect()
    }
}

/// Latin words match whole, also in the plural; Japanese has no blanks to tell where a word ends.
fn alternative(word: &str) -> String {
    let escaped = regex::escape(word);
    let begins = word.starts_with(|c: char| c.is_ascii_alphanumeric());
    let ends = word.ends_with(|c: char| c.is_ascii_alphanumeric());
    let plural = if ends && word.len() >= 3 && !word.ends_with('s') { "s?" } else { "" };
    let before = if begins { r"(?-u:\b)" } else { "" };
    let after = if ends { r"(?-u:\b)" } else { "" };
    format!("{before}{escaped}{plural}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Synonyms {
        let group = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Synonyms::new(&[group(&["パスワード", "PW", "password"]), group(&["つながらない", "接続できない"]), vec![]])
            .unwrap()
    }

    #[test]
    fn words_of_a_group_are_one_concept() {
        for (text, wanted) in [
            ("パスワードを忘れた", vec![0]),
            ("pwを忘れて接続できない", vec![0, 1]),
            ("my passwords", vec![0]),
            ("httpwww", vec![]),
            ("", vec![]),
        ] {
            let groups: Vec<usize> = table().find(text).into_iter().map(|found| found.group).collect();
            assert_eq!(groups, wanted, "{text}");
        }
    }

    #[test]
    fn no_groups_find_nothing() {
        assert_eq!(Synonyms::new(&[]).unwrap().find("password"), vec![]);
    }
}
