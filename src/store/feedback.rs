//! What people said of decisions, read for measuring and learning. It is written with its cause, by `changes`.

use super::backend::{Arg, Sql, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{Feedback, InboxId, Language, Timestamp, Vote};

const VOTES: Sql = sql!(
    "SELECT inbox_id, aspect, actor, source, outcome, given, wanted, decision, probability, at
     FROM feedback ORDER BY inbox_id, aspect, actor"
);
const SINCE: Sql = sql!("SELECT COUNT(*) FROM feedback WHERE at > $1");
const TEXTS: Sql = sql!(
    "SELECT messages.inbox_id, messages.subject, messages.reply_text, messages.language FROM messages
     WHERE messages.arrived_at >= $1 AND messages.inbox_id IN (SELECT feedback.inbox_id FROM feedback)
     ORDER BY messages.inbox_id"
);

/// A judged message as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedText {
    /// The message.
    pub inbox_id: InboxId,
    /// Its subject.
    pub subject: String,
    /// What was newly written.
    pub text: String,
    /// Its language.
    pub language: Language,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    inbox_id: i64,
    aspect: String,
    actor: String,
    source: String,
    outcome: String,
    given: Option<String>,
    wanted: Option<String>,
    decision: String,
    probability: Option<i64>,
    at: i64,
}

impl Store {
    /// Everything people said, by message.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn votes(&self) -> Result<Vec<Vote>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(VOTES, []).await?;
        tx.commit().await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// How much was said after `at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn votes_since(&self, at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(i64,)> = tx.fetch(SINCE, [Arg::Int(at.0)]).await?;
        tx.commit().await?;
        Ok(rows.iter().map(|(count,)| u64::try_from(*count).unwrap_or_default()).sum())
    }

    /// The judged messages that arrived at `since` or later and are still kept, by row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn judged_texts(&self, since: Timestamp) -> Result<Vec<JudgedText>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(i64, String, String, String)> = tx.fetch(TEXTS, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        let read = |(id, subject, text, language): (i64, String, String, String)| {
            let corrupt = |error: UnknownWord| StoreError::corrupt(format!("message of inbox row {id}: {error}"));
            Ok(JudgedText { inbox_id: InboxId(id), subject, text, language: language.parse().map_err(corrupt)? })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "a million fits")]
    pub(super) fn read(self) -> Result<Vote, StoreError> {
        let corrupt = |error: UnknownWord| StoreError::corrupt(format!("feedback on {}: {error}", self.inbox_id));
        Ok(Vote {
            feedback: Feedback {
                about: InboxId(self.inbox_id),
                aspect: self.aspect.parse().map_err(corrupt)?,
                actor: self.actor,
                source: self.source.parse().map_err(corrupt)?,
                outcome: self.outcome.parse().map_err(corrupt)?,
                given: self.given,
                wanted: self.wanted,
                at: Timestamp(self.at),
            },
            decision: self.decision,
            probability: self.probability.map(|millionths| millionths as f64 / 1e6),
        })
    }
}
