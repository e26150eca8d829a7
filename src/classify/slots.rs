//! The details of a request, cut out of the text by the intent's patterns. Values keep the letters people wrote.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use regex::Captures;

use crate::domain::Intent;
use crate::text::cut;
use crate::text::pattern_set::Pattern;

use super::BuildError;

/// Characters of a value that are kept.
const VALUE_CHARS: usize = 200;

/// The compiled slots of all intents.
pub(super) struct Slots {
    by_intent: HashMap<String, Vec<Compiled>>,
}

struct Compiled {
    name: String,
    find: Vec<Arc<Pattern>>,
    choices: Vec<(String, Arc<Pattern>)>,
}

impl Slots {
    pub(super) fn build(intents: &[Intent]) -> Result<Self, BuildError> {
        let mut by_intent = HashMap::new();
        let mut patterns = Patterns::default();
        for intent in intents {
            let mut slots = Vec::new();
            for slot in &intent.slots {
                let place = || format!("slot `{}` of `{}`", slot.name, intent.id);
                let find =
                    slot.find.iter().map(|pattern| patterns.compile(pattern, &place)).collect::<Result<_, _>>()?;
                let choices = slot
                    .choices
                    .iter()
                    .map(|choice| Ok((choice.value.clone(), patterns.compile(&choice.pattern, &place)?)))
                    .collect::<Result<_, BuildError>>()?;
                slots.push(Compiled { name: slot.name.clone(), find, choices });
            }
            by_intent.insert(intent.id.clone(), slots);
        }
        Ok(Self { by_intent })
    }

    /// The values found for `intent` in a folded text (capitals kept): slot name → value.
    ///
    /// The first pattern that matches wins. A slot with choices takes the first choice whose pattern matches what was
    /// found, else what was found; when nothing was, the first choice whose pattern matches the whole text.
    pub(super) fn find(&self, intent: &str, text: &str) -> BTreeMap<String, String> {
        let slots = self.by_intent.get(intent).map(Vec::as_slice).unwrap_or_default();
        slots.iter().filter_map(|slot| Some((slot.name.clone(), slot.value(text)?))).collect()
    }
}

impl Compiled {
    fn value(&self, text: &str) -> Option<String> {
        let cut_out = |pattern: &Arc<Pattern>| pattern.regex()?.captures(text).and_then(|captures| value(&captures));
        let found = self.find.iter().find_map(cut_out);
        let means = |pattern: &Pattern, text: &str| pattern.regex().is_some_and(|regex| regex.is_match(text));
        let choose = |text: &str| self.choices.iter().find(|(_, pattern)| means(pattern, text)).map(|(v, _)| v.clone());
        match found {
            // A value that is none of the choices is what the person wrote all the same.
            Some(found) => Some(choose(&found).unwrap_or(found)),
            None => choose(text),
        }
    }
}

/// The group `value`, else the first group, else the whole match.
fn value(captures: &Captures<'_>) -> Option<String> {
    let found = captures.name("value").or_else(|| captures.get(1)).or_else(|| captures.get(0))?;
    let text = cut(found.as_str().trim(), VALUE_CHARS);
    (!text.is_empty()).then(|| text.to_owned())
}

/// Patterns by their text: many intents ask for a host in the same words.
#[derive(Default)]
struct Patterns(HashMap<String, Arc<Pattern>>);

impl Patterns {
    fn compile(&mut self, source: &str, place: &impl Fn() -> String) -> Result<Arc<Pattern>, BuildError> {
        if let Some(known) = self.0.get(source) {
            return Ok(known.clone());
        }
        let pattern = Pattern::new(source, true).map_err(|source| BuildError::Pattern { place: place(), source })?;
        let pattern = Arc::new(pattern);
        self.0.insert(source.to_owned(), pattern.clone());
        Ok(pattern)
    }
}
