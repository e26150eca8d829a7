//! What can go wrong in the store, said as what the caller can do about it.

use std::error::Error;

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

use crate::domain::InboxId;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The caller no longer holds what it wants to finish: drop the work, somebody else has it. Nothing was written.
    #[error("lease lost: {what}")]
    LeaseLost {
        /// The rows or the lease.
        what: String,
    },
    /// The stored state is not the one the change was made from, or a unique key is taken: load again and decide again.
    #[error("conflict: {what}")]
    Conflict {
        /// What clashed.
        what: String,
    },
    /// The disk is full: stop taking messages in, try again later.
    #[error("no space left for the database")]
    Full(#[source] Box<dyn Error + Send + Sync>),
    /// The database may only be read: stop taking messages in until an operator has mended it.
    #[error("the database is read-only")]
    ReadOnly(#[source] Box<dyn Error + Send + Sync>),
    /// Locked, down or out of reach: try again later. Nothing was written.
    #[error("the database cannot be reached or is busy")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke during COMMIT: it may be written or not. Look by key, or do it again: every effect has a unique key.
    #[error("the connection broke while committing; the outcome is unknown")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
    /// The database asked to do the transaction again (serialisation failure, deadlock). The store has done so several times already.
    #[error("the database asked to repeat the transaction")]
    Repeat(#[source] Box<dyn Error + Send + Sync>),
    /// The database was written by a newer version of the program: start that one.
    #[error("the database has schema version {version}, newer than this program knows; start the newer program")]
    SchemaTooNew {
        /// The schema version found.
        version: i64,
    },
    /// What is stored cannot be read: restore from a backup.
    #[error("stored data cannot be read: {what}")]
    Corrupt {
        /// What cannot be read and why.
        what: String,
    },
    /// The database URL, the data directory or the archive cannot be used: an operator has to change it.
    #[error("{what}")]
    Unusable {
        /// What is wrong and what to do.
        what: String,
    },
}

/// Why a batch was not settled. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// These rows are no longer the caller's: drop them and settle the others.
    #[error("lease lost on inbox rows {ids:?}")]
    LeaseLost {
        /// Ascending.
        ids: Vec<InboxId>,
    },
    /// These rows clash with what is stored or with an earlier one of the batch: load their context again and decide again.
    #[error("changes of inbox rows {ids:?} were made from an old state")]
    Conflict {
        /// Ascending.
        ids: Vec<InboxId>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    pub(super) fn is_repeat(&self) -> bool {
        matches!(self, Self::Repeat(_))
    }

    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    pub(super) fn unusable(what: impl Into<String>) -> Self {
        Self::Unusable { what: what.into() }
    }

    /// The error of a COMMIT. Once COMMIT was sent, a lost connection says nothing about what the server did.
    pub(super) fn at_commit(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Unavailable(source) => Self::OutcomeUnknown(source),
            other => other,
        }
    }
}

impl SettleError {
    pub(super) fn is_repeat(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_repeat())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                match database.kind() {
                    ErrorKind::Other => by_code(&code, error),
                    kind => Self::Conflict { what: format!("{kind:?}: {}", database.message()) },
                }
            }
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full(Box::new(error)),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::RowNotFound => Self::corrupt(error.to_string()),
            sqlx::Error::Configuration(_) => Self::unusable(error.to_string()),
            _ => Self::Unavailable(Box::new(error)),
        }
    }
}

/// SQLite's result codes are numbers, `PostgreSQL`'s five characters: they cannot be mistaken for each other.
/// <https://www.sqlite.org/rescode.html>, <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn by_code(code: &str, error: sqlx::Error) -> StoreError {
    const READ_ONLY: i64 = 8;
    const CORRUPT: i64 = 11;
    const FULL: i64 = 13;
    const NOT_A_DATABASE: i64 = 26;
    if code.len() < 5 {
        // The low byte is the kind, the rest says more about it.
        return match code.parse::<i64>().map(|number| number & 0xff) {
            Ok(FULL) => StoreError::Full(Box::new(error)),
            Ok(READ_ONLY) => StoreError::ReadOnly(Box::new(error)),
            Ok(CORRUPT | NOT_A_DATABASE) => StoreError::corrupt(error.to_string()),
            _ => StoreError::Unavailable(Box::new(error)),
        };
    }
    match (code, code.get(..2).unwrap_or_default()) {
        ("40001" | "40P01", _) => StoreError::Repeat(Box::new(error)),
        ("53100", _) => StoreError::Full(Box::new(error)),
        ("25006", _) => StoreError::ReadOnly(Box::new(error)),
        ("XX001" | "XX002", _) => StoreError::corrupt(error.to_string()),
        // A value the schema refuses (out of range, not UTF-8): the change is at fault, not the database.
        (_, "22") => StoreError::Conflict { what: error.to_string() },
        ("3D000", _) | (_, "28") => StoreError::unusable(error.to_string()),
        _ => StoreError::Unavailable(Box::new(error)),
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(version) => Self::SchemaTooNew { version },
            other => Self::corrupt(other.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::corrupt(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full(Box::new(error)),
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(Box::new(error))
            }
            _ => Self::Unavailable(Box::new(error)),
        }
    }
}
