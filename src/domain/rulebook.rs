//! Desk rules: what a support lead writes about messages that open something, in the order in which they are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Timestamp;
use super::priority::Priority;
use super::words::{Bilingual, Channel, Language, words};

/// All desk rules and the names they use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rulebook {
    /// The file they stand in, as in [`super::Fault::file`]; empty when there is none.
    pub file: String,
    /// Whole customers under one name.
    pub customers: Vec<Customer>,
    /// In the order in which they are read.
    pub rules: Vec<DeskRule>,
}

impl Rulebook {
    /// The customer called `name`.
    #[must_use]
    pub fn customer(&self, name: &str) -> Option<&Customer> {
        self.customers.iter().find(|customer| customer.name == name)
    }

    /// The queues whose load some rule looks at, each once.
    #[must_use]
    pub fn watched_queues(&self) -> Vec<String> {
        let mut queues: Vec<String> =
            self.rules.iter().flat_map(|rule| &rule.when.loads).map(|load| load.queue.clone()).collect();
        queues.sort();
        queues.dedup();
        queues
    }

    /// The header fields some rule looks at, lower case.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| &rule.when.headers).map(|header| header.name.as_str())
    }
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// `acme`.
    pub name: String,
    /// Whole addresses, or domains with an `@` in front (their subdomains too); lower case.
    pub members: Vec<String>,
    /// Where it stands in the file.
    pub line: usize,
}

/// One rule: when all conditions hold, all actions are taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeskRule {
    /// Unique over all rules, those of request types included.
    pub id: String,
    /// Why it is there, in the lead's words; may be empty.
    pub note: String,
    /// Rules before it whose settings it changes on purpose.
    pub overrides: Vec<String>,
    /// What must hold.
    pub when: Conditions,
    /// What is done then.
    pub then: Actions,
    /// Messages it must hold for.
    pub examples: Vec<Specimen>,
    /// Messages it must not hold for.
    pub counterexamples: Vec<Specimen>,
    /// Where it stands in the file.
    pub line: usize,
}

/// Conditions that must all hold. Inside a list one entry is enough; an empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Where the message came from.
    pub channels: Vec<Channel>,
    /// Writers: whole addresses, or domains with an `@` in front; lower case.
    pub senders: Vec<String>,
    /// Names of [`Rulebook::customers`].
    pub customers: Vec<String>,
    /// The language of the newly written text.
    pub languages: Vec<Language>,
    /// Patterns on the subject, NFKC and lower case.
    pub subjects: Vec<Written>,
    /// Patterns on subject, newline, newly written text, NFKC and lower case.
    pub texts: Vec<Written>,
    /// What files must have come with it.
    pub attachments: Option<Attached>,
    /// Fields of the mail's header; each must match.
    pub headers: Vec<HeaderField>,
    /// When it arrived.
    pub time: Option<Arrival>,
    /// Request types as found so far; [`NO_INTENT`] for none.
    pub intents: Vec<String>,
    /// The request type's probability is in this range, ends included.
    pub probability: Option<(f64, f64)>,
    /// Queues that are busy; each must be.
    pub loads: Vec<Load>,
}

/// How a rule names "no request type".
pub const NO_INTENT: &str = "none";

/// A pattern that compiles, with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The regular expression.
    pub pattern: String,
    /// Where it stands in the file.
    pub line: usize,
}

/// How many files of some kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// At least so many.
    pub at_least: u32,
    /// At most so many.
    pub at_most: u32,
    /// Only files of these media types: `application/pdf`, or `image/` for all images; empty for all.
    pub media_types: Vec<String>,
    /// Only files with such names, NFKC and lower case; empty for all.
    pub names: Vec<Written>,
}

/// A header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// `x-priority`, lower case.
    pub name: String,
    /// Patterns on its value, NFKC and lower case.
    pub patterns: Vec<Written>,
}

words! {
    /// Which side of business hours is meant.
    Side {
        /// While the desk is open.
        Within = "within",
        /// While it is closed.
        Outside = "outside",
    }
}

