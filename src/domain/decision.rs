//! Decisions as data: what is to be done, why, and everything it changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outbound::Outbound;
use super::priority::Priority;
use super::ticket::{StoredMessage, Ticket, TicketEvent};
use super::words::{Language, words};
use super::{InboxId, OutboxId, TicketId, Timestamp};

words! {
    /// Why a message opened nothing.
    IgnoreReason {
        /// A copy of a message that is there already.
        Duplicate = "duplicate",
        /// Out of office and the like.
        AutoReply = "auto_reply",
        /// A bounce.
        Bounce = "bounce",
        /// An abuse report.
        Feedback = "feedback",
        /// A read receipt.
        Receipt = "receipt",
        /// Our own mail coming back.
        Own = "own",
        /// Mailing list or bulk mail.
        List = "list",
        /// Marked as spam in front of the desk.
        Spam = "spam",
        /// A machine's notice that no rule files.
        Notification = "notification",
        /// It went round in circles (RFC 5321 §6.3).
        Loop = "loop",
        /// Nothing in it: no subject, no text, no file.
        Empty = "empty",
        /// Said in the agents' room, and not about a ticket.
        Triage = "triage",
        /// Asked how their tickets stand; told so at once.
        StatusList = "status_list",
        /// A setting of the person: language, identities. Done at once.
        Setting = "setting",
        /// Thanks and the like, about nothing in particular.
        Courtesy = "courtesy",
        /// There is nothing to do it to, or it is not theirs to do.
        NothingToDo = "nothing_to_do",
        /// A desk rule says so.
        Rule = "rule",
        /// An alert recovered, and no ticket is open for it.
        Recovered = "recovered",
        /// An alert below what its source files.
        Minor = "minor",
    }
}

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Nothing is opened, and nothing is sent but a direct answer to a command.
    Ignore {
        /// Why.
        reason: IgnoreReason,
    },
    /// It belongs to a ticket that is there.
    FollowUp {
        /// Which one.
        ticket: TicketId,
        /// The ticket comes back to the people.
        reopen: bool,
    },
    /// An article answers it.
    Answer {
        /// Which one.
        article: String,
        /// How sure.
        probability: f64,
    },
    /// Some articles may answer it; people look at it as well.
    Suggest {
        /// Best first, at most three.
        articles: Vec<String>,
    },
    /// Details are missing.
    Ask {
        /// The request type.
        intent: String,
        /// Slots to ask for.
        missing: Vec<String>,
    },
    /// It goes to a queue.
    File,
    /// It goes to the second line at once.
    Escalate {
        /// Why, in words.
        reason: String,
    },
}

impl Decision {
    /// The word used in JSON and tables.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ignore { .. } => "ignore",
            Self::FollowUp { .. } => "follow_up",
            Self::Answer { .. } => "answer",
            Self::Suggest { .. } => "suggest",
            Self::Ask { .. } => "ask",
            Self::File => "file",
            Self::Escalate { .. } => "escalate",
        }
    }
}

/// One step on the way to a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which check: `guard.duplicate`, `answer.threshold`.
    pub check: String,
    /// Whether it settled the matter.
    pub decided: bool,
    /// In words, with the figures it compared.
    pub because: String,
}

/// A decision with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    /// What is to be done.
    pub decision: Decision,
    /// The request type, when one was found.
    pub intent: Option<String>,
    /// How sure of it, 0 to 1.
    pub intent_probability: f64,
    /// The queue for what goes to people.
    pub queue: String,
    /// How soon.
    pub priority: Priority,
    /// Details found.
    pub slots: BTreeMap<String, String>,
    /// Details missing.
    pub missing: Vec<String>,
    /// The ticket gets these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Desk rules that held and took effect, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ruled: Vec<super::Ruled>,
    /// How it came about, in order.
    pub trace: Vec<Step>,
}

words! {
    /// What became of a received message.
    Fate {
        /// Not decided yet.
        Pending = "pending",
        /// It opened a ticket.
        Filed = "filed",
        /// It joined a ticket that was there.
        Joined = "joined",
        /// A copy.
        Duplicate = "duplicate",
        /// Nothing was opened, for a stated reason.
        Ignored = "ignored",
        /// It could not be handled; kept and shown.
        Buried = "buried",
    }
}

