//! What a chat connector asks the desk while somebody waits for an answer on the screen: forms, a list of tickets, how far a
//! room was read.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::Standing;
use crate::domain::Intent;

/// An answer that takes a moment; the error says in words why there is none.
pub type Later<T> = BoxFuture<'static, Result<T, String>>;

/// The questions. Clones share what answers them.
#[derive(Clone)]
pub struct ChatDesk {
    /// The request types in force, in the order of the catalog.
    pub intents: Arc<dyn Fn() -> Arc<Vec<Intent>> + Send + Sync>,
    /// The open tickets of an address (`slack:U…`, `discord:…`), newest first.
    pub tickets_of: Arc<dyn Fn(String) -> Later<Vec<Standing>> + Send + Sync>,
    /// The value of a cursor, by its name.
    pub cursor: Arc<dyn Fn(String) -> Later<Option<String>> + Send + Sync>,
}
