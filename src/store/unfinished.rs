//! What came in over a channel and is not done with: connectors look whether it still stands where it was said.

use super::backend::{Arg, Sql, sql};
use super::raw::{self, IdRow};
use super::{Store, StoreError};
use crate::domain::{Channel, Received, Timestamp};

// Messages of tickets that have not ended, and what is not decided yet; without those that are known to be taken back. A message is
// named after its channel: `slack:C1/1.0` was stored as `C1/1.0`, and that it was taken back as `C1/1.0#deleted`.
macro_rules! found {
    ($limit:literal) => {
        concat!(
            "SELECT found.id, found.source, found.external_id, found.conversation, found.arrived_at, found.stale FROM (
               SELECT inbox.id, inbox.source, inbox.external_id, inbox.conversation, inbox.arrived_at, inbox.stale, inbox.channel,
                      substr(messages.message_id, length(inbox.channel) + 2) AS said
               FROM tickets JOIN messages ON messages.ticket_id = tickets.id JOIN inbox ON inbox.id = messages.inbox_id
               WHERE tickets.status IN ('new', 'open', 'waiting', 'answered') AND inbox.channel = $1 AND inbox.arrived_at >= $2
               UNION ALL
               SELECT id, source, external_id, conversation, arrived_at, stale, channel, external_id AS said
               FROM inbox WHERE done_at IS NULL AND channel = $1 AND arrived_at >= $2
             ) AS found
             WHERE NOT EXISTS (SELECT 1 FROM inbox AS gone
                               WHERE gone.channel = found.channel AND gone.external_id = found.said || '#deleted')
             ORDER BY found.arrived_at DESC, found.id DESC LIMIT ",
            $limit
        )
    };
}
const FOUND: Sql = sql!(sqlite: found!("+$3"), postgres: found!("$3"));

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    source: String,
    external_id: String,
    conversation: String,
    arrived_at: i64,
    stale: i64,
}

impl Store {
    /// What came in over `channel` since then and is on a ticket that has not ended, or not decided yet; newest first, at most
    /// `most`. What was taken back, or is larger than a row takes, is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unfinished(
        &self,
        channel: Channel,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<Received>, StoreError> {
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let mut tx = self.backend.read().await?;
        let args = [Arg::Text(channel.as_str()), Arg::Int(since.0), Arg::Int(limit)];
        let rows: Vec<Row> = tx.fetch(FOUND, args).await?;
        let ids: Vec<IdRow> = rows.iter().map(|row| IdRow { id: row.id }).collect();
        let mut bytes: std::collections::HashMap<i64, Vec<u8>> =
            raw::in_rows(&mut tx, &ids).await?.into_iter().collect();
        tx.commit().await?;
        let received = rows.into_iter().filter_map(|row| {
            Some(Received {
                channel,
                source: row.source,
                external_id: row.external_id,
                conversation: row.conversation,
                raw: bytes.remove(&row.id)?,
                full_size_bytes: None,
                arrived_at: Timestamp(row.arrived_at),
                hold_ms: 0,
                stale: row.stale != 0,
            })
        });
        Ok(received.collect())
    }
}
