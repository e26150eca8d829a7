//! A `PostgreSQL` database as JSON lines, one file a table.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::PgPool;

use super::StoreError;
use super::backend::{Backend, Tx};

/// Rows of one INSERT, counted in characters.
const BATCH: usize = 4 * 1024 * 1024;

struct Table {
    name: &'static str,
    read: &'static str,
    write: &'static str,
}

macro_rules! table {
    ($name:literal) => {
        Table {
            name: $name,
            read: concat!("SELECT CAST(row_to_json(t) AS TEXT) FROM ", $name, " AS t"),
            write: concat!(
                "INSERT INTO ",
                $name,
                " SELECT * FROM json_populate_recordset(CAST(NULL AS ",
                $name,
                "), CAST($1 AS json))"
            ),
        }
    };
}

/// Every table, those that others refer to first.
const TABLES: &[Table] = &[
    table!("inbox"),
    table!("inbox_raw"),
    table!("raw_chunks"),
    table!("tickets"),
    table!("ticket_events"),
    table!("messages"),
    table!("attachments"),
    table!("tombstones"),
    table!("thread_keys"),
    table!("decisions"),
    table!("outbox"),
    table!("sla_timers"),
    table!("escalation_firings"),
    table!("problems"),
    table!("rules_in_force"),
    table!("delivery_attempts"),
    table!("article_revisions"),
    table!("mail_folders"),
    table!("mail_uids"),
    table!("leases"),
    table!("signing_keys"),
    table!("oauth_tokens"),
];
/// A fresh database may have made a key or a lease of its own: what is restored goes in their place.
const CLEAR: &[&str] = &[
    "DELETE FROM signing_keys",
    "DELETE FROM oauth_tokens",
    "DELETE FROM leases",
    "DELETE FROM rules_in_force",
    "DELETE FROM mail_uids",
    "DELETE FROM mail_folders",
];
/// Numbers given out from now on are above those restored.
const SEQUENCES: &[&str] = &[
    "SELECT setval(pg_get_serial_sequence('inbox', 'id'), (SELECT MAX(id) FROM inbox))",
    "SELECT setval(pg_get_serial_sequence('outbox', 'id'), (SELECT MAX(id) FROM outbox))",
    "SELECT setval(pg_get_serial_sequence('ticket_events', 'id'), (SELECT MAX(id) FROM ticket_events))",
];

/// Writes every table under `work`, all from one state; entry names and files.
pub(super) async fn write(pool: &PgPool, work: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut entries = Vec::new();
    for table in TABLES {
        let name = format!("{}.jsonl", table.name);
        let path = work.join(&name);
        let mut file = BufWriter::new(File::create(&path)?);
        let mut rows = sqlx::query_scalar::<_, String>(table.read).fetch(&mut *tx);
        while let Some(line) = rows.try_next().await? {
            file.write_all(line.as_bytes())?;
            file.write_all(b"\n")?;
        }
        file.flush()?;
        entries.push((name, path));
    }
    tx.commit().await?;
    Ok(entries)
}

/// Reads the files under `work` into empty tables, in one transaction.
pub(super) async fn read(backend: &Backend, work: &Path) -> Result<(), StoreError> {
    let Tx::Postgres(mut tx) = backend.write().await? else {
        return Err(StoreError::unusable("this archive is for PostgreSQL"));
    };
    for sql in CLEAR {
        sqlx::query(*sql).execute(&mut *tx).await?;
    }
    for table in TABLES {
        let path = work.join(format!("{}.jsonl", table.name));
        if !path.exists() {
            // An older program had no such table.
            continue;
        }
        let mut batch = String::new();
        for line in BufReader::new(File::open(path)?).lines() {
            batch.push(if batch.is_empty() { '[' } else { ',' });
            batch.push_str(&line?);
            if batch.len() > BATCH {
                batch.push(']');
                sqlx::query(table.write).bind(std::mem::take(&mut batch)).execute(&mut *tx).await?;
            }
        }
        if !batch.is_empty() {
            batch.push(']');
            sqlx::query(table.write).bind(batch).execute(&mut *tx).await?;
        }
    }
    for sql in SEQUENCES {
        sqlx::query(*sql).execute(&mut *tx).await?;
    }
    tx.commit().await.map_err(StoreError::at_commit)
}

#[cfg(test)]
mod tests {
    use super::TABLES;

    #[test]
    fn every_table_of_the_schema_is_dumped() {
        let mut created: Vec<String> = super::super::MIGRATIONS
            .iter()
            .flat_map(|(_, _, _, text)| text.lines())
            .filter_map(|line| Some(line.strip_prefix("CREATE TABLE ")?.split(' ').next()?.to_owned()))
            .collect();
        let mut dumped: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        created.sort();
        dumped.sort_unstable();
        assert_eq!(created, dumped);
    }
}
