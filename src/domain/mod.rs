//! Values: what the desk talks about. No rules, no I/O, no clock.

pub mod access;
pub mod alert;
pub mod article;
pub mod asked;
pub mod catalog;
pub mod chat;
pub mod classification;
pub mod context;
pub mod course;
pub mod decision;
pub mod feedback;
mod ids;
pub mod labelled;
pub mod maintenance;
pub mod message;
pub mod notice;
pub mod outbound;
pub mod password;
pub mod past;
pub mod priority;
pub mod problem;
pub mod promise;
pub mod reply_token;
pub mod reporting;
pub mod routing;
pub mod rulebook;
pub mod schedule;
pub mod service;
pub mod ticket;
pub mod words;

pub use access::{ApiToken, AuditEntry, Role, User};
pub use alert::{
    Alert, AlertChange, AlertFlow, AlertKnown, AlertProbe, AlertSource, AlertStanding, AlertState, Severity,
};
pub use article::{Article, ArticleStatus, Confirmed, Fault, NewRevision, Revision, StoredArticle, Visibility};
pub use asked::{Asked, HandWork, Use};
pub use catalog::{Catalog, Choice, Due, Handling, Intent, Queue, Rule, Slot};
pub use chat::{Act, Button, Offer, Person, Place};
pub use classification::{ArticleCandidate, Classification, IntentCandidate, RuleHit, Wish};
pub use context::{Known, Link, Original, Probe};
pub use course::{Approval, Complaint, Course, Mark, Outage, Rating, Verdict};
pub use decision::{
    Changes, Decided, Decision, Edit, Fate, IgnoreReason, Moved, PersonChange, SendCount, Settled, Step, ThreadKey,
};
pub use feedback::{
    Aspect, Bar, Feedback, FeedbackSource, Golden, Learned, Measured, Outcome, Policy, Taught, Vote, Wanted,
};
pub use ids::{InboxId, NotATicket, OutboxId, TicketId, Timestamp};
pub use labelled::{Labelled, Said};
pub use message::{Address, Attachment, Automatic, Bounce, Message, Received, Scan};
pub use notice::{Notice, NoticeAlert, NoticeDetail, NoticeEvent, NoticeWords, Told};
pub use outbound::{Outbound, OutboundKind};
pub use past::{Envelope, Judgement, Past, Seen};
pub use priority::{Level, Priority};
pub use promise::{Clock, ClockKind, ClockLevel, Firing, Problem, Promises, Sighting, Signal};
pub use reply_token::Keyring;
pub use reporting::{Beside, ReportTerms, SavedMinutes, Span, TicketLife};
pub use routing::{Agent, Customer, Routing, Turn};
pub use rulebook::{DeskRule, Rulebook, Ruled};
pub use service::ServiceRules;
pub use ticket::{Card, EventKind, Status, StoredMessage, Ticket, TicketEvent};
pub use words::{Bilingual, Channel, Language};
