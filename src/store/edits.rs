//! What changes in stored messages: their writers edit them, and people take them over to another ticket.

use super::StoreError;
use super::backend::{Sql, Tx, bulk};
use super::changes::put;
use super::rows::Rows;

const EDIT_MESSAGES: Sql = bulk!(
    "UPDATE messages SET text = r.value->>'text', reply_text = r.value->>'reply_text'
     FROM " ROWS " AS r WHERE messages.inbox_id = CAST(r.value->>'id' AS BIGINT)"
);
const MOVE_MESSAGES: Sql = bulk!(
    "UPDATE messages SET ticket_id = CAST(r.value->>'ticket' AS BIGINT)
     FROM " ROWS " AS r WHERE messages.inbox_id = CAST(r.value->>'id' AS BIGINT)"
);
const MOVE_INBOX: Sql = bulk!(
    "UPDATE inbox SET ticket_id = CAST(r.value->>'ticket' AS BIGINT)
     FROM " ROWS " AS r WHERE inbox.id = CAST(r.value->>'id' AS BIGINT)"
);
const MOVE_KEYS: Sql = bulk!(
    "INSERT INTO thread_keys (key, ticket_id) SELECT value->>'key', CAST(value->>'ticket' AS BIGINT)
     FROM " ROWS " WHERE true ON CONFLICT (key) DO UPDATE SET ticket_id = excluded.ticket_id"
);

/// Writes all edits and moves of `rows`.
pub(super) async fn put_all(tx: &mut Tx, rows: &Rows<'_>) -> Result<(), StoreError> {
    // An erased message stays erased.
    put(tx, EDIT_MESSAGES, &rows.edits, None).await?;
    put(tx, MOVE_MESSAGES, &rows.moved, None).await?;
    put(tx, MOVE_INBOX, &rows.moved, None).await?;
    put(tx, MOVE_KEYS, &rows.moved_keys, None).await?;
    Ok(())
}
