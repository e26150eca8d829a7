//! Every table as JSON lines, in a form both databases read: whole numbers as numbers, text as text, bytes as hex. Tables, columns and
//! the order that foreign keys ask for are read from the database itself, so that a table is in the dump because it is in the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;

use super::StoreError;
use super::backend::{Backend, Sql, Tx, sql};

/// Rows of one INSERT, counted in bytes of their text.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of large messages travel as files of their own; see `backup`.
const LEFT_OUT: &str = "raw_chunks";

const TABLES: Sql = sql!(
    sqlite: "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND substr(name, 1, 5) <> '_sqlx' ORDER BY name",
    postgres: "SELECT CAST(relname AS TEXT) FROM pg_class
               WHERE relkind = 'r' AND relnamespace = CAST(current_schema() AS regnamespace) AND left(relname, 5) <> '_sqlx'
               ORDER BY relname"
);
const COLUMNS: Sql = sql!(
    sqlite: "SELECT t.name, c.name, c.type FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
             WHERE t.type = 'table' ORDER BY t.name, c.cid",
    postgres: "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), format_type(a.atttypid, a.atttypmod)
               FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
               WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r'
                 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
               ORDER BY c.relname, a.attnum"
);
const REFERENCES: Sql = sql!(
    sqlite: "SELECT t.name, f.\"table\" FROM sqlite_schema AS t, pragma_foreign_key_list(t.name) AS f WHERE t.type = 'table'",
    postgres: "SELECT CAST(c.relname AS TEXT), CAST(f.relname AS TEXT)
               FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS f ON f.oid = k.confrelid
               WHERE k.contype = 'f' AND c.relnamespace = CAST(current_schema() AS regnamespace)"
);
const SEQUENCES: &str = "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT),
        pg_get_serial_sequence(quote_ident(c.relname), a.attname)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0
      AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL";

/// A table of the schema.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// As the database calls it.
    kind: String,
}

impl Column {
    fn is_bytes(&self) -> bool {
        matches!(self.kind.to_ascii_uppercase().as_str(), "BLOB" | "BYTEA")
    }

    fn is_real(&self) -> bool {
        self.kind.eq_ignore_ascii_case("REAL")
    }
}

/// Writes every table under `work`, all from the state `tx` reads; entry names and files, those that others refer to first.
pub(super) async fn write(tx: &mut Tx, work: &Path) -> Result<Vec<(String, PathBuf)>, StoreError> {
    let mut entries = Vec::new();
    for table in tables(tx).await? {
        let name = format!("{}.jsonl", table.name);
        let path = work.join(&name);
        let mut file = BufWriter::new(File::create(&path)?);
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        line(&mut file, &serde_json::to_string(&columns)?)?;
        match tx {
            Tx::Sqlite(tx) => {
                let read = AssertSqlSafe(sqlite_read(&table));
                let mut rows = sqlx::query_scalar::<_, String>(read).fetch(&mut **tx);
                while let Some(text) = rows.try_next().await? {
                    line(&mut file, &text)?;
                }
            }
            Tx::Postgres(tx) => {
                let read = AssertSqlSafe(postgres_read(&table));
                let mut rows = sqlx::query_scalar::<_, String>(read).fetch(&mut **tx);
                while let Some(text) = rows.try_next().await? {
                    line(&mut file, &text)?;
                }
            }
        }
        file.flush()?;
        entries.push((name, path));
    }
    Ok(entries)
}

fn line(file: &mut impl Write, text: &str) -> std::io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")
}

/// Reads the files under `work` into the tables, in one transaction. What a fresh database made for itself (a key, a lease) gives way.
pub(super) async fn read(backend: &Backend, work: &Path, large: &[(String, PathBuf)]) -> Result<(), StoreError> {
    let mut tx = backend.write().await?;
    let tables = tables(&mut tx).await?;
    for table in tables.iter().rev() {
        run(&mut tx, format!("DELETE FROM {}", quoted(&table.name)), None).await?;
    }
    for table in &tables {
        let path = work.join(format!("{}.jsonl", table.name));
        if path.exists() {
            fill(&mut tx, table, &path).await?;
        }
    }
    if let Tx::Postgres(inner) = &mut tx {
        let sequences: Vec<(String, String, String)> = sqlx::query_as(SEQUENCES).fetch_all(&mut **inner).await?;
        for (table, column, sequence) in sequences {
            // Numbers given out from now on are above those restored.
            let (table, column) = (quoted(&table), quoted(&column));
            let set = format!(
                "SELECT setval(CAST($1 AS regclass), COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL) FROM {table}"
            );
            sqlx::query(AssertSqlSafe(set)).bind(sequence).execute(&mut **inner).await?;
        }
        for (sha256, path) in large {
            super::raw::insert_chunks(&mut tx, sha256, &std::fs::read(path)?).await?;
        }
    }
    tx.commit().await
}

/// Fills one table from its file.
async fn fill(tx: &mut Tx, table: &Table, path: &Path) -> Result<(), StoreError> {
    let mut lines = BufReader::new(File::open(path)?).lines();
    let Some(first) = lines.next() else { return Ok(()) };
    let written: Vec<String> = serde_json::from_str(&first?)?;
    if let Some(unknown) = written.iter().find(|name| !table.columns.iter().any(|column| column.name == **name)) {
        return Err(StoreError::unusable(format!("table {} has no column {unknown}", table.name)));
    }
    let columns: Vec<&Column> = table.columns.iter().filter(|column| written.contains(&column.name)).collect();
    let insert = match tx {
        Tx::Sqlite(_) => sqlite_write(&table.name, &columns),
        Tx::Postgres(_) => postgres_write(&table.name, &columns),
    };
    let mut batch = String::new();
    for row in lines {
        batch.push(if batch.is_empty() { '[' } else { ',' });
        batch.push_str(&row?);
        if batch.len() > BATCH_BYTES {
            batch.push(']');
            run(tx, insert.clone(), Some(std::mem::take(&mut batch))).await?;
        }
    }
    if !batch.is_empty() {
        batch.push(']');
        run(tx, insert, Some(batch)).await?;
    }
    Ok(())
}

