//! What the classifier found in a message: candidates with scores. It says nothing of what to do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rulebook::Matched;
use super::words::{Language, words};

words! {
    /// What a person plainly asks of the desk itself, whatever the subject matter.
    Wish {
        /// "Let me talk to a person."
        Person = "person",
        /// "Thank you", and nothing more.
        Thanks = "thanks",
        /// "That solved it."
        Solved = "solved",
        /// "That did not help."
        NotSolved = "not_solved",
        /// "How is my ticket doing?"
        Status = "status",
        /// Sooner than standard.
        High = "high",
        /// No date, "thinking about it".
        Low = "low",
        /// Anger or a complaint about the service: goes to a separate window, never answered by the machine.
        Complaint = "complaint",
        /// Words of a security incident: defacement, leak, ransomware.
        Security = "security",
    }
}

/// A rule that matched, and the words it matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// The rule's id.
    pub rule: String,
    /// The intent it belongs to.
    pub intent: String,
    /// The rule alone decides the intent.
    pub certain: bool,
    /// The matched words, at most 80 characters.
    pub matched: String,
}

/// A request type that may be meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentCandidate {
    /// The intent's id.
    pub intent: String,
    /// 0 to 1, calibrated.
    pub probability: f64,
}

/// An article that may answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArticleCandidate {
    /// The article's id.
    pub article: String,
    /// The language of the article's text.
    pub language: Language,
    /// Probability that it answers the question: 0 to 1, calibrated.
    pub probability: f64,
    /// The search score before calibration.
    pub score: f64,
    /// Each feature's name and share, for `--explain`.
    pub features: Vec<(String, f64)>,
}

/// Everything the classifier found. Lists are best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The language of the newly written text.
    pub language: Language,
    /// Rules that matched, in catalog order.
    pub rules: Vec<RuleHit>,
    /// At most five.
    pub intents: Vec<IntentCandidate>,
    /// At most five, public articles only.
    pub articles: Vec<ArticleCandidate>,
    /// Values found for the slots of the known or the best intent: slot name → value.
    pub slots: BTreeMap<String, String>,
    /// Each at most once.
    pub wishes: Vec<Wish>,
    /// Words, files and header fields that conditions of desk rules matched, in the rules' order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<Matched>,
    /// Details as request types that desk rules may choose would read them: type → slot name → value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rule_slots: BTreeMap<String, BTreeMap<String, String>>,
}

impl Classification {
    /// Of a message that nobody read.
    #[must_use]
    pub const fn nothing(language: Language) -> Self {
        Self {
            language,
            rules: Vec::new(),
            intents: Vec::new(),
            articles: Vec::new(),
            slots: BTreeMap::new(),
            wishes: Vec::new(),
            matched: Vec::new(),
            rule_slots: BTreeMap::new(),
        }
    }

    /// Whether the person plainly asks for `wish`.
    #[must_use]
    pub fn has(&self, wish: Wish) -> bool {
        self.wishes.contains(&wish)
    }
}
