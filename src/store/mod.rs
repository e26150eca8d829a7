//! Everything that is remembered, on `SQLite` or `PostgreSQL`. One public function is one transaction. The store never decides
//! and never reads the clock: callers say what time it is.
//!
//! Every write is safe to repeat: messages are known by (channel, external id), tickets by version, outgoing messages by their key.

mod accept;
mod access;
mod alerts;
mod articles;
mod attempts;
mod audit;
mod backend;
mod backup;
mod changes;
mod circuits;
mod claim;
mod companions;
mod context;
/// Places where the crash tests end the process.
pub mod crash;
mod cursors;
mod dump;
mod edits;
mod error;
mod expire;
mod feedback;
mod figures;
mod files;
mod forget;
mod leases;
mod ledger;
mod mail_state;
mod models;
mod outbox;
mod outbox_rows;
mod past;
mod people;
mod posts;
mod privacy;
mod problem_traces;
mod problems;
mod processes;
mod questions;
mod raw;
mod recent;
mod report;
mod rows;
mod rule_hits;
mod scans;
mod schema;
mod secrets;
mod send_counts;
mod sent_copies;
mod tickets;
mod timers;
mod unfinished;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicU64;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

pub use accept::Accepted;
pub use access::Standing;
pub use articles::ArticleChanges;
pub use audit::AuditFilter;
pub use circuits::Circuit;
pub use claim::{Claim, InboxItem, MAX_ATTEMPTS, ToBury};
pub use cursors::HandedOver;
pub use error::{SettleError, StoreError};
pub use feedback::JudgedText;
pub use figures::Figures;
pub use leases::Fence;
pub use ledger::{InboxFilter, InboxRow, LedgerTotals, Page};
pub use mail_state::{MailCursor, MailState};
pub use models::LearnRun;
pub use outbox::{Delivery, OutboxItem, Sending};
pub use outbox_rows::{OutboxFilter, OutboxRow, OutboxState};
pub use past::PastPage;
pub use posts::EarlierPost;
pub use privacy::{Belongings, Traces};
pub use processes::AgentsWork;
pub use rule_hits::RuleFigures;
pub use scans::{Scanned, Unscanned, UnscannedFile};
pub use schema::MIGRATIONS;
pub use sent_copies::SentCopy;
pub use tickets::{ListedTicket, TicketFilter, TicketMessage};

use backend::Backend;

/// Which rows a command means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which<T> {
    /// Every row it applies to.
    All,
    /// These, as far as it applies to them.
    Ids(Vec<T>),
}

/// The open database.
#[derive(Debug)]
pub struct Store {
    backend: Backend,
    data_dir: PathBuf,
    inbox_wake: Notify,
    outbox_wake: Notify,
    claims: AtomicU64,
}

impl Store {
    /// Opens `sqlite://path` or `postgres://…`, creates what is missing and brings the schema up to date. Large raw messages of a
    /// `SQLite` store are kept under `data_dir/raw`.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooNew`] when a newer program wrote the database, [`StoreError::Unusable`] for other URLs,
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn open(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(data_dir)?;
        let (backend, _only_one) = open_backend(url, schema::latest()).await?;
        Ok(Self {
            backend,
            data_dir: data_dir.to_owned(),
            inbox_wake: Notify::new(),
            outbox_wake: Notify::new(),
            claims: AtomicU64::new(0),
        })
    }

    /// Opens a database that is there already, for reading alone: a replica that may not be written will do. Nothing is made and the
    /// schema is not brought up to date.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when its schema is older than this program's or there is none, otherwise as [`Store::open`].
    pub async fn open_to_read(url: &str, data_dir: &Path) -> Result<Self, StoreError> {
        let backend = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url).map_err(|error| unusable_url(&error))?;
            if !options.get_filename().exists() {
                return Err(StoreError::unusable(format!("there is no database {}", options.get_filename().display())));
            }
            Backend::open_sqlite_readers(options)
        } else {
            let options = PgConnectOptions::from_str(url).map_err(|error| unusable_url(&error))?;
            Backend::open_postgres(options).await?
        };
        let version = schema::version(&backend).await?;
        match version.cmp(&schema::latest()) {
            std::cmp::Ordering::Greater => return Err(StoreError::SchemaTooNew { version }),
            std::cmp::Ordering::Less => {
                return Err(StoreError::unusable(format!(
                    "the database has schema version {version}, older than this program's; start the desk once to bring it up to date"
                )));
            }
            std::cmp::Ordering::Equal => {}
        }
        Ok(Self {
            backend,
            data_dir: data_dir.to_owned(),
            inbox_wake: Notify::new(),
            outbox_wake: Notify::new(),
            claims: AtomicU64::new(0),
        })
    }

    /// Waits for running transactions and closes all connections.
    pub async fn close(&self) {
        self.backend.close().await;
    }

    /// Ready when this process has put work into the inbox since the call. Take it before claiming, await it after a claim that
    /// found nothing. Other processes are not heard: poll as well.
    pub fn notified_inbox(&self) -> Notified<'_> {
        self.inbox_wake.notified()
    }

    /// The same for the outbox.
    pub fn notified_outbox(&self) -> Notified<'_> {
        self.outbox_wake.notified()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The reason why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut tx = self.backend.read().await?;
        tx.fetch::<(i64,)>(backend::sql!("SELECT CAST(1 AS BIGINT)"), []).await?;
        tx.commit().await
    }
}

/// Opens the database at `url` and brings its schema up to `version`. Other programs that open the same `SQLite` file wait until the
/// file that comes with it is dropped.
async fn open_backend(url: &str, version: i64) -> Result<(Backend, Option<std::fs::File>), StoreError> {
    let (backend, lock) = if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url).map_err(|error| unusable_url(&error))?;
        if let Some(parent) = options.get_filename().parent() {
            std::fs::create_dir_all(parent)?;
        }
        let lock = schema::wait_for_other_programs(options.get_filename()).await?;
        (Backend::open_sqlite(options).await?, Some(lock))
    } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url).map_err(|error| unusable_url(&error))?;
        (Backend::open_postgres(options).await?, None)
    } else {
        return Err(StoreError::unusable("the database URL must begin with sqlite:// or postgres://"));
    };
    schema::migrate_to(&backend, version).await?;
    Ok((backend, lock))
}

// The error of the parser names what is wrong, never the password in the URL.
fn unusable_url(error: &sqlx::Error) -> StoreError {
    StoreError::unusable(format!("the database URL cannot be read: {error}"))
}
