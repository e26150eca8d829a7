//! What a message may be about: rules that match, request types, articles, details, plain wishes. Scores and
//! probabilities only; what to do with them is decided elsewhere. Pure: no I/O, no clock, no randomness.
//!
//! A message goes through: normalise → wishes and rules (pattern sets) → intents (linear model, then calibrated) →
//! slots of the intent → articles (index → likeness → calibrated probability).

mod answers;
mod calibrate;
mod doubt;
mod entry;
mod examples;
mod faq;
mod features;
mod fitted;
mod handing_over;
mod intent_model;
mod intents;
mod letters;
pub mod likeness;
mod linear;
mod logistic;
mod machine;
mod nearest;
mod off_topic;
mod order;
pub mod precision;
mod question;
mod rank;
mod request;
mod rules;
mod search;
mod sheet;
mod slots;
mod tally;
mod terms;
mod unknown;
mod wishes;

#[cfg(test)]
mod history_tests;
#[cfg(test)]
mod label_tests;
#[cfg(test)]
mod shipped_tests;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{ArticleCandidate, Catalog, Classification, Confirmed, Labelled, Language, Message, Rulebook};
use crate::rulebook::Patterns;
use crate::text::lemmas::Lemmas;
use crate::text::synonyms::Synonyms;
use crate::text::{courtesy, cut, fold, normalise};

pub use intent_model::{Guess, IntentModel, features_of};

use answers::{About, Knowledge, Wanted, answers};
pub use calibrate::Doubt;
use faq::Faq;
use fitted::Fitted;
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
    /// A pattern of a desk rule is not a regular expression.
    #[error("cannot compile desk rule `{rule}`")]
    Rule {
        /// Which rule.
        rule: String,
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
    desk: Patterns,
    /// Desk rules that choose a request type, with it.
    chosen: Vec<(String, String)>,
    faq: Faq,
    fitted: Fitted,
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
        Self::taught(catalog, &[], &[])
    }

    /// As [`Engine::build`], taught by what people asked and corrected. `history`, oldest first, becomes part of the articles
    /// it was answered with, and the order and the probabilities of articles are fitted on it; `labelled` texts stand beside
    /// the intents' own examples. What belongs to articles or intents that are gone is left out.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn taught(catalog: &Catalog, history: &[Confirmed], labelled: &[Labelled]) -> Result<Self, BuildError> {
        Self::taught_with(catalog, history, labelled, None)
    }

    /// As [`Engine::taught`], for a desk that may have a dictionary.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn taught_with(
        catalog: &Catalog,
        history: &[Confirmed],
        labelled: &[Labelled],
        lemmas: Option<&Arc<Lemmas>>,
    ) -> Result<Self, BuildError> {
        let mut faq = Faq::build(&catalog.articles, history, words(catalog, lemmas))?;
        let fitted = Fitted::fit(catalog, labelled, &mut faq);
        Self::of(catalog, faq, fitted)
    }

    /// The engine [`Engine::taught_with`] makes of the same arguments, without fitting it: `fitted` is what [`Engine::fitted`] of such
    /// an engine gave, in the same build of the program. `None` when it is of another catalog or history.
    ///
    /// # Errors
    /// As [`Engine::build`].
    pub fn recall(
        catalog: &Catalog,
        history: &[Confirmed],
        fitted: &[u8],
        lemmas: Option<&Arc<Lemmas>>,
    ) -> Result<Option<Self>, BuildError> {
        let mut faq = Faq::build(&catalog.articles, history, words(catalog, lemmas))?;
        let fitted = Fitted::recall(fitted, catalog, &mut faq);
        fitted.map(|fitted| Self::of(catalog, faq, fitted)).transpose()
    }

    /// The dictionary it was built with.
    #[must_use]
    pub const fn lemmas(&self) -> Option<&Arc<Lemmas>> {
        self.faq.words.lemmas.as_ref()
    }

    /// What was fitted, for [`Engine::recall`]: numbers and ids, nothing anybody wrote.
    #[must_use]
    pub fn fitted(&self) -> Vec<u8> {
        self.fitted.to_bytes()
    }

    fn of(catalog: &Catalog, faq: Faq, fitted: Fitted) -> Result<Self, BuildError> {
        Ok(Self {
            language: catalog.desk.language,
            wishes: Wishes::build()?,
            rules: Rules::build(&catalog.intents)?,
            slots: Slots::build(&catalog.intents)?,
            desk: Patterns::new(&catalog.rulebook)
                .map_err(|bad| BuildError::Rule { rule: bad.rule, source: bad.source })?,
            chosen: chosen(&catalog.rulebook),
            faq,
            fitted,
        })
    }

    /// What `message` may be about. `known_intent` is the type its ticket has already: details are then read for it.
    #[must_use]
    pub fn classify(&self, message: &Message, known_intent: Option<&str>) -> Classification {
        self.classify_if(message, known_intent, |_| true)
    }

    /// As [`Engine::classify`]; articles are looked for only when `wanted` says so of everything else: that is half of the work.
    #[must_use]
    pub fn classify_if(
        &self,
        message: &Message,
        known_intent: Option<&str>,
        wanted: impl FnOnce(&Classification) -> bool,
    ) -> Classification {
        let language = wishes::language_of(&message.reply_text, message.language);
        let words = Words::of(&message.subject, &message.reply_text);
        let (mut found, question) = self.read(&words, language, known_intent);
        if !self.desk.is_empty() {
            found.matched = self.desk.read(message, &words.subject, &words.text);
            let chosen = self.chosen.iter().filter(|(rule, _)| self.desk.may_hold(rule, &found.matched));
            found.rule_slots =
                chosen.map(|(_, intent)| (intent.clone(), self.slots.find(intent, &words.folded))).collect();
        }
        if wanted(&found) {
            found.articles = self.articles(&question.text, &question.about);
        }
        found
    }

    /// As [`Engine::classify`] for a subject (may be empty) and a text; `language` `None` means: find out.
    #[must_use]
    pub fn classify_text(&self, subject: &str, text: &str, language: Option<Language>) -> Classification {
        let language = language.unwrap_or_else(|| {
            let whole = if subject.is_empty() { text.to_owned() } else { format!("{subject}\n{text}") };
            wishes::language_of(&whole, self.language)
        });
        let words = Words::of(subject, text);
        let (mut found, question) = self.read(&words, language, None);
        found.articles = self.articles(&question.text, &question.about);
        found
    }

    /// At most `most` public articles for a question, best first, however unlikely they are; `language` `None` means: find
    /// out. The first ones are those of [`Engine::classify_text`].
    #[must_use]
    pub fn rank(&self, text: &str, language: Option<Language>, most: usize) -> Vec<ArticleCandidate> {
        let language = language.unwrap_or_else(|| wishes::language_of(text, self.language));
        let text = normalise(cut(text.trim(), READ_CHARS));
        let stripped = courtesy::strip(&text);
        let class = self.fitted.intents.likeliest(&stripped);
        self.articles(&stripped, &About { language, class, wanted: Wanted::Ranked(most) })
    }

    /// The lowest probability at which answers are right at least `precision` (0 to 1) of the time, by what people asked:
    /// each past question gets its probability without being known. `None` without enough past questions, or when that
    /// precision is out of reach.
    #[must_use]
    pub fn threshold(&self, precision: f64) -> Option<f64> {
        self.fitted.calibration.threshold(precision)
    }

    /// What [`Engine::threshold`] is read from: for every past question how probable its first article was, and whether
    /// that article was right; most probable first.
    #[must_use]
    pub fn past_answers(&self) -> &[(f64, bool)] {
        self.fitted.calibration.past()
    }

    /// Past questions that everything else speaks against. The engine does not use them for ranking; a person should look
    /// at them.
    #[must_use]
    pub fn doubts(&self) -> &[Doubt] {
        self.fitted.calibration.doubts()
    }

    /// The features the order of articles is made from, each with its weight.
    #[must_use]
    pub fn order_weights(&self) -> Vec<(&'static str, f64)> {
        order::NAMES.into_iter().zip(self.fitted.order.weights).collect()
    }

    fn articles(&self, stripped: &str, about: &About) -> Vec<ArticleCandidate> {
        let knowledge = Knowledge { faq: &self.faq, order: &self.fitted.order, calibration: &self.fitted.calibration };
        answers(knowledge, stripped, about)
    }

    /// Everything but the articles, and what they are looked for with.
    fn read<'t>(
        &self,
        words: &'t Words,
        language: Language,
        known_intent: Option<&str>,
    ) -> (Classification, Question<'t>) {
        let Words { folded, reply, text, .. } = words;
        let wishes = self.wishes.find(text, reply);
        let rules = self.rules.hits(text);
        let stripped = courtesy::strip(text);
        let reading = self.fitted.intents.read(&stripped);
        let intents = self.fitted.intents.candidates(&reading, &rules);
        let likely =
            || intents.first().filter(|best| best.probability >= WORTH_READING).map(|best| best.intent.as_str());
        let intent = known_intent.or_else(likely);
        let slots = intent.map(|intent| self.slots.find(intent, folded)).unwrap_or_default();
        let class = Intents::likeliest_of(&reading);
        let found = Classification {
            language,
            rules,
            intents,
            articles: Vec::new(),
            slots,
            wishes,
            matched: Vec::new(),
            rule_slots: BTreeMap::new(),
        };
        (found, Question { text: stripped, about: About { language, class, wanted: Wanted::Likely } })
    }
}

