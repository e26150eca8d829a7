//! Taking messages in: stored before anything reads them, and known again by (channel, external id).

use std::collections::HashMap;

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat};
use super::cursors::{self, Cursor};
use super::raw::{self, IdRow};
use super::{MailCursor, Store, StoreError, crash};
use crate::domain::{InboxId, Received, Timestamp};

const INSERT: Sql = bulk!(
    "INSERT INTO inbox (channel, source, external_id, conversation, size_bytes, full_size_bytes, raw_sha256, arrived_at, received_at, stale, hold_until)
     SELECT value->>'channel', value->>'source', value->>'external_id', value->>'conversation', CAST(value->>'size' AS BIGINT),
            CAST(value->>'full_size' AS BIGINT), value->>'sha256', CAST(value->>'arrived' AS BIGINT), $2, CAST(value->>'stale' AS BIGINT),
            $2 + CAST(value->>'hold' AS BIGINT)
     FROM " ROWS " WHERE true
     ON CONFLICT (channel, external_id) DO NOTHING
     RETURNING id, channel, external_id"
);

// A row behind an unfinished one of its conversation is left out of the index claims read, so that a flood in one conversation
// costs claims nothing. Settling the earlier row takes the mark away. In chat only a row that was said before counts: the other
// one waits for this one.
const QUEUE_BEHIND: Sql = bulk!(
    "UPDATE inbox SET after_id = behind.earlier
     FROM (SELECT this.id AS id, (SELECT MAX(other.id) FROM inbox AS other
                                  WHERE other.conversation = this.conversation AND other.done_at IS NULL AND other.id < this.id
                                    AND (this.channel = 'email' OR other.arrived_at <= this.arrived_at)) AS earlier
           FROM inbox AS this WHERE this.id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")) AS behind
     WHERE inbox.id = behind.id AND behind.earlier IS NOT NULL"
);

#[derive(Serialize)]
struct Row<'a> {
    channel: &'static str,
    source: &'a str,
    external_id: &'a str,
    conversation: &'a str,
    size: usize,
    full_size: Option<i64>,
    sha256: Option<&'a str>,
    arrived: i64,
    stale: u8,
    hold: i64,
}

/// How far a source was read, to be noted with what it brought.
#[derive(Clone, Copy)]
pub(super) enum Progress<'a> {
    Unknown,
    Mail(&'a MailCursor),
    Rooms(&'a [Cursor<'a>]),
}

/// What [`Store::accept`] did with each message, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The row of a message that is new; `None` for one that was there already, or earlier in the batch.
    pub rows: Vec<Option<InboxId>>,
}

impl Accepted {
    /// How many were new.
    #[must_use]
    pub fn new_count(&self) -> usize {
        self.rows.iter().flatten().count()
    }
}

impl Store {
    /// Stores the messages that are not known yet. When this returns they are on the disk, and the source may be told so.
    /// A message handed over again changes nothing.
    ///
    /// # Errors
    /// When the database fails; the messages must then not be acknowledged.
    pub async fn accept(&self, batch: &[Received], now: Timestamp) -> Result<Accepted, StoreError> {
        self.accept_with(batch, Progress::Unknown, now).await
    }

    /// [`Store::accept`], and in the same transaction notes how far the folder was read.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the cursor's fence is out of date: nothing is written. Otherwise as [`Store::accept`].
    pub async fn accept_mail(
        &self,
        batch: &[Received],
        cursor: &MailCursor,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        self.accept_with(batch, Progress::Mail(cursor), now).await
    }

