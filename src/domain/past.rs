//! A decision as it was made: what it depended on beside the text and the catalog, so that it can be made again.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::catalog::Due;
use super::chat::{Act, Place};
use super::classification::Classification;
use super::context::Known;
use super::decision::{Decided, Fate};
use super::feedback::{Aspect, Outcome};
use super::message::{Address, Automatic, Bounce, Message};
use super::words::Language;
use super::{TicketId, Timestamp};

/// Header fields that are kept with every decision, so that a rule about them can be tried on past messages.
const USUAL_HEADERS: [&str; 5] = ["importance", "priority", "x-priority", "list-id", "x-mailer"];

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a decision saw that is stored nowhere else. What is as usual is left out of its stored form.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The time it was made with.
    pub at: Timestamp,
    /// What the store knew.
    #[serde(skip_serializing_if = "is_default")]
    pub known: Known,
    /// It was a copy. (A copy of an erased message cannot be told from none in the stored form of [`Known`].)
    #[serde(skip_serializing_if = "is_default")]
    pub copy: bool,
    /// The language of a message that was not kept: a copy's.
    #[serde(skip_serializing_if = "is_default")]
    pub language: Option<Language>,
    /// The parts of the message that are not kept with it.
    pub envelope: Envelope,
    /// When the promises fell due.
    #[serde(skip_serializing_if = "is_default")]
    pub due: Due,
    /// See [`digest`].
    pub digest: String,
}

/// The parts of a [`Message`] that are not kept in the stored message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are those of Message, under the same names")]
pub struct Envelope {
    #[serde(skip_serializing_if = "is_default")]
    pub references: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub tokens: Vec<TicketId>,
    #[serde(skip_serializing_if = "is_default")]
    pub place: Option<Place>,
    #[serde(skip_serializing_if = "is_default")]
    pub act: Option<Act>,
    #[serde(skip_serializing_if = "is_default")]
    pub verified_mail: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub reply_to: Option<Address>,
    #[serde(skip_serializing_if = "is_default")]
    pub to: Vec<Address>,
    #[serde(skip_serializing_if = "is_default")]
    pub cc: Vec<Address>,
    #[serde(skip_serializing_if = "is_default")]
    pub headers: Vec<(String, String)>,
    #[serde(skip_serializing_if = "is_default")]
    pub automatic: Option<Automatic>,
    #[serde(skip_serializing_if = "is_default")]
    pub no_auto_answer: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub bounce: Option<Bounce>,
    #[serde(skip_serializing_if = "is_default")]
    pub spam: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub sent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "is_default")]
    pub faults: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub warnings: Vec<String>,
}

impl Envelope {
    /// The envelope of `message`, with those of its header fields that `is_read` names by their lower-case names, and a few that
    /// rules are likely to be written about later.
    #[must_use]
    pub fn of(message: &Message, is_read: impl Fn(&str) -> bool) -> Self {
        let headers =
            message.headers.iter().filter(|(name, _)| is_read(name) || USUAL_HEADERS.contains(&name.as_str()));
        Self {
            references: message.references.clone(),
            tokens: message.tokens.clone(),
            place: message.place.clone(),
            act: message.act.clone(),
            verified_mail: message.verified_mail.clone(),
            reply_to: message.reply_to.clone(),
            to: message.to.clone(),
            cc: message.cc.clone(),
            headers: headers.cloned().collect(),
            automatic: message.automatic,
            no_auto_answer: message.no_auto_answer.clone(),
            bounce: message.bounce.clone(),
            spam: message.spam,
            sent_at: message.sent_at,
            faults: message.faults.clone(),
            warnings: message.warnings.clone(),
        }
    }
}

impl Seen {
    /// What the store knew, as the decision saw it.
    #[must_use]
    pub fn known(&self) -> Known {
        let mut known = self.known.clone();
        if self.copy && known.duplicate.is_none() {
            known.duplicate = Some(None);
        }
        known
    }
}

/// Equal for two decisions that are the same bit for bit and rest on the same candidates: 16 hex digits.
#[must_use]
pub fn digest(decided: &Decided, classification: &Classification) -> String {
    let mut hash = Sha256::new();
    // It has serialisable fields only, so this cannot fail; an empty part never equals a written one.
    hash.update(serde_json::to_vec(decided).unwrap_or_default());
    hash.update(classification.language.as_str());
    for rule in &classification.rules {
        hash.update(&rule.rule);
        hash.update(b"\n");
    }
    for candidate in &classification.intents {
        hash.update(&candidate.intent);
        hash.update(candidate.probability.to_bits().to_le_bytes());
    }
    for candidate in &classification.articles {
        hash.update(&candidate.article);
        hash.update(candidate.probability.to_bits().to_le_bytes());
        hash.update(candidate.score.to_bits().to_le_bytes());
    }
    hex::encode(&hash.finalize()[..8])
}

/// A message that was decided, with everything needed to decide it again.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// The message as it was read.
    pub message: Message,
    /// What the decision saw beside it.
    pub seen: Seen,
    /// What was decided.
    pub decided: Decided,
    /// How it ended.
    pub fate: Fate,
    /// What people said of it since.
    pub judged: Vec<Judgement>,
}

/// What people said of one part of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Which part.
    pub aspect: Aspect,
    /// Whether it was right.
    pub outcome: Outcome,
    /// What the desk had chosen.
    pub given: Option<String>,
    /// What would have been right.
    pub wanted: Option<String>,
}
