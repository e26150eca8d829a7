//! Many patterns against one text: only patterns that can match are tried.
//!
//! Every match of a pattern begins (or ends) with one of a few fixed strings, mostly; one pass finds which of these strings the text
//! holds, and only their patterns are run. A set compiled into one automaton would build its states anew for nearly every text.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// Strings kept for one pattern; with more of them the pattern is always tried.
const MAX_STRINGS: usize = 200;
/// Shorter strings are in nearly every text and tell nothing.
const MIN_BYTES: usize = 2;
/// Memory the automaton of one pattern may grow to while matching: with too little it starts anew all the time, and matching is
/// thirty times slower.
const AUTOMATON_BYTES: usize = 16 << 20;

/// A pattern that is compiled when it is first needed.
#[derive(Debug)]
pub struct Pattern {
    source: String,
    case_insensitive: bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Checks `source` without compiling it.
    ///
    /// # Errors
    /// The pattern cannot be read.
    pub fn new(source: &str, case_insensitive: bool) -> Result<Self, regex::Error> {
        parse(source)?;
        Ok(Self::read(source, case_insensitive))
    }

    /// `source` can be read.
    fn read(source: &str, case_insensitive: bool) -> Self {
        Self { source: source.to_owned(), case_insensitive, compiled: OnceLock::new() }
    }

    /// The compiled pattern; `None` when it is too large to compile, which never matches.
    pub fn regex(&self) -> Option<&Regex> {
        let compile = || {
            RegexBuilder::new(&self.source)
                .case_insensitive(self.case_insensitive)
                .dfa_size_limit(AUTOMATON_BYTES)
                .build()
                .ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

/// Patterns that are tried together.
#[derive(Debug)]
pub struct PatternSet {
    patterns: Vec<Pattern>,
    strings: AhoCorasick,
    /// Which pattern each string belongs to.
    owners: Vec<usize>,
    /// Patterns without such strings.
    always: Vec<usize>,
}

impl PatternSet {
    /// A set of case-sensitive patterns.
    ///
    /// # Errors
    /// A pattern cannot be read: its number, and why.
    pub fn new<'a>(sources: impl IntoIterator<Item = &'a str>) -> Result<Self, (usize, regex::Error)> {
        let (mut patterns, mut strings, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, source) in sources.into_iter().enumerate() {
            let hir = parse(source).map_err(|fault| (number, fault))?;
            match needed(&hir) {
                Some(needed) => {
                    owners.extend(std::iter::repeat_n(number, needed.len()));
                    strings.extend(needed);
                }
                None => always.push(number),
            }
            patterns.push(Pattern::read(source, false));
        }
        let strings = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .build(strings)
            .map_err(|fault| (0, regex::Error::Syntax(fault.to_string())))?;
        Ok(Self { patterns, strings, owners, always })
    }

    /// The numbers of the patterns that match `text`, ascending, each with its first match.
    #[must_use]
    pub fn matches<'t>(&self, text: &'t str) -> Vec<(usize, &'t str)> {
        let mut possible = vec![false; self.patterns.len()];
        for number in &self.always {
            mark(&mut possible, *number);
        }
        for found in self.strings.find_overlapping_iter(text) {
            if let Some(number) = self.owners.get(found.pattern().as_usize()) {
                mark(&mut possible, *number);
            }
        }
        let tried = self.patterns.iter().zip(possible).enumerate().filter(|(_, (_, possible))| *possible);
        tried.filter_map(|(number, (pattern, _))| Some((number, pattern.regex()?.find(text)?.as_str()))).collect()
    }
}

/// Whether every match of `source` holds one of a few fixed strings, so that a [`PatternSet`] tries it only where one stands.
#[must_use]
pub fn has_fixed_words(source: &str) -> bool {
    parse(source).is_ok_and(|hir| needed(&hir).is_some())
}

fn mark(flags: &mut [bool], number: usize) {
    if let Some(flag) = flags.get_mut(number) {
        *flag = true;
    }
}

fn parse(source: &str) -> Result<Hir, regex::Error> {
    regex_syntax::parse(source).map_err(|fault| regex::Error::Syntax(fault.to_string()))
}

/// Strings of which each match holds at least one; `None` when there is no short list of useful ones.
fn needed(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let ends = [ExtractKind::Prefix, ExtractKind::Suffix].into_iter().filter_map(|kind| {
        let mut extractor = Extractor::new();
        extractor.kind(kind).limit_total(MAX_STRINGS);
        let found = extractor.extract(hir);
        let strings: Vec<Vec<u8>> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        let useful = !strings.is_empty() && strings.iter().all(|string| string.len() >= MIN_BYTES);
        useful.then_some(strings)
    });
    // Longer strings are rarer.
    ends.max_by_key(|strings| strings.iter().map(Vec::len).min())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOURCES: [&str; 7] = [
        "(再起動|リブート).{0,10}お願い",
        ".{0,3}停止",
        "(?:web|db)[0-9]+",
        "[a-z]+ please",
        "x*",
        "(?i)Restore (the )?snapshot",
        "(?m)^件名",
    ];

    #[test]
    fn the_first_match_of_each_pattern_is_found() {
        let set = PatternSet::new(SOURCES).unwrap();
        let numbers = |text: &str| set.matches(text).into_iter().map(|(number, _)| number).collect::<Vec<_>>();
        assert_eq!(numbers("web01の再起動をお願いします"), [0, 2, 4]);
        assert_eq!(numbers("本文\n件名 restart please"), [3, 4, 6]);
        assert_eq!(numbers("RESTORE SNAPSHOT"), [4, 5]);
        assert_eq!(set.matches("aaa停止")[0], (1, "aaa停止"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named() {
        assert_eq!(PatternSet::new(["a", "("]).unwrap_err().0, 1);
    }

    proptest! {
        #[test]
        fn it_finds_what_the_patterns_alone_find(text in "(再起動|お願い|停止|web|db|[0-9a-z ]|restore|snapshot|件名|\n){0,12}") {
            let set = PatternSet::new(SOURCES).unwrap();
            let alone: Vec<(usize, &str)> = SOURCES
                .iter()
                .enumerate()
                .filter_map(|(number, source)| Some((number, Regex::new(source).unwrap().find(&text)?.as_str())))
                .collect();
            prop_assert_eq!(set.matches(&text), alone);
        }
    }
}
