//! The catalog: everything a support lead writes and the rules read. Built once, checked, then never changed; a reload makes a new one.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Timestamp;
use super::article::Article;
use super::priority::Level;
use super::schedule::{Calendar, Objective};
use super::words::{Bilingual, Channel, Language, words};

/// All that decisions depend on beside the message and its context.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Names what the files hold; empty when nothing was read from files.
    pub content: String,
    /// Changes whenever anything in here changes (hash of the content); stored with every decision.
    pub version: String,
    /// The desk itself.
    pub desk: Desk,
    /// Request types, in file order.
    pub intents: Vec<Intent>,
    /// Articles of both languages.
    pub articles: Vec<Article>,
    /// Groups of words that mean the same to the search.
    pub synonyms: Vec<Vec<String>>,
    /// What happens to which messages, in the desk's own words.
    pub rulebook: super::Rulebook,
    /// Where tickets wait for people.
    pub queues: Vec<Queue>,
    /// Business hours by name; always holds `always` (24/365) and `business`.
    pub calendars: Vec<Calendar>,
    /// When the machine may answer.
    pub thresholds: Thresholds,
    /// Limits on what the machine sends.
    pub limits: SendLimits,
    /// What the desk's own feedback says of its answers.
    pub policy: super::Policy,
    /// Promises, escalation, who is told.
    pub service: super::service::ServiceRules,
}

/// The desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// Shown in replies: `サンプル窓口`.
    pub name: String,
    /// Used when a message's language cannot be told.
    pub language: Language,
    /// Times in replies are shown in this zone.
    pub timezone: chrono_tz::Tz,
    /// Mailboxes by name with their address: replies leave from here, and mail from here is our own.
    pub mailboxes: Vec<Mailbox>,
    /// Chat services whose requests have a queue of their own.
    pub chats: Vec<ChatSource>,
    /// Rooms where agents see new and escalated tickets.
    pub triage: Vec<TriageRoom>,
}

/// A chat service the desk listens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatSource {
    /// [`super::Message::source`] of what comes from there.
    pub source: String,
    /// Queue for what comes in here and no rule routes; `None` for the first queue.
    pub queue: Option<String>,
}

/// A room where agents see tickets and act on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriageRoom {
    /// The service.
    pub channel: Channel,
    /// The workspace: [`super::Message::source`] of what is said there.
    pub source: String,
    /// The room's id.
    pub room: String,
}

/// One of the desk's own addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// `support`.
    pub name: String,
    /// `support@desk.example`.
    pub address: String,
    /// Queue for what comes in here and no rule routes; `None` for the first queue.
    pub queue: Option<String>,
}

words! {
    /// How a request type is dealt with.
    Handling {
        /// Goes to people once the details are there.
        File = "file",
        /// The knowledge base is tried first.
        FaqFirst = "faq_first",
        /// Goes to the second line at once, never answered by the machine.
        Escalate = "escalate",
    }
}

/// A request type.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// `restore`.
    pub id: String,
    /// Name for people.
    pub title: Bilingual,
    /// What people write, by language.
    pub examples: Vec<(Language, String)>,
    /// Patterns that point at it.
    pub rules: Vec<Rule>,
    /// Details the desk must have.
    pub slots: Vec<Slot>,
    /// Where it waits for people.
    pub queue: String,
    /// How much of the service it touches.
    pub impact: Level,
    /// How soon it hurts.
    pub urgency: Level,
    /// When a person must have dealt with it.
    pub objective: Objective,
    /// How it is dealt with.
    pub handling: Handling,
    /// Needs an approval before work starts.
    pub approval: bool,
    /// A sentence for the acknowledgement; empty when the general wording is enough.
    pub reply: Bilingual,
}

/// A pattern that points at an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Unique over all intents.
    pub id: String,
    /// A regular expression that compiles; matched against subject, newline, newly written text, NFKC and lower case.
    pub pattern: String,
    /// Decides alone; otherwise it only adds weight.
    pub certain: bool,
}

/// A detail the desk must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// `host`.
    pub name: String,
    /// Name for people.
    pub title: Bilingual,
    /// Asked for when missing.
    pub required: bool,
    /// Regular expressions that find it; the group `value`, else group 1, else the whole match, is the value.
    pub find: Vec<String>,
    /// For a closed set.
    pub choices: Vec<Choice>,
    /// How to ask for it.
    pub ask: Bilingual,
}

/// One value of a closed set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// `add`; [`Choice::NOT_NEEDED`] when the detail does not apply.
    pub value: String,
    /// The regular expression that means it: `追加|新規|add|create`.
    pub pattern: String,
    /// Name for people; the value itself when no other is written.
    pub title: Bilingual,
}

impl Choice {
    /// The value that says the detail is not needed here; people are not shown it.
    pub const NOT_NEEDED: &'static str = "none";
}

/// Where tickets wait for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// `operations`.
    pub name: String,
    /// Name for people.
    pub title: Bilingual,
    /// Its business hours, by name.
    pub calendar: String,
    /// Where escalations from here go; `None` when this is the last line.
    pub second_line: Option<String>,
}

/// When the machine may answer. Shares, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Answer alone only above this probability.
    pub answer: f64,
    /// Offer as a suggestion only above this probability.
    pub suggest: f64,
    /// Take an intent only above this probability.
    pub intent: f64,
}

/// Limits on what the machine sends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimits {
    /// Automatic messages to one address within 24 hours.
    pub automatic_per_sender_day: u32,
    /// Automatic messages to one sender on one ticket.
    pub automatic_per_ticket: u32,
    /// How often missing details are asked for before a person takes over.
    pub questions_per_ticket: u32,
    /// A new topic sent as a reply to a ticket closed longer than this opens a ticket of its own.
    pub reopen_within_days: u32,
}

impl Catalog {
    /// Names the version: a hash over everything in here. To be called last.
    pub fn stamp(&mut self) {
        let Self { content, desk, queues, calendars, thresholds, limits, policy, service, .. } = &self;
        let files = if content.is_empty() {
            let Self { intents, articles, synonyms, rulebook, .. } = &self;
            format!("{intents:?}{articles:?}{synonyms:?}{rulebook:?}")
        } else {
            content.clone()
        };
        let all = format!("{files}{desk:?}{queues:?}{calendars:?}{thresholds:?}{limits:?}{policy:?}{service:?}");
        self.version = hex::encode(&Sha256::digest(all)[..8]);
    }

    /// The intent called `id`.
    #[must_use]
    pub fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.id == id)
    }

    /// The article `id` in `language`, else in the other language.
    #[must_use]
    pub fn article(&self, id: &str, language: Language) -> Option<&Article> {
        let mut any = None;
        for article in self.articles.iter().filter(|article| article.id == id) {
            if article.language == language {
                return Some(article);
            }
            any = Some(article);
        }
        any
    }

    /// The queue called `name`.
    #[must_use]
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.name == name)
    }

    /// The calendar called `name`.
    #[must_use]
    pub fn calendar(&self, name: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.name == name)
    }
}

/// When each promise on a ticket falls due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// A person has answered.
    pub first_response: Option<Timestamp>,
    /// It is solved.
    pub resolution: Option<Timestamp>,
    /// The next word to the requester while it lasts.
    pub next_update: Option<Timestamp>,
}