/// When a message arrives. All parts must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Open or closed in the calendar of this name.
    pub calendar: Option<(Side, String)>,
    /// Days in the zone of the calendar, else of the desk; 0 is Monday. Empty for all.
    pub weekdays: Vec<u8>,
    /// Minutes after midnight, start inclusive, end exclusive; past midnight when the end is not later than the start.
    pub hours: Option<(u16, u16)>,
}

/// A busy queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its name.
    pub queue: String,
    /// Holds when more tickets than this wait in it (new or open).
    pub more_than: u32,
}

/// What a rule does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actions {
    /// It is of this request type.
    pub intent: Option<String>,
    /// It is this urgent.
    pub priority: Option<Priority>,
    /// It waits in this queue.
    pub queue: Option<String>,
    /// The ticket gets these.
    pub tags: Vec<String>,
    /// These details are known.
    pub slots: BTreeMap<String, String>,
    /// It is answered so.
    pub reply: Option<RuleReply>,
    /// Nothing is opened.
    pub ignore: bool,
    /// No further rule is read.
    pub stop: bool,
}

/// What a rule has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleReply {
    /// This article, if the machine may send it alone.
    Article(String),
    /// These words in the acknowledgement; people look at the ticket.
    Words(Bilingual),
}

/// A message as a test beside a rule describes it. What it does not say is as the rule wants it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Specimen {
    /// Where it stands in the file.
    pub line: usize,
    /// Where it came from.
    pub channel: Option<Channel>,
    /// Who wrote it.
    pub from: Option<String>,
    /// Its language.
    pub language: Option<Language>,
    /// Its subject.
    pub subject: Option<String>,
    /// What was newly written.
    pub text: Option<String>,
    /// Its files: name and media type.
    pub attachments: Option<Vec<(String, String)>>,
    /// Header fields, names in lower case.
    pub headers: Option<Vec<(String, String)>>,
    /// When it arrived.
    pub at: Option<Timestamp>,
    /// The request type found.
    pub intent: Option<String>,
    /// How probable that is.
    pub probability: Option<f64>,
    /// How many wait in which queue.
    pub loads: Option<BTreeMap<String, u32>>,
}

words! {
    /// A condition's name, as it is written in the file.
    Condition {
        /// Where it came from.
        Channel = "channel",
        /// Who wrote it.
        From = "from",
        /// Whose person wrote it.
        Customer = "customer",
        /// In which language.
        Language = "language",
        /// The subject.
        Subject = "subject",
        /// Subject and text.
        Text = "text",
        /// The files.
        Attachments = "attachments",
        /// The mail's header.
        Headers = "headers",
        /// When it arrived.
        Time = "time",
        /// The request type, and how probable it is.
        Intent = "intent",
        /// How busy a queue is.
        Load = "load",
    }
}

/// A condition that held, with what it held for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Which.
    pub condition: Condition,
    /// The matched words, the address, the time; at most 80 characters.
    pub words: String,
}

/// Words of a message that a condition of a desk rule matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The rule's id.
    pub rule: String,
    /// Which condition and what it matched.
    pub held: Held,
}

words! {
    /// What a rule can set; people's corrections are counted against it.
    Effect {
        /// The request type.
        Intent = "intent",
        /// The queue.
        Queue = "queue",
        /// The priority.
        Priority = "priority",
        /// The article that was sent.
        Article = "article",
        /// Tags.
        Tags = "tags",
        /// Details.
        Slots = "slots",
        /// Words in the acknowledgement.
        Words = "words",
        /// Nothing was opened.
        Ignored = "ignored",
    }
}

/// A rule that held for a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruled {
    /// The rule's id.
    pub rule: String,
    /// Which conditions held, with what.
    pub because: Vec<Held>,
    /// What it set, in words: `network`, `vip, night`.
    pub did: Vec<(Effect, String)>,
    /// No further rule was read.
    pub stopped: bool,
}

impl Ruled {
    /// The conditions with their words, and what the rule set: `text "vpn" → queue network; stop`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let held: Vec<String> =
            self.because.iter().map(|held| format!("{} \"{}\"", held.condition, held.words)).collect();
        let did: Vec<String> = self.did.iter().map(|(effect, value)| format!("{effect} {value}")).collect();
        let stop = if self.stopped { "; no further rule" } else { "" };
        format!("{} → {}{stop}", held.join(", "), did.join(", "))
    }
}
