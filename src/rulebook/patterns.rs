//! What of a rule can be told from the message alone: patterns on subject and text, files, header fields. Compiled once.
//!
//! Patterns on texts are tried together and only where one of their fixed words stands, so that a rule which has nothing to do
//! with a message costs next to nothing.

use std::collections::BTreeSet;

use crate::domain::rulebook::{Attached, Condition, Conditions, DeskRule, HeaderField, Held, Matched, Written};
use crate::domain::{Attachment, Message, Rulebook};
use crate::text::pattern_set::{Pattern, PatternSet};
use crate::text::{cut, normalise};

/// Characters (bytes) of matched words that are kept.
const WORDS: usize = 80;
/// Characters (bytes) of a file's name or a header's value that patterns see.
const READ: usize = 300;

/// A pattern of a rule that cannot be read.
#[derive(Debug)]
pub struct BadPattern {
    /// The rule's id.
    pub rule: String,
    /// What is wrong.
    pub source: regex::Error,
}

/// The compiled patterns of all rules.
#[derive(Debug, Default)]
pub struct Patterns {
    texts: Set,
    subjects: Set,
    files: Vec<(String, Files)>,
    headers: Vec<(String, Header)>,
    /// The conditions each rule has of these, so that a rule with one that is not met is passed over early.
    needed: Vec<(String, Vec<Condition>)>,
}

impl Patterns {
    /// Compiles nothing yet, but reads every pattern.
    ///
    /// # Errors
    /// A pattern cannot be read; rules that were checked when the content was loaded have none.
    pub fn new(book: &Rulebook) -> Result<Self, BadPattern> {
        let mut patterns = Self {
            texts: Set::new(book, |rule| &rule.when.texts)?,
            subjects: Set::new(book, |rule| &rule.when.subjects)?,
            ..Self::default()
        };
        for rule in &book.rules {
            let bad = |source| BadPattern { rule: rule.id.clone(), source };
            if let Some(attached) = &rule.when.attachments {
                patterns.files.push((rule.id.clone(), Files::new(attached).map_err(bad)?));
            }
            for header in &rule.when.headers {
                patterns.headers.push((rule.id.clone(), Header::new(header).map_err(bad)?));
            }
            patterns.needed.push((rule.id.clone(), needed(&rule.when)));
        }
        Ok(patterns)
    }

    /// Whether there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.needed.is_empty()
    }

    /// What the rules' patterns match: at most one entry a rule and condition, in the order of the rules. `subject` and `text`
    /// (subject, newline, newly written text) are normalised.
    #[must_use]
    pub fn read(&self, message: &Message, subject: &str, text: &str) -> Vec<Matched> {
        let mut found = self.texts.matches(text, Condition::Text);
        found.extend(self.subjects.matches(subject, Condition::Subject));
        for (rule, files) in &self.files {
            found.extend(files.held(&message.attachments).map(|words| matched(rule, Condition::Attachments, &words)));
        }
        self.read_headers(&message.headers, &mut found);
        if found.len() > 1 {
            let place = |one: &Matched| self.needed.iter().position(|(rule, _)| *rule == one.rule);
            found.sort_by_cached_key(|one| (place(one), one.held.condition));
        }
        found
    }

    /// A rule's header fields must all match.
    fn read_headers(&self, fields: &[(String, String)], found: &mut Vec<Matched>) {
        let mut refused: BTreeSet<&str> = BTreeSet::new();
        let mut words: Vec<(&str, String)> = Vec::new();
        for (rule, header) in &self.headers {
            match header.held(fields) {
                Some(held) => words.push((rule, held)),
                None => {
                    refused.insert(rule);
                }
            }
        }
        words.retain(|(rule, _)| !refused.contains(rule));
        for (rule, held) in words {
            match found.iter_mut().find(|one| one.rule == rule && one.held.condition == Condition::Headers) {
                Some(one) => cut(&format!("{}, {held}", one.held.words), WORDS).clone_into(&mut one.held.words),
                None => found.push(matched(rule, Condition::Headers, &held)),
            }
        }
    }

    /// Whether everything that can be told from the message alone holds for `rule`.
    #[must_use]
    pub fn may_hold(&self, rule: &str, found: &[Matched]) -> bool {
        let needed = self.needed.iter().find(|(id, _)| id == rule).map(|(_, needed)| needed.as_slice());
        needed
            .unwrap_or_default()
            .iter()
            .all(|condition| found.iter().any(|one| one.rule == rule && one.held.condition == *condition))
    }
}