    pub(super) async fn accept_with(
        &self,
        batch: &[Received],
        progress: Progress<'_>,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let is_nothing = match progress {
            Progress::Unknown => true,
            Progress::Mail(_) => false,
            Progress::Rooms(cursors) => cursors.is_empty(),
        };
        if batch.is_empty() && is_nothing {
            return Ok(Accepted::default());
        }
        let large: Vec<Option<String>> = batch.iter().map(|received| raw::address(&received.raw)).collect();
        // External ids are compared below with what comes back, where U+0000 has been replaced.
        let names: Vec<String> = batch.iter().map(|received| received.external_id.replace('\0', "\u{fffd}")).collect();
        let rows: Vec<Row<'_>> = batch
            .iter()
            .zip(&large)
            .zip(&names)
            .map(|((received, large), name)| Row {
                channel: received.channel.as_str(),
                source: &received.source,
                external_id: name,
                conversation: &received.conversation,
                size: received.raw.len(),
                full_size: received.full_size_bytes,
                sha256: large.as_deref(),
                arrived: received.arrived_at.0,
                stale: u8::from(received.stale),
                hold: received.hold_ms.max(0),
            })
            .collect();
        if self.backend.is_sqlite() {
            self.write_files(batch, &rows).await?;
        }
        let accepted = repeat!(self.insert_received(batch, &rows, progress, now))?;
        if accepted.new_count() > 0 {
            self.inbox_wake.notify_waiters();
        }
        Ok(accepted)
    }

    async fn write_files(&self, batch: &[Received], rows: &[Row<'_>]) -> Result<(), StoreError> {
        for (received, row) in batch.iter().zip(rows) {
            if let Some(sha256) = row.sha256 {
                let path = raw::path(&self.data_dir, sha256);
                let bytes = received.raw.clone();
                tokio::task::spawn_blocking(move || raw::write_file(&path, &bytes))
                    .await
                    .map_err(|error| StoreError::Unavailable(Box::new(error)))??;
            }
        }
        Ok(())
    }

    async fn insert_received(
        &self,
        batch: &[Received],
        rows: &[Row<'_>],
        progress: Progress<'_>,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        crash::point("accept.begin");
        let mut tx = self.backend.write().await?;
        tx.order_alone().await?;
        if self.backend.is_sqlite() {
            // Again under the write lock: an erasure may have removed one in between. Nothing happens when all are there.
            self.write_files(batch, rows).await?;
        }
        let accepted = if rows.is_empty() { Accepted::default() } else { insert(&mut tx, batch, rows, now).await? };
        crash::point("accept.inserted");
        if !self.backend.is_sqlite() {
            for ((received, row), new) in batch.iter().zip(rows).zip(&accepted.rows) {
                if let (Some(sha256), Some(_)) = (row.sha256, new) {
                    raw::insert_chunks(&mut tx, sha256, &received.raw).await?;
                }
            }
        }
        match progress {
            Progress::Unknown => {}
            Progress::Mail(cursor) => cursor.write(&mut tx, now).await?,
            Progress::Rooms(cursors) => cursors::write(&mut tx, cursors, now).await?,
        }
        crash::point("accept.commit");
        tx.commit().await?;
        crash::point("accept.committed");
        Ok(accepted)
    }
}

async fn insert(tx: &mut Tx, batch: &[Received], rows: &[Row<'_>], now: Timestamp) -> Result<Accepted, StoreError> {
    let new: Vec<(i64, String, String)> = tx.fetch(INSERT, [json(rows)?, Arg::Int(now.0)]).await?;
    // A name twice in the batch is one row, and belongs to its first place.
    let mut ids: HashMap<(&str, &str), i64> =
        new.iter().map(|(id, channel, name)| ((channel.as_str(), name.as_str()), *id)).collect();
    let accepted =
        Accepted { rows: rows.iter().map(|row| ids.remove(&(row.channel, row.external_id)).map(InboxId)).collect() };
    let messages = accepted.rows.iter().zip(batch);
    raw::insert(tx, messages.filter_map(|(id, received)| Some(((*id)?, received.raw.as_slice())))).await?;
    let ids: Vec<IdRow> = new.iter().map(|(id, ..)| IdRow { id: *id }).collect();
    if !ids.is_empty() {
        tx.execute(QUEUE_BEHIND, [json(&ids)?]).await?;
    }
    Ok(accepted)
}