/// Everything one message, or one person's action, changes. Written in one transaction, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// The message behind it, and what became of it.
    pub settled: Option<Settled>,
    /// The ticket's new state. `version` is the version it was made from: 0 inserts; otherwise the stored row must still have it.
    pub tickets: Vec<Ticket>,
    /// History lines.
    pub events: Vec<TicketEvent>,
    /// The message as the ticket keeps it.
    pub message: Option<StoredMessage>,
    /// Message-IDs and chat ids that lead to a ticket from now on. A key that leads somewhere already stays as it is.
    pub thread_keys: Vec<ThreadKey>,
    /// What is to be sent.
    pub outbound: Vec<Outbound>,
    /// Outgoing messages marked as not delivered by a bounce.
    pub bounced: Vec<OutboxId>,
    /// What people said of decisions.
    #[serde(default)]
    pub feedback: Vec<super::Feedback>,
    /// Escalation rules that fired. One that has fired already refuses the whole change.
    #[serde(default)]
    pub fired: Vec<super::promise::Firing>,
    /// Matters put on the list of problems; one that is on it already stays as it is.
    #[serde(default)]
    pub problems: Vec<super::promise::Problem>,
    /// Agents who got a ticket in turn.
    #[serde(default)]
    pub turns: Vec<super::Turn>,
    /// What is remembered of alerts. Another version than the one named refuses the whole change.
    #[serde(default)]
    pub alerts: Vec<super::AlertChange>,
    /// The count an automatic message of `outbound` was allowed by: refused when more are written by then.
    pub send_count: Option<SendCount>,
    /// What is learnt about who somebody is.
    pub people: Vec<PersonChange>,
    /// Messages whose text their writers changed or took back.
    pub edits: Vec<Edit>,
    /// Messages that go over to another ticket.
    #[serde(default)]
    pub moved: Vec<Moved>,
}

/// What is learnt about who somebody is. Addresses are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "learnt", rename_all = "snake_case")]
pub enum PersonChange {
    /// Somebody wrote from this address. Known already, nothing changes.
    Met {
        /// Whose number becomes the person's when the address is new.
        inbox_id: InboxId,
        /// The address.
        address: String,
    },
    /// These addresses are one person's: their people become the one met first.
    Same {
        /// Whose number becomes the person's when none of the addresses is known.
        inbox_id: InboxId,
        /// At least two.
        addresses: Vec<String>,
        /// How it is known: `verified_mail`, `code`.
        proof: String,
    },
    /// They want this language, or follow the message again. The address is known, or met in the same changes.
    Speaks {
        /// One of their addresses.
        address: String,
        /// The language.
        language: Option<Language>,
    },
    /// They asked for a linking code; earlier ones of theirs end.
    Code {
        /// Who asked.
        address: String,
        /// Digest of the code.
        code: String,
        /// Not taken after this.
        expires_at: Timestamp,
    },
    /// They typed a linking code. Refused when more were typed than the decision knew of.
    Tried {
        /// Who typed it.
        address: String,
        /// Their how-manieth, counted from 1.
        nth: u32,
    },
    /// A linking code was used up. Refused when it was before.
    Used {
        /// Digest of the code.
        code: String,
    },
}

/// A message that goes over to another ticket, with what leads to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The message's row.
    pub inbox_id: InboxId,
    /// Where it belongs from now on.
    pub ticket: TicketId,
    /// Message-IDs and chat ids that lead there from now on.
    pub keys: Vec<String>,
}

/// A changed text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The message's row.
    pub inbox_id: InboxId,
    /// Its whole text now.
    pub text: String,
    /// What is newly written in it now.
    pub reply_text: String,
}

/// How many automatic messages to one address a decision knew of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendCount {
    /// Lower case.
    pub address: String,
    /// Within 24 hours, those decided earlier in the same batch included.
    pub known: u32,
}

/// How an inbox row ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// The row.
    pub inbox_id: InboxId,
    /// What became of it.
    pub fate: Fate,
    /// Why, for `ignored` and `buried`; `burst` for a message read together with the one before it; empty otherwise.
    pub reason: String,
    /// The ticket it opened or joined, or that the original of a duplicate belongs to.
    pub ticket: Option<TicketId>,
    /// The article that was sent.
    pub article: Option<String>,
    /// The catalog it was decided with.
    pub catalog_version: String,
    /// The decision and its trace; `None` for rows buried before one was made.
    pub decided: Option<Decided>,
    /// The classifier's candidates, for replay and explanation.
    pub classification: Option<super::Classification>,
    /// What else the decision saw, for replay; `None` for rows decided before it was kept.
    #[serde(default)]
    pub seen: Option<Box<super::Seen>>,
}

/// A name under which later messages find a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ThreadKey {
    /// A Message-ID without angle brackets, or a chat message's id.
    pub key: String,
    /// Where it leads.
    pub ticket: TicketId,
}
