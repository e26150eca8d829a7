//! What was asked and not answered, the work it made, and which articles are used: read for support leads.

use super::backend::{Arg, Sql, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{Asked, HandWork, InboxId, TicketId, Timestamp, Use};

const UNANSWERED: Sql = sql!(
    "SELECT inbox.id, inbox.ticket_id, messages.subject, messages.reply_text, messages.language, messages.sender,
            messages.sender_name, messages.arrived_at, decisions.decision, tickets.intent,
            (SELECT COUNT(*) FROM feedback WHERE feedback.inbox_id = inbox.id AND feedback.aspect = 'article'
                AND feedback.outcome = 'wrong') AS wrong
     FROM inbox JOIN messages ON messages.inbox_id = inbox.id JOIN decisions ON decisions.inbox_id = inbox.id
          JOIN tickets ON tickets.id = inbox.ticket_id
     WHERE inbox.id > $1 AND inbox.arrived_at >= $2 AND inbox.fate = 'filed'
       AND (decisions.decision <> 'answer' OR EXISTS (SELECT 1 FROM feedback WHERE feedback.inbox_id = inbox.id
                AND feedback.aspect = 'article' AND feedback.outcome = 'wrong'))
     ORDER BY inbox.id LIMIT $3"
);
const OPENED: Sql = sql!("SELECT COUNT(*) FROM inbox WHERE fate = 'filed' AND arrived_at >= $1");
const WORK: Sql = sql!(
    "SELECT ticket_events.ticket_id, ticket_events.actor, ticket_events.at
     FROM ticket_events JOIN tickets ON tickets.id = ticket_events.ticket_id
     WHERE tickets.created_at >= $1 AND ticket_events.actor <> 'rule' AND ticket_events.actor <> 'requester'
     ORDER BY ticket_events.ticket_id, ticket_events.actor, ticket_events.at"
);
const USES: Sql = sql!(
    sqlite:
        "SELECT body->>'article', MAX(created_at), CAST(SUM(CASE WHEN created_at >= $1 THEN 1 ELSE 0 END) AS BIGINT)
         FROM tickets WHERE body->>'article' IS NOT NULL GROUP BY 1 ORDER BY 1",
    postgres:
        "SELECT CAST(body AS jsonb)->>'article', MAX(created_at),
                CAST(SUM(CASE WHEN created_at >= $1 THEN 1 ELSE 0 END) AS BIGINT)
         FROM tickets WHERE CAST(body AS jsonb)->>'article' IS NOT NULL GROUP BY 1 ORDER BY 1"
);
const FIRST: Sql = sql!("SELECT MIN(arrived_at) FROM inbox");

/// Rows read at a time.
const PAGE: i64 = 2_000;

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    ticket_id: i64,
    subject: String,
    reply_text: String,
    language: String,
    sender: String,
    sender_name: String,
    arrived_at: i64,
    decision: String,
    intent: Option<String>,
    wrong: i64,
}

impl Store {
    /// Messages that opened a ticket since `since` and that no article answered, or only a wrong one; by row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unanswered(&self, since: Timestamp) -> Result<Vec<Asked>, StoreError> {
        let mut tx = self.backend.read().await?;
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let rows: Vec<Row> = tx.fetch(UNANSWERED, [Arg::Int(after), Arg::Int(since.0), Arg::Int(PAGE)]).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            for row in rows {
                all.push(row.read()?);
            }
        }
        tx.commit().await?;
        Ok(all)
    }

    /// How many messages opened a ticket since `since`, answered ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn opened(&self, since: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64,)> = tx.fetch(OPENED, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        Ok(found.iter().map(|(count,)| u64::try_from(*count).unwrap_or_default()).sum())
    }

    /// What agents did on tickets opened since `since`; by ticket, agent and time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hand_work(&self, since: Timestamp) -> Result<Vec<HandWork>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(i64, String, i64)> = tx.fetch(WORK, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        let read =
            |(ticket, agent, at): (i64, String, i64)| HandWork { ticket: TicketId(ticket), agent, at: Timestamp(at) };
        Ok(rows.into_iter().map(read).collect())
    }

    /// How often each article answered a ticket or was offered on one, counted since `since`; articles that never were are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn article_uses(&self, since: Timestamp) -> Result<Vec<Use>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(String, i64, i64)> = tx.fetch(USES, [Arg::Int(since.0)]).await?;
        tx.commit().await?;
        let read = |(article, last, count): (String, i64, i64)| Use {
            article,
            last_at: Timestamp(last),
            count: u64::try_from(count).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// When the first message arrived; `None` while there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_message_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(Option<i64>,)> = tx.fetch(FIRST, []).await?;
        tx.commit().await?;
        Ok(found.into_iter().next().and_then(|(at,)| at).map(Timestamp))
    }
}

impl Row {
    fn read(self) -> Result<Asked, StoreError> {
        let corrupt = |error: UnknownWord| StoreError::corrupt(format!("message of inbox row {}: {error}", self.id));
        Ok(Asked {
            inbox_id: InboxId(self.id),
            ticket: TicketId(self.ticket_id),
            subject: self.subject,
            text: self.reply_text,
            language: self.language.parse().map_err(corrupt)?,
            sender: self.sender.to_lowercase(),
            sender_name: self.sender_name,
            arrived_at: Timestamp(self.arrived_at),
            decision: self.decision,
            intent: self.intent,
            wrong: self.wrong > 0,
        })
    }
}
