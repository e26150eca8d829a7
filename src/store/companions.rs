//! Text in chat is handed out together with what was written right after it in the same conversation, so that a burst of short
//! messages can be decided as one.

use super::StoreError;
use super::backend::{Sql, Tx, json, sql};
use super::raw::IdRow;

/// Rows after the first one that are looked at; a longer burst goes on as messages of their own.
const MOST: usize = 20;
/// A row whose next attempt is the last one is handed out alone: what brings the process down must not take its neighbours with it.
const MOST_ATTEMPTS: i64 = super::MAX_ATTEMPTS - 2;

// The next rows of each conversation in their order, with whether each may be read with the first: it is text that is held as
// well, and was written within the time that the first one is held.
const FOLLOWING: Sql = sql!(
    sqlite: "SELECT this.id, next.id, next.size_bytes,
            CASE WHEN next.hold_until > next.received_at AND next.attempts <= $2 AND next.lease_until <= $3
                  AND next.arrived_at <= this.arrived_at + this.hold_until - this.received_at THEN 1 ELSE 0 END
     FROM inbox AS this JOIN inbox AS next
       ON next.id IN (SELECT near.id FROM inbox AS near
                      WHERE near.conversation = this.conversation AND near.done_at IS NULL
                        AND (near.arrived_at > this.arrived_at OR (near.arrived_at = this.arrived_at AND near.id > this.id))
                      ORDER BY near.arrived_at, near.id LIMIT +$4)
     WHERE this.id IN (SELECT CAST(value->>'id' AS BIGINT) FROM json_each($1)) AND this.attempts <= $2
     ORDER BY this.id, next.arrived_at, next.id",
    postgres: "SELECT this.id, next.id, next.size_bytes,
            CAST(CASE WHEN next.hold_until > next.received_at AND next.attempts <= $2 AND next.lease_until <= $3
                  AND next.arrived_at <= this.arrived_at + this.hold_until - this.received_at THEN 1 ELSE 0 END AS BIGINT)
     FROM inbox AS this
     JOIN LATERAL (SELECT near.* FROM inbox AS near
                   WHERE near.conversation = this.conversation AND near.done_at IS NULL
                     AND (near.arrived_at > this.arrived_at OR (near.arrived_at = this.arrived_at AND near.id > this.id))
                   ORDER BY near.arrived_at, near.id LIMIT $4) AS next ON true
     WHERE this.id IN (SELECT CAST(value->>'id' AS BIGINT) FROM jsonb_array_elements(CAST($1 AS jsonb))) AND this.attempts <= $2
     ORDER BY this.id, next.arrived_at, next.id"
);

/// A row and the one it is read with.
pub(super) struct Companion {
    pub(super) first: i64,
    pub(super) id: i64,
    pub(super) size_bytes: i64,
}

/// The rows that are to be read with those of `heads`, which are the oldest unfinished ones of their conversations: of each the
/// longest run directly after it. Nobody else can hold them, since the first row of a conversation goes first.
pub(super) async fn find(tx: &mut Tx, heads: &[IdRow], now: i64) -> Result<Vec<Companion>, StoreError> {
    use super::backend::Arg;
    if heads.is_empty() {
        return Ok(Vec::new());
    }
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let args = [json(heads)?, Arg::Int(MOST_ATTEMPTS), Arg::Int(now), Arg::Int(most)];
    let rows: Vec<(i64, i64, i64, i64)> = tx.fetch(FOLLOWING, args).await?;
    Ok(runs(&rows))
}

/// What stands before the first row that may not be read with its head.
fn runs(rows: &[(i64, i64, i64, i64)]) -> Vec<Companion> {
    let mut found: Vec<Companion> = Vec::new();
    let mut ended = None;
    for (first, id, size_bytes, joins) in rows {
        if ended == Some(*first) {
            continue;
        }
        if *joins == 0 {
            ended = Some(*first);
        } else {
            found.push(Companion { first: *first, id: *id, size_bytes: *size_bytes });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn a_run_ends_at_the_first_row_that_does_not_belong() {
        let rows = [(1, 4, 9, 1), (1, 5, 9, 0), (1, 6, 9, 1), (2, 7, 9, 1), (3, 8, 9, 0), (3, 9, 9, 1)];
        let found: Vec<_> = runs(&rows).iter().map(|row| (row.first, row.id)).collect();
        assert_eq!(found, [(1, 4), (2, 7)]);
    }
}
