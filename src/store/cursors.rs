//! How far rooms were read, and taking in what many sources hand over at the same time.

use serde::Serialize;

use super::accept::Progress;
use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::{Accepted, Store, StoreError};
use crate::domain::{Received, Timestamp};

const PUT: Sql = bulk!(
    "INSERT INTO cursors (name, value, updated_at) SELECT value->>'name', value->>'value', $2 FROM " ROWS " WHERE true
     ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"
);
const GET: Sql = sql!("SELECT value FROM cursors WHERE name = $1");

/// One source's progress.
#[derive(Serialize)]
pub(super) struct Cursor<'a> {
    name: &'a str,
    value: &'a str,
}

/// Messages of one source, in their order, and how far the source was read with them: name, value.
pub type HandedOver = (Vec<Received>, Option<(String, String)>);

pub(super) async fn write(tx: &mut Tx, cursors: &[Cursor<'_>], now: Timestamp) -> Result<(), StoreError> {
    tx.execute(PUT, [json(cursors)?, Arg::Int(now.0)]).await?;
    Ok(())
}

impl Store {
    /// [`Store::accept`] of what several sources handed over, with their cursors, in one transaction. Of one cursor the last value
    /// counts. `rows` of the answer are those of all messages, one source after the other.
    ///
    /// # Errors
    /// As [`Store::accept`]: nothing is written, no cursor moves.
    pub async fn accept_handed(&self, batch: &[HandedOver], now: Timestamp) -> Result<Accepted, StoreError> {
        let received: Vec<Received> = batch.iter().flat_map(|(received, _)| received).cloned().collect();
        let mut cursors: Vec<Cursor<'_>> = Vec::new();
        for (name, value) in batch.iter().filter_map(|(_, cursor)| cursor.as_ref()) {
            // One statement must not meet a name twice.
            cursors.retain(|earlier| earlier.name != name);
            cursors.push(Cursor { name, value });
        }
        self.accept_with(&received, Progress::Rooms(&cursors), now).await
    }

    /// How far the room or folder `name` was read; `None` when it never was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cursor(&self, name: &str) -> Result<Option<String>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String,)> = tx.fetch(GET, [Arg::Text(name)]).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().map(|(value,)| value))
    }

    /// Sets the cursor `name`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put_cursor(&self, name: &str, value: &str, now: Timestamp) -> Result<(), StoreError> {
        let row = json(&[Cursor { name, value }])?;
        repeat!(self.write_one(PUT, vec![row.clone(), Arg::Int(now.0)]))?;
        Ok(())
    }
}
