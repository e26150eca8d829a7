//! Discord, both ways: the gateway and the REST API in, posts and threads out.
//!
//! serenity carries the connection, the limits and the models; what it leaves open is done here: events in order, what was
//! missed while away, interactions answered in time, text that cannot ping. Nothing here stores, decides or knows a ticket's state.

mod again;
mod api;
mod asked;
mod backfill;
mod commands;
mod cursors;
mod escape;
mod events;
mod forms;
mod gateway;
mod interactions;
mod offers;
pub mod parse;
mod permissions;
mod phrases;
mod probe;
mod pump;
mod readable;
mod reorder;
mod rooms;
mod send;
mod shared;
mod wire;

pub use escape::{escape, parts};
pub use gateway::Receiver;
pub use offers::{components, custom_id, pressed};
pub use probe::{INVITE_PERMISSIONS, probe};
pub use send::{Sender, nonce};

/// The source of everything that comes from Discord.
pub const SOURCE: &str = "discord";
