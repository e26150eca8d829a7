//! What a message may be about: rules that match, request types, articles, details, plain wishes. Scores and
//! probabilities only; what to do with them is decided elsewhere. Pure: no I/O, no clock, no randomness.
//!
//! A message goes through: normalise → wishes and rules (pattern sets) → intents (linear model, then calibrated) →
//! slots of the intent → articles (index → likeness → calibrated probability).

mod answers;
mod calibrate;
mod doubt;
mod examples;
mod faq;
mod features;
mod intent_model;
mod intents;
mod linear;
mod logistic;
mod machine;
mod nearest;
mod off_topic;
mod question;
mod rank;
mod request;
mod rules;
mod search;
mod slots;
mod terms;
mod unknown;
mod wishes;

#[cfg(test)]
mod label_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;

use crate::domain::{Catalog, Classification, Labelled, Language, Message};
use crate::text::synonyms::Synonyms;
use crate::text::{courtesy, cut, fold, normalise};

pub use intent_model::{Guess, IntentModel, features_of};

use answers::{About, answers};
use calibrate::Calibration;
use faq::Faq;
use intents::Intents;
use rules::Rules;
use slots::Slots;
use wishes::Wishes;

/// Characters of the newly written text that are classified.
const READ_CHARS: usize = 2_000;

/// Why an engine cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A pattern of the catalog is not a regular expression, or they are too large together.
    #[error("cannot compile {place}")]
    Pattern {
        /// Which pattern: ``rule `restore-words` ``.
        place: String,
        /// What is wrong with it.
        source: regex::Error,
    },
    /// The article index could not be built.
    #[error("cannot index the articles")]
    Index(#[from] tantivy::TantivyError),
}

/// Details are looked for only when the request type is at least this probable.
const WORTH_READING: f64 = 0.2;

/// A classifier for one catalog. Immutable: a changed catalog gets a new engine. `Send` and `Sync`.
pub struct Engine {
    language: Language,
    wishes: Wishes,
    rules: Rules,
    slots: Slots,
    intents: Intents,
    faq: Faq,
    calibration: Calibration,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("articles", &self.faq.entries.len()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Compiles the patterns, trains the intents, indexes the articles and calibrates both. The same catalog always
    /// gives the same engine.
    ///
    /// # Errors
    /// When a pattern does not compile, which a catalog that was checked rules out.
    pub fn build(catalog: &Catalog) -> Result<Self, BuildError> {
        Self::build_with(catalog, &[])
    }

    /// As [`Engine::build`], with texts people labelled beside the intents' own examples: corrections are learnt. Labels
    /// of intents that the catalog does not have are ignored.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn build_with(catalog: &Catalog, labelled: &[Labelled]) -> Result<Self, BuildError> {
        let mut faq = Faq::build(&catalog.articles, Synonyms::new(&catalog.synonyms))?;
        let intents = Intents::train(&catalog.intents, labelled);
        faq.type_questions(|text| intents.likeliest(text));
        let calibration = Calibration::fit(&faq, &catalog.intents, &intents);
        Ok(Self {
            language: catalog.desk.language,
            wishes: Wishes::build()?,
            rules: Rules::build(&catalog.intents)?,
            slots: Slots::build(&catalog.intents)?,
            intents,
            faq,
            calibration,
        })
    }

    /// What `message` may be about. `known_intent` is the type its ticket has already: details are then read for it.
    #[must_use]
    pub fn classify(&self, message: &Message, known_intent: Option<&str>) -> Classification {
        let language = wishes::language_of(&message.reply_text, message.language);
        self.read(&message.subject, &message.reply_text, language, known_intent)
    }

    /// As [`Engine::classify`] for a subject (may be empty) and a text; `language` `None` means: find out.
    #[must_use]
    pub fn classify_text(&self, subject: &str, text: &str, language: Option<Language>) -> Classification {
        let language = language.unwrap_or_else(|| {
            let whole = if subject.is_empty() { text.to_owned() } else { format!("{subject}\n{text}") };
            wishes::language_of(&whole, self.language)
        });
        self.read(subject, text, language, None)
    }

    fn read(&self, subject: &str, reply: &str, language: Language, known_intent: Option<&str>) -> Classification {
        let subject = cut(subject.trim(), READ_CHARS);
        let reply = cut(reply.trim(), READ_CHARS);
        // Chat has no subject: rules that are anchored to the beginning then see the text itself.
        let joined =
            |subject: String, reply: &str| if subject.is_empty() { reply.to_owned() } else { subject + "\n" + reply };
        let folded = joined(fold(subject), &fold(reply));
        let reply = normalise(reply);
        let text = joined(normalise(subject), &reply);
        let wishes = self.wishes.find(&text, &reply);
        let rules = self.rules.hits(&text);
        let stripped = courtesy::strip(&text);
        let reading = self.intents.read(&stripped);
        let intents = self.intents.candidates(&reading, &rules);
        let likely =
            || intents.first().filter(|best| best.probability >= WORTH_READING).map(|best| best.intent.as_str());
        let intent = known_intent.or_else(likely);
        let slots = intent.map(|intent| self.slots.find(intent, &folded)).unwrap_or_default();
        let about = About { language, class: Intents::likeliest_of(&reading) };
        let articles = answers(&self.faq, &self.calibration, &stripped, &about);
        Classification { language, rules, intents, articles, slots, wishes }
    }
}
