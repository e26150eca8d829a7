//! The intents' patterns, compiled together: one pass finds which match, then only those are read for their words.

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use crate::domain::{Intent, RuleHit};
use crate::text::cut;

use super::BuildError;

/// Memory for the compiled set and for the automaton built while matching.
const MAX_SET_BYTES: usize = 64 << 20;

/// Characters of the matched words that are kept.
const MATCHED_CHARS: usize = 80;

/// The compiled rules.
pub(super) struct Rules {
    set: RegexSet,
    rules: Vec<Compiled>,
}

struct Compiled {
    id: String,
    intent: String,
    certain: bool,
    regex: Regex,
}

impl Rules {
    pub(super) fn build(intents: &[Intent]) -> Result<Self, BuildError> {
        let mut rules = Vec::new();
        let mut patterns = Vec::new();
        for intent in intents {
            for rule in &intent.rules {
                let regex = RegexBuilder::new(&rule.pattern)
                    .build()
                    .map_err(|source| BuildError::Pattern { place: format!("rule `{}`", rule.id), source })?;
                patterns.push(rule.pattern.as_str());
                rules.push(Compiled { id: rule.id.clone(), intent: intent.id.clone(), certain: rule.certain, regex });
            }
        }
        let set = RegexSetBuilder::new(&patterns)
            .size_limit(MAX_SET_BYTES)
            .dfa_size_limit(MAX_SET_BYTES)
            .build()
            .map_err(|source| BuildError::Pattern { place: "the rules together".to_owned(), source })?;
        Ok(Self { set, rules })
    }

    /// The rules that match a normalised text, in catalog order.
    pub(super) fn hits(&self, text: &str) -> Vec<RuleHit> {
        self.set
            .matches(text)
            .into_iter()
            .filter_map(|number| {
                let rule = self.rules.get(number)?;
                let matched = rule.regex.find(text).map_or("", |found| found.as_str());
                Some(RuleHit {
                    rule: rule.id.clone(),
                    intent: rule.intent.clone(),
                    certain: rule.certain,
                    matched: cut(matched, MATCHED_CHARS).to_owned(),
                })
            })
            .collect()
    }
}
