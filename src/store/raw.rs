//! Raw messages: in a row up to 256 KB, above that by their SHA-256, as files (`SQLite`) or chunk rows (`PostgreSQL`, so that
//! all replicas can read them). A large message is on disk before the row that names it is committed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::{Store, StoreError, crash};
use crate::domain::InboxId;

/// Larger messages are not kept in the row.
pub(super) const IN_ROW_BYTES: usize = 256 * 1024;
const CHUNK_BYTES: usize = 1024 * 1024;

// The bytes of all rows come as one parameter, and each row cuts its part out: one statement, no text encoding of binary data.
const INSERT: Sql = bulk!(
    "INSERT INTO inbox_raw (inbox_id, bytes)
     SELECT CAST(value->>'id' AS BIGINT), substr($2, CAST(value->>'at' AS INTEGER), CAST(value->>'size' AS INTEGER))
     FROM " ROWS " WHERE true ON CONFLICT (inbox_id) DO NOTHING"
);
const INSERT_CHUNK: Sql =
    sql!("INSERT INTO raw_chunks (sha256, n, bytes) VALUES ($1, $2, $3) ON CONFLICT (sha256, n) DO NOTHING");
const CHUNKS: Sql = sql!("SELECT bytes FROM raw_chunks WHERE sha256 = $1 ORDER BY n");
const OF_ROWS: Sql = bulk!(
    "SELECT inbox_id, bytes FROM inbox_raw WHERE inbox_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);
const ONE: Sql = sql!(
    "SELECT inbox.raw_sha256, inbox_raw.bytes FROM inbox LEFT JOIN inbox_raw ON inbox_raw.inbox_id = inbox.id WHERE inbox.id = $1"
);

#[derive(Serialize)]
struct Slice {
    id: i64,
    // Counted from 1, as `substr` does.
    at: usize,
    size: usize,
}

#[derive(Serialize)]
pub(super) struct IdRow {
    pub(super) id: i64,
}

/// The SHA-256 of a message too large for its row, lower-case hex.
pub(super) fn address(raw: &[u8]) -> Option<String> {
    (raw.len() > IN_ROW_BYTES).then(|| hex::encode(Sha256::digest(raw)))
}

/// Keeps the messages that fit into rows.
pub(super) async fn insert<'a>(
    tx: &mut Tx,
    messages: impl Iterator<Item = (InboxId, &'a [u8])>,
) -> Result<(), StoreError> {
    let mut slices = Vec::new();
    let mut bytes = Vec::new();
    for (id, raw) in messages.filter(|(_, raw)| raw.len() <= IN_ROW_BYTES) {
        slices.push(Slice { id: id.0, at: bytes.len() + 1, size: raw.len() });
        bytes.extend_from_slice(raw);
    }
    if !slices.is_empty() {
        tx.execute(INSERT, [json(&slices)?, Arg::Bytes(bytes)]).await?;
    }
    Ok(())
}

/// Keeps a large message in chunk rows.
pub(super) async fn insert_chunks(tx: &mut Tx, sha256: &str, raw: &[u8]) -> Result<(), StoreError> {
    for (n, chunk) in (0_i64..).zip(raw.chunks(CHUNK_BYTES)) {
        tx.execute(INSERT_CHUNK, [Arg::Text(sha256), Arg::Int(n), Arg::Bytes(chunk.to_vec())]).await?;
    }
    Ok(())
}

/// The messages kept in rows, of those rows that are there.
pub(super) async fn in_rows(tx: &mut Tx, ids: &[IdRow]) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    tx.fetch(OF_ROWS, [json(ids)?]).await
}

/// Where the file of a large message is.
pub(super) fn path(data_dir: &Path, sha256: &str) -> PathBuf {
    data_dir.join("raw").join(sha256.get(..2).unwrap_or("00")).join(sha256)
}

/// Writes a file so that it is whole and on the disk when this returns, or not there under its name.
pub(super) fn write_file(path: &Path, raw: &[u8]) -> std::io::Result<()> {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    if fs::metadata(path).is_ok_and(|found| found.len() == raw.len() as u64) {
        // It may be there because of a program that stopped before it made the name durable.
        return sync_folders(folder);
    }
    let name = format!("{}.{}.part", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
    let part = folder.join(name);
    let mut file = File::create(&part)?;
    file.write_all(raw)?;
    crash::point("raw.fsync");
    file.sync_all()?;
    crash::point("raw.rename");
    fs::rename(&part, path)?;
    crash::point("raw.folder");
    sync_folders(folder)
}

// The folder and the one above it: both may be new.
fn sync_folders(folder: &Path) -> std::io::Result<()> {
    for folder in folder.ancestors().take(3) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl Store {
    /// The message exactly as it came.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when there is no such row or its bytes are gone.
    pub async fn raw(&self, id: InboxId) -> Result<Vec<u8>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(Option<String>, Option<Vec<u8>>)> = tx.fetch(ONE, [Arg::Int(id.0)]).await?;
        let raw = match found.into_iter().next() {
            Some((_, Some(bytes))) => Ok(bytes),
            Some((Some(sha256), None)) => self.large(&mut tx, &sha256).await,
            Some((None, None)) | None => Err(StoreError::corrupt(format!("no raw message for inbox row {id}"))),
        };
        tx.commit().await?;
        raw
    }

    /// A large message by its SHA-256.
    pub(super) async fn large(&self, tx: &mut Tx, sha256: &str) -> Result<Vec<u8>, StoreError> {
        let raw = if self.backend.is_sqlite() {
            let path = path(&self.data_dir, sha256);
            tokio::fs::read(&path)
                .await
                .map_err(|error| StoreError::corrupt(format!("raw message {}: {error}", path.display())))?
        } else {
            tx.fetch::<(Vec<u8>,)>(CHUNKS, [Arg::Text(sha256)]).await?.into_iter().flat_map(|(chunk,)| chunk).collect()
        };
        if hex::encode(Sha256::digest(&raw)) == sha256 {
            Ok(raw)
        } else {
            Err(StoreError::corrupt(format!("raw message {sha256} has other bytes than it was stored with")))
        }
    }
}
