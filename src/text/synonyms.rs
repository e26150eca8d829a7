//! Words that mean the same to the search: each group becomes one concept.

use std::collections::HashMap;

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
    /// Words by their first character, the longest first: パスワード変更 before パスワード.
    words: HashMap<char, Vec<Word>>,
}

#[derive(Debug)]
struct Word {
    text: String,
    group: usize,
}

impl Synonyms {
    /// A table of `groups`. A word in two groups belongs to the first. Words are normalised here.
    #[must_use]
    pub fn new(groups: &[Vec<String>]) -> Self {
        let mut words: HashMap<char, Vec<Word>> = HashMap::new();
        for (group, members) in groups.iter().enumerate() {
            for word in members {
                let word = normalise(word);
                let text = word.trim();
                let Some(first) = text.chars().next() else { continue };
                let alike = words.entry(first).or_default();
                if alike.iter().all(|known| known.text != text) {
                    alike.push(Word { text: text.to_owned(), group });
                }
            }
        }
        for alike in words.values_mut() {
            alike.sort_by_key(|word| std::cmp::Reverse(word.text.len()));
        }
        Self { words }
    }

    /// The groups' words in a normalised text, in order, not overlapping.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        let mut at = 0;
        let mut inside = false;
        while let Some(first) = text[at..].chars().next() {
            // No word begins inside a Latin one.
            if std::mem::replace(&mut inside, first.is_ascii_alphanumeric()) && inside {
                at += 1;
                continue;
            }
            let words = self.words.get(&first).map(Vec::as_slice).unwrap_or_default();
            let hit =
                words.iter().find_map(|word| Some(Found { start: at, end: word.ends(text, at)?, group: word.group }));
            at = hit.map_or(at + first.len_utf8(), |hit| hit.end);
            inside &= hit.is_none();
            found.extend(hit);
        }
        found
    }
}

impl Word {
    /// Where the word ends when it stands in `text` at `at`. Latin words match whole, also in the plural; Japanese has no
    /// blanks to tell where a word ends.
    fn ends(&self, text: &str, at: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let end = at + self.text.len();
        let latin = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_alphanumeric);
        if !text[at..].starts_with(&self.text) || (latin(at) && at > 0 && latin(at - 1)) {
            return None;
        }
        if !latin(end - 1) || !latin(end) {
            return Some(end);
        }
        let plural = self.text.len() >= 3 && !self.text.ends_with('s') && bytes[end] == b's' && !latin(end + 1);
        plural.then_some(end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Synonyms {
        let group = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        Synonyms::new(&[group(&["パスワード", "PW", "password"]), group(&["つながらない", "接続できない"]), vec![]])
    }

    #[test]
    fn words_of_a_group_are_one_concept() {
        for (text, wanted) in [
            ("パスワードを忘れた", vec![0]),
            ("pwを忘れて接続できない", vec![0, 1]),
            ("my passwords", vec![0]),
            ("httpwww", vec![]),
            ("vpwpw pwつながらないpw", vec![0, 1, 0]),
            ("", vec![]),
        ] {
            let groups: Vec<usize> = table().find(text).into_iter().map(|found| found.group).collect();
            assert_eq!(groups, wanted, "{text}");
        }
    }

    #[test]
    fn no_groups_find_nothing() {
        assert_eq!(Synonyms::new(&[]).find("password"), vec![]);
    }
}