/// Runs a statement made from names the database itself gave.
async fn run(tx: &mut Tx, text: String, rows: Option<String>) -> Result<(), StoreError> {
    match tx {
        Tx::Sqlite(tx) => {
            let query = sqlx::query(AssertSqlSafe(text));
            match rows {
                Some(rows) => query.bind(rows).execute(&mut **tx).await?,
                None => query.execute(&mut **tx).await?,
            };
        }
        Tx::Postgres(tx) => {
            let query = sqlx::query(AssertSqlSafe(text));
            match rows {
                Some(rows) => query.bind(rows).execute(&mut **tx).await?,
                None => query.execute(&mut **tx).await?,
            };
        }
    }
    Ok(())
}

/// Every table but the one whose bytes travel as files, those that others refer to first.
async fn tables(tx: &mut Tx) -> Result<Vec<Table>, StoreError> {
    let names: Vec<(String,)> = tx.fetch(TABLES, []).await?;
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for (table, name, kind) in tx.fetch::<(String, String, String)>(COLUMNS, []).await? {
        columns.entry(table).or_default().push(Column { name, kind });
    }
    let references: Vec<(String, String)> = tx.fetch(REFERENCES, []).await?;
    let names: Vec<String> = names.into_iter().map(|(name,)| name).collect();
    let ordered = in_order(&names, &references).into_iter().filter(|name| name != LEFT_OUT);
    Ok(ordered.map(|name| Table { columns: columns.remove(&name).unwrap_or_default(), name }).collect())
}

/// `names` so that each comes after those it refers to; tables that refer to each other in a circle come last, by name.
fn in_order(names: &[String], references: &[(String, String)]) -> Vec<String> {
    let mut ordered: Vec<String> = Vec::with_capacity(names.len());
    let mut left: BTreeSet<&String> = names.iter().collect();
    while !left.is_empty() {
        let waits = |name: &String| references.iter().any(|(from, to)| from == name && to != name && left.contains(to));
        let mut ready: Vec<&String> = left.iter().copied().filter(|name| !waits(name)).collect();
        if ready.is_empty() {
            ready.extend(&left);
        }
        for name in ready {
            left.remove(name);
            ordered.push(name.clone());
        }
    }
    ordered
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list<'a>(columns: impl IntoIterator<Item = &'a Column>, each: impl Fn(&Column, String) -> String) -> String {
    columns.into_iter().map(|column| each(column, quoted(&column.name))).collect::<Vec<_>>().join(", ")
}

fn sqlite_read(table: &Table) -> String {
    let members = list(&table.columns, |column, name| {
        let text = column.name.replace('\'', "''");
        let value = if column.is_bytes() {
            format!("CASE WHEN {name} IS NULL THEN NULL ELSE hex({name}) END")
        } else if column.is_real() {
            // As many digits as bring the same number back.
            format!("CASE WHEN {name} IS NULL THEN NULL ELSE json(printf('%!.17g', {name})) END")
        } else {
            name
        };
        format!("'{text}', {value}")
    });
    format!("SELECT json_object({members}) FROM {}", quoted(&table.name))
}

fn postgres_read(table: &Table) -> String {
    let values =
        list(
            &table.columns,
            |column, name| {
                if column.is_bytes() { format!("encode({name}, 'hex') AS {name}") } else { name }
            },
        );
    format!("SELECT CAST(row_to_json(t) AS TEXT) FROM (SELECT {values} FROM {}) AS t", quoted(&table.name))
}

fn sqlite_write(table: &str, columns: &[&Column]) -> String {
    let names = list(columns.iter().copied(), |_, name| name);
    let values = list(columns.iter().copied(), |column, _| {
        let member = format!("value->>'{}'", column.name.replace('\'', "''"));
        if column.is_bytes() { format!("unhex({member})") } else { member }
    });
    format!("INSERT INTO {} ({names}) SELECT {values} FROM json_each($1) WHERE true", quoted(table))
}

fn postgres_write(table: &str, columns: &[&Column]) -> String {
    let names = list(columns.iter().copied(), |_, name| name);
    let values = list(
        columns.iter().copied(),
        |column, name| {
            if column.is_bytes() { format!("decode({name}, 'hex')") } else { name }
        },
    );
    let kinds = list(columns.iter().copied(), |column, name| {
        format!("{name} {}", if column.is_bytes() { "text" } else { column.kind.as_str() })
    });
    format!(
        "INSERT INTO {} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM json_to_recordset(CAST($1 AS json)) AS r({kinds})",
        quoted(table)
    )
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn tables_come_after_those_they_refer_to() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
        };
        for (references, wanted) in [
            (pairs(&[]), "abcde"),
            (pairs(&[("a", "b"), ("b", "e"), ("e", "e"), ("c", "a")]), "debac"),
            // A circle has no order; nothing is left out.
            (pairs(&[("a", "b"), ("b", "a"), ("c", "a")]), "deabc"),
        ] {
            assert_eq!(in_order(&names, &references).concat(), wanted, "{references:?}");
        }
    }
}
