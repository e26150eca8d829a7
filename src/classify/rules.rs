//! The intents' patterns, tried together.

use crate::domain::{Intent, RuleHit};
use crate::text::cut;
use crate::text::pattern_set::PatternSet;

use super::BuildError;

/// Characters of the matched words that are kept.
const MATCHED_CHARS: usize = 80;

/// The compiled rules.
pub(super) struct Rules {
    set: PatternSet,
    rules: Vec<Named>,
}

struct Named {
    id: String,
    intent: String,
    certain: bool,
}

impl Rules {
    pub(super) fn build(intents: &[Intent]) -> Result<Self, BuildError> {
        let all = || intents.iter().flat_map(|intent| intent.rules.iter().map(move |rule| (intent, rule)));
        let named = |(intent, rule): (&Intent, &crate::domain::Rule)| Named {
            id: rule.id.clone(),
            intent: intent.id.clone(),
            certain: rule.certain,
        };
        let rules: Vec<Named> = all().map(named).collect();
        let set = PatternSet::new(all().map(|(_, rule)| rule.pattern.as_str())).map_err(|(number, source)| {
            let id = rules.get(number).map_or("", |rule| rule.id.as_str());
            BuildError::Pattern { place: format!("rule `{id}`"), source }
        })?;
        Ok(Self { set, rules })
    }

    /// The rules that match a normalised text, in catalog order.
    pub(super) fn hits(&self, text: &str) -> Vec<RuleHit> {
        let hit = |(number, matched): (usize, &str)| {
            let rule = self.rules.get(number)?;
            Some(RuleHit {
                rule: rule.id.clone(),
                intent: rule.intent.clone(),
                certain: rule.certain,
                matched: cut(matched, MATCHED_CHARS).to_owned(),
            })
        };
        self.set.matches(text).into_iter().filter_map(hit).collect()
    }
}
