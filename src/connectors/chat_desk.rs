//! What a chat connector may ask the desk while a person waits: forms need the request types, lists the tickets.

use std::sync::Arc;
use std::time::Duration;

use super::Standing;
use crate::domain::{Channel, Intent, Language, Received, Timestamp};

/// An answer that comes later, or why it does not.
pub type Later<T> = futures_util::future::BoxFuture<'static, Result<T, String>>;

/// How long the language somebody chose is waited for.
const CHOSEN: Duration = Duration::from_millis(500);

/// The desk, as a chat connector sees it.
#[derive(Clone)]
pub struct ChatDesk {
    /// The request types as they stand now.
    pub intents: Arc<dyn Fn() -> Arc<Vec<Intent>> + Send + Sync>,
    /// The open tickets of an address (`slack:U…`, `discord:…`), newest first, told in this language.
    pub tickets_of: Arc<dyn Fn(String, Language) -> Later<Vec<Standing>> + Send + Sync>,
    /// The language the person behind an address chose, if they did.
    pub language_of: Arc<dyn Fn(String) -> Later<Option<Language>> + Send + Sync>,
    /// How far a room was read: what was last handed over under this name by [`super::Intake::accept_up_to`].
    pub cursor: Arc<dyn Fn(String) -> Later<Option<String>> + Send + Sync>,
    /// What came in over a channel since then and is on an open ticket, or not decided yet; newest first, up to a limit. What is
    /// known to be taken back is left out.
    pub unfinished: Arc<dyn Fn(Channel, Timestamp) -> Later<Vec<Received>> + Send + Sync>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl ChatDesk {
    /// The language the person behind `address` chose; `None` when they chose none, or it cannot be told in time.
    pub async fn chosen_language(&self, address: String) -> Option<Language> {
        match tokio::time::timeout(CHOSEN, (self.language_of)(address)).await {
            Ok(Ok(chosen)) => chosen,
            Ok(Err(fault)) => {
                tracing::warn!("the language somebody chose is not known for now: {fault}");
                None
            }
            Err(_) => None,
        }
    }
}

impl std::fmt::Debug for ChatDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChatDesk")
    }
}
