//! The two databases, and the only place that knows there are two.
//!
//! Statements are written once in the common subset ([`sql!`]); a bulk statement takes its rows as one JSON array ([`bulk!`]).

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, Postgres, Sqlite, Transaction};

use super::StoreError;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const STATEMENTS: usize = 256;
const READERS: u32 = 4;
/// Page caches in KiB, written the way `SQLite` wants it. The writer touches random pages of every index; readers look up a few.
const WRITER_CACHE: &str = "-32768";
const READER_CACHE: &str = "-4096";
const POSTGRES_CONNECTIONS: u32 = 10;
/// Orders accepts among themselves and against settles on `PostgreSQL`; any number no other program uses on this database.
const ORDER_LOCK: i64 = 7_305_113;

#[derive(Debug)]
pub(super) enum Backend {
    /// One connection writes, others read.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction on either database. Dropped without a commit it is rolled back.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// One statement in both spellings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sql {
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// A statement that reads the same on both databases, or one text for each.
///
/// `SQLite` looks at the value of a bare parameter behind LIMIT when it plans, and plans again each time one is bound; behind a `+` it
/// does not look. `PostgreSQL` cannot tell the type of `+$1`.
macro_rules! sql {
    ($text:expr) => {
        $crate::store::backend::Sql { sqlite: $text, postgres: $text }
    };
    (sqlite: $sqlite:expr, postgres: $postgres:expr) => {
        $crate::store::backend::Sql { sqlite: $sqlite, postgres: $postgres }
    };
}
pub(super) use sql;

/// A statement whose rows come from `$1`, a JSON array of objects; `ROWS` stands where they are read. Each is a row with
/// the single column `value`; `value->>'name'` reads a member on both databases.
macro_rules! bulk {
    ($head:literal ROWS $tail:literal) => {
        $crate::store::backend::Sql {
            sqlite: concat!($head, "jsonb_each($1)", $tail),
            postgres: concat!($head, "jsonb_array_elements(CAST($1 AS jsonb))", $tail),
        }
    };
}
pub(super) use bulk;

/// Does `$work` again while the database asks for it.
macro_rules! repeat {
    ($work:expr) => {{
        let mut left = 5_u8;
        loop {
            match $work.await {
                Err(error) if left > 0 && error.is_repeat() => left -= 1,
                done => break done,
            }
        }
    }};
}
pub(super) use repeat;

/// A bound parameter.
#[derive(Clone, Debug)]
pub(super) enum Arg<'a> {
    Int(i64),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    /// Rows for a [`bulk!`] statement, from [`json`].
    Rows(String),
    Bytes(Vec<u8>),
}

/// Rows that can be read from both databases: tuples and `#[derive(FromRow)]`.
pub(super) trait Readable: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Readable for T {}

/// `rows` as the parameter of a [`bulk!`] statement.
pub(super) fn json<T: serde::Serialize>(rows: &[T]) -> Result<Arg<'static>, StoreError> {
    Ok(Arg::Rows(without_nul(serde_json::to_string(rows)?)))
}

/// Neither database keeps U+0000 in text, so it becomes U+FFFD.
fn without_nul(text: String) -> String {
    if !text.contains("\\u0000") {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        if let Some(after) = escape.strip_prefix("\\u0000") {
            clean.push_str("\\ufffd");
            rest = after;
        } else {
            // An escape is at least two characters long, both ASCII; skipping both keeps `\\u0000` (a backslash and text) whole.
            let (escape, after) = escape.split_at(escape.len().min(2));
            clean.push_str(escape);
            rest = after;
        }
    }
    clean.push_str(rest);
    clean
}

macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::MaybeText(value) => query.bind(value),
                Arg::Rows(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Backend {
    pub(super) async fn open_sqlite(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = for_desk(options);
        // A pool of its own with exactly one connection: writers queue here instead of colliding in the file.
        let writer = writer().connect_with(options.clone()).await?;
        Ok(Self::Sqlite { writer, readers: readers(options) })
    }

    /// For reading alone: the writer is there but never connects.
    pub(super) fn open_sqlite_readers(options: SqliteConnectOptions) -> Self {
        let options = for_desk(options).create_if_missing(false);
        let writer = writer().connect_lazy_with(options.clone().pragma("query_only", "on"));
        Self::Sqlite { writer, readers: readers(options) }
    }

    pub(super) async fn open_postgres(options: PgConnectOptions) -> Result<Self, StoreError> {
        let options = options.statement_cache_capacity(STATEMENTS).application_name("madoguchi").options([
            ("idle_in_transaction_session_timeout", "60000"),
            ("lock_timeout", "30000"),
            // The ROLLBACK after each release warns when there is nothing to roll back.
            ("client_min_messages", "error"),
            // A plan kept from the time when the tables were small reads whole tables once they are large. Planning each batch
            // again costs little against what the batch does.
            ("plan_cache_mode", "force_custom_plan"),
            ("jit", "off"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .acquire_timeout(BUSY_TIMEOUT)
            // A future dropped while it began a transaction would hand the open transaction to the next user (sqlx issue 4385).
            .after_release(|connection, _| {
                Box::pin(async move { sqlx::query("ROLLBACK").execute(connection).await.map(|_| true) })
            })
            .connect_with(options)
            .await?;
        Ok(Self::Postgres(pool))
    }

    /// A transaction that writes. `SQLite` takes its write lock at once, so that a transaction that reads first waits instead
    /// of failing half-way.
    pub(super) async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(begin_immediate(writer).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that reads one state of the database.
    pub(super) async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Empties the write-ahead log, which still holds what was wiped. While somebody reads, the log keeps it until a later checkpoint.
    pub(super) async fn flush_wiped(&self) -> Result<(), StoreError> {
        if let Self::Sqlite { writer, .. } = self {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(writer).await?;
        }
        Ok(())
    }

    /// Gives the room of deleted rows back and, on `SQLite`, writes the file anew, so that nothing deleted is left in it.
    pub(super) async fn shrink(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                for step in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                    sqlx::query(step).execute(writer).await?;
                }
            }
            Self::Postgres(pool) => {
                sqlx::query("VACUUM").execute(pool).await?;
            }
        }
        Ok(())
    }

    pub(super) const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite { .. })
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn for_desk(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .page_size(8192)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", "4000")
        .pragma("journal_size_limit", "67108864")
        .pragma("cache_size", WRITER_CACHE)
        .pragma("temp_store", "memory")
        .row_buffer_size(512)
}

fn writer() -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(1).test_before_acquire(false).idle_timeout(None).max_lifetime(None)
}

fn readers(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).max_lifetime(None).connect_lazy_with(
        options.create_if_missing(false).pragma("cache_size", READER_CACHE).pragma("query_only", "on"),
    )
}

/// On a full disk SQLite rolls back by itself (<https://www.sqlite.org/lang_transaction.html>, section 2.2), so the ROLLBACK of the
/// library fails and it counts an open transaction for ever. Such a connection is replaced.
async fn begin_immediate(writer: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    match writer.begin_with("BEGIN IMMEDIATE").await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            writer.acquire().await?.close().await?;
            writer.begin_with("BEGIN IMMEDIATE").await
        }
        begun => begun,
    }
}

impl Tx {
    /// Runs `sql`; how many rows it changed.
    pub(super) async fn execute<'a>(
        &mut self,
        sql: Sql,
        args: impl IntoIterator<Item = Arg<'a>>,
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sqlx::query(sql.sqlite), args).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => bound!(sqlx::query(sql.postgres), args).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Runs `sql`; all rows it returns.
    pub(super) async fn fetch<'a, T: Readable>(
        &mut self,
        sql: Sql,
        args: impl IntoIterator<Item = Arg<'a>>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sqlx::query_as(sql.sqlite), args).fetch_all(&mut **tx).await?,
            Self::Postgres(tx) => bound!(sqlx::query_as(sql.postgres), args).fetch_all(&mut **tx).await?,
        })
    }

    /// Makes this the only transaction that takes messages in, and waits for those that close some. On `PostgreSQL` row numbers
    /// are handed out before COMMIT: without this a later number could become visible first and overtake in its conversation.
    pub(super) async fn order_alone(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(ORDER_LOCK).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Waits for transactions that take messages in, but not for others that close some.
    pub(super) async fn order_shared(&mut self) -> Result<(), StoreError> {
        if let Self::Postgres(tx) = self {
            sqlx::query("SELECT pg_advisory_xact_lock_shared($1)").bind(ORDER_LOCK).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// From now on in this transaction what is deleted or written over is wiped from the file, not only from sight. `PostgreSQL` keeps
    /// old rows until it vacuums, which it does by itself.
    pub(super) async fn wipe(&mut self, on: bool) -> Result<(), StoreError> {
        if let Self::Sqlite(tx) = self {
            let sql = if on { "PRAGMA secure_delete = ON" } else { "PRAGMA secure_delete = OFF" };
            sqlx::query(sql).fetch_all(&mut **tx).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(StoreError::at_commit)
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await?,
            Self::Postgres(tx) => tx.rollback().await?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_nul;

    #[test]
    fn nul_is_replaced_and_an_escaped_backslash_is_left_alone() {
        for (given, wanted) in [
            (r#""a\u0000b""#, r#""a\ufffdb""#),
            (r#""a\\u0000b""#, r#""a\\u0000b""#),
            (r#""\\\u0000\n\u0000""#, r#""\\\ufffd\n\ufffd""#),
            (r#""\u0001\u0000""#, r#""\u0001\ufffd""#),
        ] {
            assert_eq!(without_nul(given.to_owned()), wanted, "{given}");
        }
    }
}
