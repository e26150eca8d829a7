//! Keeps the limits on automatic mail exact: a decision names how many automatic messages to an address it knew of, and is refused when
//! more were written meanwhile.

use std::collections::BTreeMap;

use super::StoreError;
use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use crate::domain::{Changes, Timestamp};

const DAY_MS: i64 = 24 * 3_600_000;
const COUNTS: Sql = bulk!(
    "SELECT r.value->>'address', COUNT(*) FROM " ROWS " AS r
     JOIN outbox ON outbox.recipient = r.value->>'address' AND outbox.automatic = 1 AND outbox.created_at > $2
     GROUP BY r.value->>'address'"
);
/// `SQLite` has one writer; `PostgreSQL` must keep others from writing to the same addresses until this is committed. In order of
/// address, so that two never wait for each other.
const LOCK: Sql = sql!(
    sqlite: "SELECT 0 WHERE $1 = ''",
    postgres: "SELECT COUNT(*) FROM (
                 SELECT pg_advisory_xact_lock(7305114, hashtext(a.address)) FROM (
                   SELECT value->>'address' AS address FROM jsonb_array_elements(CAST($1 AS jsonb)) ORDER BY 1) AS a) AS locked"
);

#[derive(serde::Serialize)]
struct Row<'a> {
    address: &'a str,
}

/// The addresses of `batch` to which more automatic messages are written than its decisions knew of.
pub(super) async fn outdated<'a>(
    tx: &mut Tx,
    batch: &'a [Changes],
    now: Timestamp,
) -> Result<Vec<&'a str>, StoreError> {
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    for count in batch.iter().filter_map(|changes| changes.send_count.as_ref()) {
        // Later ones of the batch count the earlier ones, which are not written yet.
        known.entry(&count.address).and_modify(|least| *least = count.known.min(*least)).or_insert(count.known);
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row<'_>> = known.keys().map(|address| Row { address }).collect();
    tx.fetch::<(i64,)>(LOCK, [json(&rows)?]).await?;
    let written: Vec<(String, i64)> = tx.fetch(COUNTS, [json(&rows)?, Arg::Int(now.plus_ms(-DAY_MS).0)]).await?;
    let more = |address: &&str| {
        let known = known.get(address).copied().unwrap_or_default();
        written.iter().any(|(other, count)| other == address && *count > i64::from(known))
    };
    Ok(known.keys().copied().filter(more).collect())
}
