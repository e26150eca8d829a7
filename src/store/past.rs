//! Decisions as they were made, a page at a time, with everything needed to make them again.

use std::collections::HashMap;

use super::backend::{Arg, Sql, Tx, sql};
use super::tickets::AttachmentRow;
use super::{Store, StoreError, feedback};
use crate::domain::words::UnknownWord;
use crate::domain::{Address, Attachment, Decided, InboxId, Judgement, Language, Message, Past, Seen, Timestamp};

const PAGE: Sql = sql!(
    "SELECT decisions.inbox_id, decisions.decided, decisions.seen, inbox.channel, inbox.source, inbox.stale, inbox.fate,
            inbox.arrived_at, messages.fingerprint, messages.message_id, messages.sender, messages.sender_name,
            messages.subject, messages.text, messages.reply_text, messages.language
     FROM decisions JOIN inbox ON inbox.id = decisions.inbox_id LEFT JOIN messages ON messages.inbox_id = decisions.inbox_id
     WHERE decisions.inbox_id > $1 AND inbox.arrived_at >= $2 ORDER BY decisions.inbox_id LIMIT $3"
);
const COUNT: Sql =
    sql!("SELECT COUNT(*) FROM decisions JOIN inbox ON inbox.id = decisions.inbox_id WHERE inbox.arrived_at >= $1");
const DECIDED: Sql = sql!("SELECT decided FROM decisions WHERE inbox_id = $1");
const FILES: Sql = sql!(
    "SELECT inbox_id, name, media_type, size_bytes, inline, sha256, scan, warnings FROM attachments
     WHERE inbox_id >= $1 AND inbox_id <= $2 ORDER BY inbox_id, n"
);
const JUDGED: Sql = sql!(
    "SELECT inbox_id, aspect, actor, source, outcome, given, wanted, decision, probability, at FROM feedback
     WHERE inbox_id >= $1 AND inbox_id <= $2 ORDER BY inbox_id, aspect, at, actor"
);

/// A part of what was decided, ascending by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PastPage {
    /// What can be decided again.
    pub past: Vec<Past>,
    /// Rows whose text is gone, or that were decided before it was kept what a decision saw.
    pub lost: Vec<InboxId>,
    /// The last row; `None` when there are no more.
    pub last: Option<InboxId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    inbox_id: i64,
    decided: String,
    seen: Option<String>,
    channel: String,
    source: String,
    stale: i64,
    fate: String,
    arrived_at: i64,
    fingerprint: Option<String>,
    message_id: Option<String>,
    sender: Option<String>,
    sender_name: Option<String>,
    subject: Option<String>,
    text: Option<String>,
    reply_text: Option<String>,
    language: Option<String>,
}

impl Store {
    /// How many decisions there are on messages that arrived at `since` or later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn past_count(&self, since: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64,)> = tx.fetch(COUNT, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        Ok(found.iter().map(|(count,)| u64::try_from(*count).unwrap_or_default()).sum())
    }

    /// What was decided about the message of row `id`; `None` when nothing was, or it is erased.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decided(&self, id: InboxId) -> Result<Option<Decided>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(String,)> = tx.fetch(DECIDED, [Arg::Int(id.0)]).await?;
        tx.commit().await?;
        let read = |(text,): (String,)| serde_json::from_str(&text).map_err(StoreError::from);
        found.into_iter().next().map(read).transpose()
    }

    /// Up to `limit` decisions after row `after` on messages that arrived at `since` or later.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn past(&self, since: Timestamp, after: InboxId, limit: u32) -> Result<PastPage, StoreError> {
        let mut tx = self.backend.read().await?;
        let args = [Arg::Int(after.0), Arg::Int(since.0), Arg::Int(i64::from(limit))];
        let rows: Vec<Row> = tx.fetch(PAGE, args).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            tx.commit().await?;
            return Ok(PastPage::default());
        };
        let (first, last) = (first.inbox_id, last.inbox_id);
        let mut files = files(&mut tx, first, last).await?;
        let mut judged = judged(&mut tx, first, last).await?;
        tx.commit().await?;
        let mut page = PastPage { last: Some(InboxId(last)), ..PastPage::default() };
        for row in rows {
            let id = row.inbox_id;
            match row.read(files.remove(&id).unwrap_or_default())? {
                Some(past) => page.past.push(Past { judged: judged.remove(&id).unwrap_or_default(), ..past }),
                None => page.lost.push(InboxId(id)),
            }
        }
        Ok(page)
    }
}

