//! Files that are kept by themselves, by their SHA-256: those of chat messages. Their bytes lie where those of large raw messages
//! lie, so that two uses of the same bytes share them.

use sha2::{Digest, Sha256};

use super::backend::{Arg, Sql, Tx, repeat, sql};
use super::{Store, StoreError, raw};
use crate::domain::Timestamp;

const PUT: Sql = sql!(
    "INSERT INTO files (sha256, size_bytes, stored_at) VALUES ($1, $2, $3)
     ON CONFLICT (sha256) DO UPDATE SET stored_at = excluded.stored_at"
);
const KNOWN: Sql = sql!("SELECT size_bytes FROM files WHERE sha256 = $1");
const UNUSED: Sql = sql!(
    "SELECT sha256 FROM files WHERE stored_at < $1
       AND NOT EXISTS (SELECT 1 FROM attachments WHERE attachments.sha256 = files.sha256) ORDER BY sha256 LIMIT $2"
);
const USED_BY_ATTACHMENT: Sql = sql!("SELECT inbox_id FROM attachments WHERE sha256 = $1 LIMIT 1");
const USED_BY_MESSAGE: Sql = sql!("SELECT id FROM inbox WHERE raw_sha256 = $1 LIMIT 1");
const REMOVE: Sql = sql!("DELETE FROM files WHERE sha256 = $1");
const REMOVE_CHUNKS: Sql = sql!("DELETE FROM raw_chunks WHERE sha256 = $1");
/// Files looked at in one transaction of a sweep.
const SWEEP: i64 = 100;

impl Store {
    /// Keeps a file under its SHA-256 (lower-case hex). Putting it again changes nothing but its age. A file that no attachment
    /// names is removed by [`Store::sweep_files`].
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when `sha256` is not that of `bytes`.
    pub async fn put_file(&self, sha256: &str, bytes: &[u8], now: Timestamp) -> Result<(), StoreError> {
        if hex::encode(Sha256::digest(bytes)) != sha256 {
            return Err(StoreError::Conflict { what: format!("the file is not the one with SHA-256 {sha256}") });
        }
        self.write_file(sha256, bytes).await?;
        repeat!(self.put_file_once(sha256, bytes, now))
    }

    async fn put_file_once(&self, sha256: &str, bytes: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.backend.write().await?;
        // Nobody may remove the bytes between the look at their uses and the end of this transaction.
        tx.order_alone().await?;
        self.write_file(sha256, bytes).await?;
        if !self.backend.is_sqlite() {
            raw::insert_chunks(&mut tx, sha256, bytes).await?;
        }
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        tx.execute(PUT, [Arg::Text(sha256), Arg::Int(size), Arg::Int(now.0)]).await?;
        tx.commit().await
    }

    /// The bytes kept under `sha256`; `None` when none were put there.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they are lost or changed.
    pub async fn file(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut tx = self.backend.read().await?;
        let known: Vec<(i64,)> = tx.fetch(KNOWN, [Arg::Text(sha256)]).await?;
        let bytes = match known.first() {
            Some(_) => Some(self.large(&mut tx, sha256).await?),
            None => None,
        };
        tx.commit().await?;
        Ok(bytes)
    }

    /// Removes files that were put before `before` and that no attachment names. Returns how many.
    ///
    /// # Errors
    /// When the database or the disk fails; what was removed until then stays removed.
    pub async fn sweep_files(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let swept = repeat!(self.sweep_once(before))?;
            removed += swept;
            if swept == 0 {
                return Ok(removed);
            }
        }
    }

    async fn sweep_once(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.backend.write().await?;
        tx.order_alone().await?;
        let unused: Vec<(String,)> = tx.fetch(UNUSED, [Arg::Int(before.0), Arg::Int(SWEEP)]).await?;
        let mut removed = 0;
        for (sha256,) in unused {
            removed += tx.execute(REMOVE, [Arg::Text(&sha256)]).await?;
            self.remove_unused(&mut tx, &sha256).await?;
        }
        tx.commit().await?;
        Ok(removed)
    }

    /// Removes the file `sha256` unless an attachment names it.
    pub(super) async fn remove_file(&self, tx: &mut Tx, sha256: &str) -> Result<(), StoreError> {
        let named: Vec<(i64,)> = tx.fetch(USED_BY_ATTACHMENT, [Arg::Text(sha256)]).await?;
        if named.is_empty() && tx.execute(REMOVE, [Arg::Text(sha256)]).await? > 0 {
            self.remove_unused(tx, sha256).await?;
        }
        Ok(())
    }

    /// Removes bytes that neither a raw message nor a file needs any more. Call it under [`Tx::order_alone`].
    pub(super) async fn remove_unused(&self, tx: &mut Tx, sha256: &str) -> Result<(), StoreError> {
        let message: Vec<(i64,)> = tx.fetch(USED_BY_MESSAGE, [Arg::Text(sha256)]).await?;
        let file: Vec<(i64,)> = tx.fetch(KNOWN, [Arg::Text(sha256)]).await?;
        if !message.is_empty() || !file.is_empty() {
            return Ok(());
        }
        tx.execute(REMOVE_CHUNKS, [Arg::Text(sha256)]).await?;
        if self.backend.is_sqlite() {
            match std::fs::remove_file(raw::path(&self.data_dir, sha256)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts bytes on the disk where `SQLite` stores keep them; does nothing for `PostgreSQL`.
    async fn write_file(&self, sha256: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if !self.backend.is_sqlite() {
            return Ok(());
        }
        let (path, bytes) = (raw::path(&self.data_dir, sha256), bytes.to_vec());
        tokio::task::spawn_blocking(move || raw::write_file(&path, &bytes))
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))??;
        Ok(())
    }
}
