//! What chat services took: under which id a post is known there, so that what is said below it finds its ticket and a later
//! message can take its place.

use super::backend::{Arg, Sql, Tx, sql};
use super::{OutboxState, Store, StoreError};
use crate::domain::{OutboxId, Timestamp};

const MARK: Sql = sql!("UPDATE outbox SET reference = $2 WHERE id = $1");
const LEAD_HERE: Sql = sql!(
    "INSERT INTO thread_keys (key, ticket_id)
     SELECT CAST($2 AS TEXT), ticket_id FROM outbox WHERE id = $1 AND ticket_id IS NOT NULL ON CONFLICT (key) DO NOTHING"
);
const EARLIER: Sql = sql!("SELECT state, reference, next_at FROM outbox WHERE dedupe_key = $1");

/// A message that a later one is to take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlierPost {
    /// It is there, under this id.
    Posted(String),
    /// It is still to be sent: the later one waits.
    Waiting {
        /// When it is tried next, or its sender's lease ends.
        next_at: Timestamp,
    },
    /// It was never sent, or nobody knows where it is.
    Gone,
}

/// Notes where an outgoing message stands now, and leads what is said below it to its ticket.
pub(super) async fn note(tx: &mut Tx, id: OutboxId, reference: &str, thread: Option<&str>) -> Result<(), StoreError> {
    tx.execute(MARK, [Arg::Int(id.0), Arg::Text(reference)]).await?;
    for key in std::iter::once(reference).chain(thread) {
        tx.execute(LEAD_HERE, [Arg::Int(id.0), Arg::Text(key)]).await?;
    }
    Ok(())
}

impl Store {
    /// A chat service took the message. `reference` is the post's id there, `thread` that of the thread that was opened for it, where
    /// it has one of its own: both lead to the message's ticket from now on.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when it is no longer the owner's.
    pub async fn posted(
        &self,
        owner: &str,
        id: OutboxId,
        (reference, thread): (&str, Option<&str>),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let delivery = super::Delivery::Posted { reference: reference.to_owned(), thread: thread.map(str::to_owned) };
        self.finish_one(owner, id, delivery, now).await
    }

    /// The id in the chat service of the message written under `dedupe_key`; `None` when it is not posted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reference_of(&self, dedupe_key: &str) -> Result<Option<String>, StoreError> {
        Ok(match self.earlier_post(dedupe_key).await? {
            EarlierPost::Posted(reference) => Some(reference),
            EarlierPost::Waiting { .. } | EarlierPost::Gone => None,
        })
    }

    /// Where the message written under `dedupe_key` stands, which another is to take the place of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn earlier_post(&self, dedupe_key: &str) -> Result<EarlierPost, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String, Option<String>, i64)> = tx.fetch(EARLIER, [Arg::Text(dedupe_key)]).await?;
        tx.commit().await?;
        Ok(match found.into_iter().next() {
            Some((_, Some(reference), _)) => EarlierPost::Posted(reference),
            Some((state, None, next_at)) if state == OutboxState::Waiting.as_str() => {
                EarlierPost::Waiting { next_at: Timestamp(next_at) }
            }
            Some(_) | None => EarlierPost::Gone,
        })
    }
}
