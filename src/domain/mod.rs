//! Values: what the desk talks about. No rules, no I/O, no clock.

pub mod access;
pub mod article;
pub mod catalog;
pub mod chat;
pub mod classification;
pub mod context;
pub mod decision;
pub mod feedback;
mod ids;
pub mod labelled;
pub mod message;
pub mod outbound;
pub mod password;
pub mod past;
pub mod priority;
pub mod promise;
pub mod reply_token;
pub mod reporting;
pub mod schedule;
pub mod service;
pub mod ticket;
pub mod words;

pub use access::{ApiToken, AuditEntry, Role, User};
pub use article::{Article, Confirmed, Fault, Visibility};
pub use catalog::{Catalog, Choice, Due, Handling, Intent, Queue, Rule, Slot};
pub use chat::{Act, Button, Offer, Person, Place};
pub use classification::{ArticleCandidate, Classification, IntentCandidate, RuleHit, Wish};
pub use context::{Known, Link, Original, Probe};
pub use decision::{
    Changes, Decided, Decision, Edit, Fate, IgnoreReason, PersonChange, SendCount, Settled, Step, ThreadKey,
};
pub use feedback::{
    Aspect, Bar, Feedback, FeedbackSource, Golden, Learned, Measured, Outcome, Policy, Taught, Vote, Wanted,
};
pub use ids::{InboxId, NotATicket, OutboxId, TicketId, Timestamp};
pub use labelled::{Labelled, Said};
pub use message::{Address, Attachment, Automatic, Bounce, Message, Received, Scan};
pub use outbound::{Outbound, OutboundKind};
pub use past::{Envelope, Judgement, Past, Seen};
pub use priority::{Level, Priority};
pub use promise::{Clock, ClockKind, ClockLevel, Firing, Problem, Promises, Signal};
pub use reply_token::Keyring;
pub use reporting::{Beside, ReportTerms, SavedMinutes, Span, TicketLife};
pub use service::ServiceRules;
pub use ticket::{Card, EventKind, Status, StoredMessage, Ticket, TicketEvent};
pub use words::{Bilingual, Channel, Language};
