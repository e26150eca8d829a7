//! What the intent model learns from: the examples of the catalog and what people labelled, each thing once.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{Intent, Labelled, Said};
use crate::text::{courtesy, normalise};

use super::features::{self, Counted, count_first, from_bytes};

/// A training text.
pub(super) struct Example {
    pub(super) counted: Counted,
    /// The intent by its place in the catalog; one past the last for a text of none of them.
    pub(super) class: usize,
    /// 1 for an example of the catalog.
    pub(super) weight: f32,
    /// It stands in the catalog.
    pub(super) trusted: bool,
}

/// Labels of one person for one intent within this time are one burst.
const BURST_MS: i64 = 3_600_000;

/// Nobody's label weighs more than this many examples of the catalog.
const HEAVIEST: f32 = 4.0;

/// The first `chars` characters of the examples of `intents` and of the texts of `extra` whose intent is among them. The
/// same text counts once for an intent; a person's burst of labels for one intent weighs as much as its heaviest label; of a text with several
/// intents the one with most weight behind it is learnt, and none when they are equally strong.
pub(super) fn gather(intents: &[Intent], extra: &[Labelled], chars: usize) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    for (class, intent) in intents.iter().enumerate() {
        for (_, text) in &intent.examples {
            examples.push(Example { counted: counted_first(text, chars), class, weight: 1.0, trusted: true });
        }
    }
    let places: HashMap<&str, usize> =
        intents.iter().enumerate().map(|(class, intent)| (intent.id.as_str(), class)).collect();
    let known = |label: &Labelled| match &label.intent {
        None => Some(intents.len()),
        Some(id) => places.get(id.as_str()).copied(),
    };
    let mut bursts: BTreeMap<(&str, usize, i64), f32> = BTreeMap::new();
    let labels: Vec<(&Labelled, usize, f32)> = extra
        .iter()
        .filter(|label| label.weight.is_finite() && label.weight > 0.0)
        .filter_map(|label| Some((label, known(label)?, label.weight.min(HEAVIEST))))
        .collect();
    for (label, class, _) in &labels {
        if let Some(key) = burst(label, *class) {
            *bursts.entry(key).or_default() += 1.0;
        }
    }
    for (label, class, weight) in labels {
        let counted = match &label.said {
            Said::Text(text) => Some(counted_first(text, chars)),
            Said::Features(bytes) => from_bytes(bytes),
        };
        let share = burst(label, class).and_then(|key| bursts.get(&key)).copied().unwrap_or(1.0);
        examples.extend(counted.map(|counted| Example { counted, class, weight: weight / share, trusted: false }));
    }
    settle(examples)
}

/// Which burst a label belongs to.
fn burst(label: &Labelled, class: usize) -> Option<(&str, usize, i64)> {
    label.by.as_deref().map(|by| (by, class, label.at.0.div_euclid(BURST_MS)))
}

/// Where a text stands first, and for each class its heaviest label, the sum of all, and
/// whether the catalog has it.
type Behind = (usize, BTreeMap<usize, (f32, f32, bool)>);

/// One example for each different text.
fn settle(examples: Vec<Example>) -> Vec<Example> {
    let mut texts: HashMap<Counted, Behind> = HashMap::with_capacity(examples.len());
    for (place, example) in examples.into_iter().filter(|example| !example.counted.is_empty()).enumerate() {
        let (_, behind) = texts.entry(example.counted).or_insert_with(|| (place, BTreeMap::new()));
        let (heaviest, sum, trusted) = behind.entry(example.class).or_default();
        *heaviest = heaviest.max(example.weight);
        *sum += example.weight;
        *trusted |= example.trusted;
    }
    let mut settled: Vec<(usize, Example)> = Vec::with_capacity(texts.len());
    for (counted, (place, behind)) in texts {
        let most = behind.values().map(|(_, sum, _)| *sum).fold(0.0_f32, f32::max);
        let mut strongest = behind.iter().filter(|(_, (_, sum, _))| *sum >= most);
        if let (Some((class, (weight, _, trusted))), None) = (strongest.next(), strongest.next()) {
            settled.push((place, Example { counted, class: *class, weight: *weight, trusted: *trusted }));
        }
    }
    settled.sort_unstable_by_key(|(place, _)| *place);
    settled.into_iter().map(|(_, example)| example).collect()
}

/// The features of a text as written.
pub(super) fn counted(text: &str) -> Counted {
    counted_first(text, features::READ_CHARS)
}

/// As [`counted`] of the first `chars` characters that are not courtesy.
fn counted_first(text: &str, chars: usize) -> Counted {
    let text = normalise(text);
    count_first(&courtesy::strip(&text), chars)
}
