//! What people say of decisions, and what is learnt from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::labelled::Said;
use super::words::{Language, words};
use super::{InboxId, Timestamp};

words! {
    /// How somebody said it.
    FeedbackSource {
        /// In words: "that solved it", "that did not help".
        Requester = "requester",
        /// With a button under the answer.
        Button = "button",
        /// By coming back after an answer.
        Reopened = "reopened",
        /// An agent put it right, or confirmed it.
        Agent = "agent",
    }
}

words! {
    /// Which part of a decision is judged.
    Aspect {
        /// The article that answered or was suggested.
        Article = "article",
        /// The request type.
        Intent = "intent",
        /// The queue.
        Queue = "queue",
        /// The priority.
        Priority = "priority",
        /// How content the requester is: 1 to 5 in [`Feedback::given`].
        Satisfaction = "satisfaction",
    }
}

words! {
    /// Whether it was right.
    Outcome {
        /// As it should be.
        Right = "right",
        /// Not what was meant.
        Wrong = "wrong",
    }
}

/// One person's judgement of one part of one decision. A later one of the same person takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The message whose decision is judged; for a ticket the message that opened it.
    pub about: InboxId,
    /// Which part of it.
    pub aspect: Aspect,
    /// Who judges, from [`voter`] or [`agent`].
    pub actor: String,
    /// How it was said.
    pub source: FeedbackSource,
    /// Whether it was right.
    pub outcome: Outcome,
    /// What the desk had chosen: an article, a request type, a queue, a priority; `None` for nothing.
    pub given: Option<String>,
    /// What would have been right, when somebody said so; [`NONE`] for "none of them".
    pub wanted: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Stands for "none of them" in [`Feedback::wanted`] and in golden cases.
pub const NONE: &str = "none";

/// A requester as [`Feedback::actor`] names them: told apart from others, not readable.
#[must_use]
pub fn voter(address: &str) -> String {
    format!("voter:{}", hex::encode(&Sha256::digest(address.trim().to_lowercase())[..9]))
}

/// An agent as [`Feedback::actor`] names them.
#[must_use]
pub fn agent(name: &str) -> String {
    format!("agent:{name}")
}

/// Stored feedback with what is known of the decision it judges.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// What was said.
    pub feedback: Feedback,
    /// The decision's word: `answer`, `suggest` …; empty when it was erased.
    pub decision: String,
    /// The article's probability when it was decided, 0 to 1; `None` when no article was named.
    pub probability: Option<f64>,
}

/// A message of which people said what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taught {
    /// The message, which also tells two equal texts apart.
    pub inbox_id: InboxId,
    /// What was written, without mail addresses, telephone and card numbers; or what the model keeps of it.
    pub said: Said,
    /// Its language.
    pub language: Language,
    /// The request type, [`NONE`] for none of them; `None` when nobody said.
    pub intent: Option<String>,
    /// The article that answers it, [`NONE`] for none of them; `None` when nobody said.
    pub article: Option<String>,
    /// Who said so.
    pub source: FeedbackSource,
    /// How much it counts beside one agent's word, 0 to 1.
    pub weight: f32,
    /// When it was said last.
    pub at: Timestamp,
}

impl Taught {
    /// The text; `None` once it had to go.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.said {
            Said::Text(text) => Some(text),
            Said::Features(_) => None,
        }
    }
}

/// How many were right of those that people judged, with the range the true share is likely in (Wilson, 95 %).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Judged right.
    pub right: u32,
    /// Judged wrong.
    pub wrong: u32,
    /// Lower end, 0 to 1; 0 without a judgement.
    pub low: f64,
    /// Upper end, 0 to 1; 1 without a judgement.
    pub high: f64,
}

impl Measured {
    /// How many were judged.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.right.saturating_add(self.wrong)
    }

    /// The share that was right; `None` without a judgement.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        (self.count() > 0).then(|| f64::from(self.right) / f64::from(self.count()))
    }
}

/// From which probability on an article is sent without a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// 0 to 1; above 1 nothing is sent.
    pub threshold: f64,
    /// What it was set from.
    pub measured: Measured,
}

/// What the desk's own feedback says of its answers. Part of the catalog: decisions depend on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Names the model and everything it was taught with; empty for what ships.
    pub version: String,
    /// The share of right answers the thresholds were set for; 0 for what ships.
    pub wanted: f64,
    /// All answers; `None` while nobody judged one.
    pub overall: Option<Bar>,
    /// By article id, those that people judged.
    pub articles: BTreeMap<String, Bar>,
}

impl Policy {
    /// The threshold for `article` where `shipped` is the one of the settings: that of all articles, or the article's own
    /// when it had to become stricter.
    #[must_use]
    pub fn threshold(&self, article: &str, shipped: f64) -> f64 {
        let overall = self.overall.as_ref().map_or(shipped, |bar| bar.threshold);
        let own = self.articles.get(article).map(|bar| bar.threshold).filter(|own| *own > shipped);
        own.map_or(overall, |own| own.max(overall))
    }
}

/// What the desk has learnt: the thresholds, and the messages the classifier is taught with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Counted from 1; 0 for what ships.
    pub model: i64,
    /// Thresholds and measures.
    pub policy: Policy,
    /// By inbox row.
    pub examples: Vec<Taught>,
}

impl Learned {
    /// With [`Policy::version`] set: a hash over everything in here, empty for what ships.
    #[must_use]
    pub fn named(mut self) -> Self {
        self.policy.version = String::new();
        if self.model > 0 {
            // Floating-point numbers are written so that they read back the same.
            self.policy.version = hex::encode(&Sha256::digest(format!("{self:?}"))[..8]);
        }
        self
    }
}

/// A case the desk must get right, from `golden.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Golden {
    /// What a person writes.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// What must come out.
    pub wanted: Wanted,
    /// Getting it wrong keeps a new model out.
    pub important: bool,
}

/// What must come out of a golden case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This article first.
    Article(String),
    /// This request type.
    Intent(String),
    /// No article is sent.
    Nothing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_is_the_same_under_any_spelling_and_not_readable() {
        assert_eq!(voter("Sato@example.jp "), voter("sato@example.jp"));
        assert_ne!(voter("sato@example.jp"), voter("saito@example.jp"));
        assert!(!voter("sato@example.jp").contains("sato"));
    }

    #[test]
    fn an_article_that_had_to_become_stricter_has_a_threshold_of_its_own() {
        let bar = |threshold| Bar { threshold, measured: Measured::default() };
        let mut policy = Policy::default();
        assert!((policy.threshold("a", 0.95) - 0.95).abs() < 1e-12);
        policy.overall = Some(bar(0.9));
        policy.articles.insert("a".into(), bar(0.97));
        policy.articles.insert("b".into(), bar(0.95));
        for (article, wanted) in [("a", 0.97), ("b", 0.9), ("c", 0.9)] {
            assert!((policy.threshold(article, 0.95) - wanted).abs() < 1e-12, "{article}");
        }
    }
}