async fn files(tx: &mut Tx, first: i64, last: i64) -> Result<HashMap<i64, Vec<Attachment>>, StoreError> {
    let rows: Vec<AttachmentRow> = tx.fetch(FILES, [Arg::Int(first), Arg::Int(last)]).await?;
    let mut files: HashMap<i64, Vec<Attachment>> = HashMap::new();
    for row in rows {
        files.entry(row.inbox_id).or_default().push(row.read()?);
    }
    Ok(files)
}

async fn judged(tx: &mut Tx, first: i64, last: i64) -> Result<HashMap<i64, Vec<Judgement>>, StoreError> {
    let rows: Vec<feedback::Row> = tx.fetch(JUDGED, [Arg::Int(first), Arg::Int(last)]).await?;
    let mut judged: HashMap<i64, Vec<Judgement>> = HashMap::new();
    for row in rows {
        let said = row.read()?.feedback;
        let judgement =
            Judgement { aspect: said.aspect, outcome: said.outcome, given: said.given, wanted: said.wanted };
        judged.entry(said.about.0).or_default().push(judgement);
    }
    Ok(judged)
}

impl Row {
    /// `None` when the decision cannot be made again.
    fn read(self, attachments: Vec<Attachment>) -> Result<Option<Past>, StoreError> {
        let id = InboxId(self.inbox_id);
        let corrupt =
            |error: &dyn std::fmt::Display| StoreError::corrupt(format!("decision on inbox row {id}: {error}"));
        let Some(seen) = self.seen else { return Ok(None) };
        let seen: Seen = serde_json::from_str(&seen).map_err(|error| corrupt(&error))?;
        let decided: Decided = serde_json::from_str(&self.decided).map_err(|error| corrupt(&error))?;
        let language: Option<Language> = match self.language {
            Some(word) => Some(word.parse().map_err(|error: UnknownWord| corrupt(&error))?),
            None => seen.language,
        };
        let Some(language) = language else { return Ok(None) };
        let envelope = seen.envelope.clone();
        let message = Message {
            inbox_id: id,
            channel: self.channel.parse().map_err(|error: UnknownWord| corrupt(&error))?,
            source: self.source,
            message_id: self.message_id,
            references: envelope.references,
            tokens: envelope.tokens,
            place: envelope.place,
            act: envelope.act,
            from: Address { name: self.sender_name.unwrap_or_default(), address: self.sender.unwrap_or_default() },
            verified_mail: envelope.verified_mail,
            reply_to: envelope.reply_to,
            to: envelope.to,
            cc: envelope.cc,
            headers: envelope.headers,
            subject: self.subject.unwrap_or_default(),
            text: self.text.unwrap_or_default(),
            reply_text: self.reply_text.unwrap_or_default(),
            language,
            automatic: envelope.automatic,
            no_auto_answer: envelope.no_auto_answer,
            bounce: envelope.bounce,
            spam: envelope.spam,
            attachments,
            sent_at: envelope.sent_at,
            arrived_at: Timestamp(self.arrived_at),
            stale: self.stale != 0,
            fingerprint: self.fingerprint.unwrap_or_default(),
            faults: envelope.faults,
            warnings: envelope.warnings,
        };
        let fate = self.fate.parse().map_err(|error: UnknownWord| corrupt(&error))?;
        Ok(Some(Past { message, seen, decided, fate, judged: Vec::new() }))
    }
}
