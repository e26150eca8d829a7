//! What the list of problems holds of an erased person: titles are the subjects of their tickets, keys hold details of their requests.

use super::StoreError;
use super::backend::{Arg, Sql, Tx, bulk, json, sql};
use super::privacy::{id_rows, numbers};

// Problems that were seen on no ticket of anybody else.
const ALONE: Sql = bulk!(
    "SELECT problem_tickets.problem_key FROM problem_tickets
     LEFT JOIN " ROWS " AS r ON CAST(r.value->>'id' AS BIGINT) = problem_tickets.ticket_id
     WHERE problem_tickets.problem_key NOT LIKE 'erased/%'
     GROUP BY problem_tickets.problem_key HAVING COUNT(*) = COUNT(r.value->>'id') ORDER BY problem_tickets.problem_key"
);
const TITLED: Sql = bulk!(
    "SELECT key FROM problems
     WHERE title <> '(erased)' AND first_ticket_id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ") ORDER BY key"
);
const BLANK: Sql = sql!("UPDATE problems SET title = '(erased)', version = version + 1 WHERE key = $1");
const RENAME: Sql = sql!("UPDATE problems SET key = $2 WHERE key = $1");
const RENAME_TICKETS: Sql = sql!("UPDATE problem_tickets SET problem_key = $2 WHERE problem_key = $1");
const NOTICES: Sql = sql!("SELECT id FROM outbox WHERE dedupe_key LIKE $1 ESCAPE '\\' ORDER BY id");
const RENAME_NOTICES: Sql = bulk!(
    "UPDATE outbox SET dedupe_key = 'erased:' || CAST(id AS TEXT), message_id = 'erased:' || CAST(id AS TEXT)
     WHERE id IN (SELECT CAST(value->>'id' AS BIGINT) FROM " ROWS ")"
);

/// Takes the titles away that came from `tickets`, and the keys of problems that were seen on no other ticket. Returns the rows of
/// the notices about these problems, which are to be blanked.
pub(super) async fn forget(tx: &mut Tx, tickets: &Arg<'static>, mark: &str) -> Result<Vec<i64>, StoreError> {
    let mut notices = Vec::new();
    for (key,) in tx.fetch::<(String,)>(TITLED, [tickets.clone()]).await? {
        notices.extend(about(tx, &key).await?);
        tx.execute(BLANK, [Arg::Text(&key)]).await?;
    }
    for (n, (key,)) in tx.fetch::<(String,)>(ALONE, [tickets.clone()]).await?.into_iter().enumerate() {
        notices.extend(about(tx, &key).await?);
        let name = format!("erased/{mark}-{n}");
        for sql in [RENAME, RENAME_TICKETS] {
            tx.execute(sql, [Arg::Text(&key), Arg::Text(&name)]).await?;
        }
    }
    notices.sort_unstable();
    notices.dedup();
    Ok(notices)
}

/// Takes the keys of problems out of what was sent about them.
pub(super) async fn rename_notices(tx: &mut Tx, notices: &[i64]) -> Result<(), StoreError> {
    tx.execute(RENAME_NOTICES, [json(&id_rows(notices.iter().copied()))?]).await?;
    Ok(())
}

/// Notices about a problem: their dedupe keys begin with its own.
async fn about(tx: &mut Tx, key: &str) -> Result<Vec<i64>, StoreError> {
    let key = key.replace(' ', "-").replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let begins = format!("notice:problem-{key}:%");
    numbers(tx, NOTICES, vec![Arg::Text(&begins)]).await
}
