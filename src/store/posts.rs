//! What chat services took: under which id a post is known there, so that what is said below it finds its ticket and a later
//! message can take its place.

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::{OutboxState, Store, StoreError};
use crate::domain::{OutboxId, Timestamp};

const LEAD_HERE: Sql = bulk!(
    "INSERT INTO thread_keys (key, ticket_id)
     SELECT r.value->>'key', outbox.ticket_id FROM " ROWS " AS r JOIN outbox ON outbox.id = CAST(r.value->>'id' AS BIGINT)
     WHERE outbox.ticket_id IS NOT NULL ON CONFLICT (key) DO NOTHING"
);
const EARLIER: Sql = sql!("SELECT state, reference, next_at, lease_owner FROM outbox WHERE dedupe_key = $1");

/// A message that a later one is to take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EarlierPost {
    /// It is there, under this id.
    Posted(String),
    /// It is still to be sent: the later one waits.
    Waiting {
        /// When it is tried next.
        next_at: Timestamp,
    },
    /// It is being sent: the later one waits a moment.
    BeingSent,
    /// It was never sent, or nobody knows where it is.
    Gone,
}

/// An id in the chat service and the outgoing message it stands for.
#[derive(Serialize)]
pub(super) struct Lead<'a> {
    pub(super) id: i64,
    pub(super) key: &'a str,
}

/// Leads what is said below posts to the tickets of their messages.
pub(super) async fn lead(tx: &mut Tx, leads: &[Lead<'_>]) -> Result<(), StoreError> {
    if !leads.is_empty() {
        tx.execute(LEAD_HERE, [json(leads)?]).await?;
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
            EarlierPost::Waiting { .. } | EarlierPost::BeingSent | EarlierPost::Gone => None,
        })
    }

    /// Where the message written under `dedupe_key` stands, which another is to take the place of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn earlier_post(&self, dedupe_key: &str) -> Result<EarlierPost, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String, Option<String>, i64, Option<String>)> =
            tx.fetch(EARLIER, [Arg::Text(dedupe_key)]).await?;
        tx.commit().await?;
        Ok(match found.into_iter().next() {
            Some((_, Some(reference), ..)) => EarlierPost::Posted(reference),
            Some((state, None, next_at, sender)) if state == OutboxState::Waiting.as_str() => match sender {
                Some(_) => EarlierPost::BeingSent,
                None => EarlierPost::Waiting { next_at: Timestamp(next_at) },
            },
            Some(_) | None => EarlierPost::Gone,
        })
    }
}