/// What articles are looked for with.
struct Question<'t> {
    /// Normalised, without greetings.
    text: Cow<'t, str>,
    about: About,
}

/// A message's words as the rules see them.
struct Words {
    /// The subject, normalised.
    subject: String,
    /// What was newly written, normalised.
    reply: String,
    /// Both: subject, newline, what was newly written.
    text: String,
    /// The same with the letters people wrote.
    folded: String,
}

impl Words {
    fn of(subject: &str, reply: &str) -> Self {
        let subject = cut(subject.trim(), READ_CHARS);
        let reply = cut(reply.trim(), READ_CHARS);
        // Chat has no subject: rules that are anchored to the beginning then see the text itself.
        let joined = |subject: &str, reply: &str| {
            if subject.is_empty() { reply.to_owned() } else { format!("{subject}\n{reply}") }
        };
        let folded = joined(&fold(subject), &fold(reply));
        let (subject, reply) = (normalise(subject), normalise(reply));
        Self { text: joined(&subject, &reply), subject, reply, folded }
    }
}

/// The desk rules that choose a request type, with it.
fn chosen(book: &Rulebook) -> Vec<(String, String)> {
    book.rules.iter().filter_map(|rule| Some((rule.id.clone(), rule.then.intent.clone()?))).collect()
}

fn words(catalog: &Catalog, lemmas: Option<&Arc<Lemmas>>) -> terms::Words {
    terms::Words { synonyms: Synonyms::new(&catalog.synonyms), lemmas: lemmas.cloned() }
}
