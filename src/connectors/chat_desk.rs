//! What a chat connector may ask the desk while a person waits: forms need the request types, lists the tickets.

use std::sync::Arc;

use super::Standing;
use crate::domain::{Intent, Timestamp};

/// An answer that comes later, or why it does not.
pub type Later<T> = futures_util::future::BoxFuture<'static, Result<T, String>>;

/// The desk, as a chat connector sees it.
#[derive(Clone)]
pub struct ChatDesk {
    /// The request types as they stand now.
    pub intents: Arc<dyn Fn() -> Arc<Vec<Intent>> + Send + Sync>,
    /// The open tickets of an address (`slack:U…`, `discord:…`), newest first.
    pub tickets_of: Arc<dyn Fn(String) -> Later<Vec<Standing>> + Send + Sync>,
    /// How far a room was read: what was last handed over under this name by [`super::Intake::accept_up_to`].
    pub cursor: Arc<dyn Fn(String) -> Later<Option<String>> + Send + Sync>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl std::fmt::Debug for ChatDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChatDesk")
    }
}
