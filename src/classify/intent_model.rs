//! The intent model by itself, without rules, articles and details: what `eval intents` measures. It is trained and
//! asked exactly as the engine does it.

use crate::domain::{Intent, Labelled};
use crate::text::{courtesy, cut, normalise};

use super::intents::Intents;
use super::{READ_CHARS, features};

/// A trained intent model.
pub struct IntentModel {
    intents: Intents,
}

/// What the model says of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess<'m> {
    /// The likeliest intent's id.
    pub intent: &'m str,
    /// Probability that it is right, 0 to 1, calibrated; low for a text of no intent.
    pub probability: f64,
}

impl IntentModel {
    /// Trains on the intents' examples and on labelled texts, as [`super::Engine::taught`] does.
    #[must_use]
    pub fn train(intents: &[Intent], extra: &[Labelled]) -> Self {
        Self { intents: Intents::train(intents, extra) }
    }

    /// The likeliest intent of a text as written; `None` when there are no intents.
    #[must_use]
    pub fn guess(&self, text: &str) -> Option<Guess<'_>> {
        let text = normalise(cut(text.trim(), READ_CHARS));
        let reading = self.intents.read(&courtesy::strip(&text));
        self.intents.first(&reading).map(|(intent, probability)| Guess { intent, probability })
    }

    /// The probability below which at most a few in a thousand of the rightly named texts lie: measured by
    /// cross-validation on what the model was trained on.
    #[must_use]
    pub const fn abstain_below(&self) -> f64 {
        self.intents.abstain_below()
    }
}

/// What the model keeps of a text when the text itself must go, for [`crate::domain::Said::Features`]: hashed features,
/// out of which the words cannot be read. `subject` may be empty.
#[must_use]
pub fn features_of(subject: &str, text: &str) -> Vec<u8> {
    let joined = if subject.is_empty() { text.to_owned() } else { format!("{subject}\n{text}") };
    features::to_bytes(&super::examples::counted(cut(joined.trim(), READ_CHARS)))
}
