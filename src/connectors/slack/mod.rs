//! Slack: events in over Socket Mode or signed requests, posts out over the Web API. Knows messages, never tickets.
//!
//! Everything is read from raw JSON: the typed events of the crate drop the text of a message whose other fields they do not
//! know. What Slack sends is handed over as it came; [`parse`] reads it later.
//!
//! The vendor's documents are cited by page under <https://docs.slack.dev>.

mod again;
mod api;
mod button;
mod catch_up;
mod core;
mod fetch;
mod form;
mod home;
mod http;
mod json;
mod look_up;
mod markup;
mod mrkdwn;
mod pace;
pub mod parse;
mod probe;
mod profiles;
mod reading;
mod receive;
mod render;
mod said;
mod send;
mod show;
mod socket;

pub use api::{Api, ApiFault};
pub use fetch::fetch;
pub use http::{Door, Reply, Signed};
pub use pace::Pace;
pub use parse::{NotSlack, files, message};
pub use probe::probe;
pub use profiles::Profiles;
pub use receive::{Counts, Now, Receiver, Wiring};
pub use send::Sender;

/// What [`crate::domain::Received::source`] says: there is one workspace.
pub const SOURCE: &str = "slack";
