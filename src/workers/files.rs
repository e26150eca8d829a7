//! The bytes of a file that came with a message.

use crate::domain::InboxId;
use crate::mail;
use crate::store::{Store, StoreError};

/// The file with this SHA-256 (lower-case hex) of the message `id`: kept by itself, or cut out of the raw mail. `None` when the
/// message does not hold it.
///
/// # Errors
/// The database failed, or what it holds cannot be read.
pub async fn bytes(store: &Store, id: InboxId, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
    if let Some(kept) = store.file(sha256).await? {
        return Ok(Some(kept));
    }
    let raw = store.raw(id).await?;
    Ok(mail::file(&raw, sha256).map(|file| file.bytes))
}