fn needed(when: &Conditions) -> Vec<Condition> {
    [
        (!when.texts.is_empty(), Condition::Text),
        (!when.subjects.is_empty(), Condition::Subject),
        (when.attachments.is_some(), Condition::Attachments),
        (!when.headers.is_empty(), Condition::Headers),
    ]
    .into_iter()
    .filter_map(|(has, condition)| has.then_some(condition))
    .collect()
}

fn matched(rule: &str, condition: Condition, words: &str) -> Matched {
    Matched { rule: rule.to_owned(), held: Held { condition, words: cut(words, WORDS).to_owned() } }
}

/// The patterns of all rules on one text.
#[derive(Debug, Default)]
struct Set {
    set: Option<PatternSet>,
    /// The rule of each pattern.
    owners: Vec<String>,
}

impl Set {
    fn new(book: &Rulebook, of: impl Fn(&DeskRule) -> &[Written]) -> Result<Self, BadPattern> {
        let all = || book.rules.iter().flat_map(|rule| of(rule).iter().map(move |written| (rule, written)));
        let owners: Vec<String> = all().map(|(rule, _)| rule.id.clone()).collect();
        if owners.is_empty() {
            return Ok(Self::default());
        }
        let set = PatternSet::new(all().map(|(_, written)| written.pattern.as_str()))
            .map_err(|(number, source)| BadPattern { rule: owners.get(number).cloned().unwrap_or_default(), source })?;
        Ok(Self { set: Some(set), owners })
    }

    /// The first pattern of each rule that matches.
    fn matches(&self, text: &str, condition: Condition) -> Vec<Matched> {
        let Some(set) = &self.set else { return Vec::new() };
        let mut found: Vec<Matched> = Vec::new();
        for (number, words) in set.matches(text) {
            let Some(rule) = self.owners.get(number) else { continue };
            // Patterns of one rule follow each other.
            if found.last().is_none_or(|last| last.rule != *rule) {
                found.push(matched(rule, condition, words.trim()));
            }
        }
        found
    }
}

#[derive(Debug)]
struct Files {
    at_least: u32,
    at_most: u32,
    media_types: Vec<String>,
    names: Vec<Pattern>,
}

impl Files {
    fn new(attached: &Attached) -> Result<Self, regex::Error> {
        Ok(Self {
            at_least: attached.at_least,
            at_most: attached.at_most,
            media_types: attached.media_types.clone(),
            names: compiled(&attached.names)?,
        })
    }

    /// The names of the files that are meant, when there are as many as wanted.
    fn held(&self, files: &[Attachment]) -> Option<String> {
        let meant: Vec<&str> = files.iter().filter(|file| self.means(file)).map(|file| file.name.as_str()).collect();
        let count = u32::try_from(meant.len()).unwrap_or(u32::MAX);
        let holds = (self.at_least..=self.at_most).contains(&count);
        holds.then(|| if meant.is_empty() { "no such file".to_owned() } else { meant.join(", ") })
    }

    fn means(&self, file: &Attachment) -> bool {
        let of_type = |wanted: &String| {
            if wanted.ends_with('/') { file.media_type.starts_with(wanted) } else { file.media_type == *wanted }
        };
        (self.media_types.is_empty() || self.media_types.iter().any(of_type))
            && (self.names.is_empty() || first_match(&self.names, &normalise(cut(&file.name, READ))).is_some())
    }
}

#[derive(Debug)]
struct Header {
    name: String,
    patterns: Vec<Pattern>,
}

impl Header {
    fn new(header: &HeaderField) -> Result<Self, regex::Error> {
        Ok(Self { name: header.name.clone(), patterns: compiled(&header.patterns)? })
    }

    fn held(&self, fields: &[(String, String)]) -> Option<String> {
        let mut values = fields.iter().filter(|(name, _)| *name == self.name);
        let found = |(_, value): &(String, String)| first_match(&self.patterns, &normalise(cut(value, READ)));
        values.find_map(found).map(|words| format!("{}: {words}", self.name))
    }
}

fn compiled(patterns: &[Written]) -> Result<Vec<Pattern>, regex::Error> {
    patterns.iter().map(|written| Pattern::new(&written.pattern, false)).collect()
}

fn first_match(patterns: &[Pattern], text: &str) -> Option<String> {
    patterns.iter().find_map(|pattern| Some(pattern.regex()?.find(text)?.as_str().to_owned()))
}
