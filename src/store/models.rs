//! What the desk has learnt: one row for each time it did, and the examples of the one in force. Written as one, so that
//! every process that reads them builds the same classifier.

use serde::Serialize;

use super::backend::{Arg, Sql, Tx, bulk, json, repeat, sql};
use super::{Store, StoreError};
use crate::domain::words::UnknownWord;
use crate::domain::{InboxId, Learned, Policy, Said, Taught, Timestamp};

const IN_FORCE: Sql = sql!("SELECT id, policy FROM models WHERE in_force = 1 ORDER BY id DESC LIMIT 1");
const LAST: Sql = sql!("SELECT id, made_at, in_force, report FROM models ORDER BY id DESC LIMIT 1");
const EXAMPLES: Sql = sql!(
    "SELECT inbox_id, text, features, language, intent, article, source, weight, at FROM examples ORDER BY inbox_id"
);
const EXPIRING: Sql = sql!(
    "SELECT examples.inbox_id, examples.text, examples.features, examples.language, examples.intent, examples.article,
            examples.source, examples.weight, examples.at
     FROM examples JOIN inbox ON inbox.id = examples.inbox_id
     WHERE inbox.arrived_at < $1 AND examples.features IS NULL ORDER BY examples.inbox_id"
);
const EXPIRE: Sql = sql!("UPDATE examples SET text = '', features = $2 WHERE inbox_id = $1");
const ADD: Sql = sql!("INSERT INTO models (made_at, in_force, policy, report) VALUES ($1, $2, $3, $4) RETURNING id");
const CLEAR: Sql = sql!("DELETE FROM examples");
const TEACH: Sql = bulk!(
    "INSERT INTO examples (inbox_id, text, features, language, intent, article, source, weight, at)
     SELECT CAST(value->>'inbox_id' AS BIGINT), value->>'text', value->>'features', value->>'language', value->>'intent', value->>'article',
            value->>'source', CAST(value->>'weight' AS BIGINT), CAST(value->>'at' AS BIGINT)
     FROM " ROWS
    ""
);

/// The last time the desk learnt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnRun {
    /// Counted from 1.
    pub id: i64,
    /// When.
    pub made_at: Timestamp,
    /// What came out was put in force.
    pub in_force: bool,
    /// What it said, as JSON.
    pub report: String,
}

#[derive(Serialize)]
struct Example<'a> {
    inbox_id: i64,
    text: &'a str,
    features: Option<String>,
    language: &'static str,
    intent: Option<&'a str>,
    article: Option<&'a str>,
    source: &'static str,
    weight: i64,
    at: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    inbox_id: i64,
    text: String,
    features: Option<String>,
    language: String,
    intent: Option<String>,
    article: Option<String>,
    source: String,
    weight: i64,
    at: i64,
}

impl Store {
    /// The number of the model in force; 0 when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn model_in_force(&self) -> Result<i64, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String)> = tx.fetch(IN_FORCE, []).await?;
        tx.commit().await?;
        Ok(found.first().map_or(0, |(id, _)| *id))
    }

    /// What the desk has learnt, from one state of the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn learned(&self) -> Result<Learned, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, String)> = tx.fetch(IN_FORCE, []).await?;
        let rows: Vec<Row> = tx.fetch(EXAMPLES, []).await?;
        tx.commit().await?;
        let Some((model, policy)) = found.into_iter().next() else { return Ok(Learned::default()) };
        let policy: Policy = serde_json::from_str(&policy)?;
        let examples = rows.into_iter().map(Row::read).collect::<Result<_, _>>()?;
        Ok(Learned { model, policy, examples })
    }

    /// The examples that have their text although their messages arrived before `before`, by row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expiring_examples(&self, before: Timestamp) -> Result<Vec<Taught>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(EXPIRING, [Arg::Int(before.0)]).await?;
        tx.commit().await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Puts features in the place of the texts of these examples; the texts are gone from the database file then.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    pub async fn expire_examples(&self, kept: &[(InboxId, Vec<u8>)]) -> Result<(), StoreError> {
        let write = || async {
            let mut tx = self.backend.write().await?;
            tx.wipe(true).await?;
            expire(&mut tx, kept).await?;
            tx.wipe(false).await?;
            tx.commit().await
        };
        repeat!(write())?;
        self.backend.flush_wiped().await
    }

    /// The last time the desk learnt, put in force or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_learn_run(&self) -> Result<Option<LearnRun>, StoreError> {
        let mut tx = self.backend.read().await?;
        let found: Vec<(i64, i64, i64, String)> = tx.fetch(LAST, []).await?;
        tx.commit().await?;
        let read = |(id, made_at, in_force, report): (i64, i64, i64, String)| LearnRun {
            id,
            made_at: Timestamp(made_at),
            in_force: in_force != 0,
            report,
        };
        Ok(found.into_iter().next().map(read))
    }

    /// Puts what was learnt in force. Returns its number.
    ///
    /// # Errors
    /// When the database fails; nothing has changed then.
    pub async fn put_learned(
        &self,
        policy: &Policy,
        examples: &[Taught],
        report: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let rows: Vec<Example<'_>> = examples.iter().map(example).collect();
        let (policy, rows) = (serde_json::to_string(policy)?, json(&rows)?);
        let write = || async {
            let mut tx = self.backend.write().await?;
            let args = [Arg::Int(now.0), Arg::Int(1), Arg::Text(&policy), Arg::Text(report)];
            let added: Vec<(i64,)> = tx.fetch(ADD, args).await?;
            tx.execute(CLEAR, []).await?;
            tx.execute(TEACH, [rows.clone()]).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(added.first().map_or(0, |(id,)| *id))
        };
        repeat!(write())
    }

    /// Notes that the desk learnt something that was not put in force.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_learn_run(&self, report: &str, now: Timestamp) -> Result<(), StoreError> {
        let write = || async {
            let mut tx = self.backend.write().await?;
            let args = [Arg::Int(now.0), Arg::Int(0), Arg::Text("{}"), Arg::Text(report)];
            tx.fetch::<(i64,)>(ADD, args).await?;
            tx.commit().await
        };
        repeat!(write())
    }
}

pub(super) async fn expire(tx: &mut Tx, kept: &[(InboxId, Vec<u8>)]) -> Result<(), StoreError> {
    for (id, features) in kept {
        let features = hex::encode(features);
        tx.execute(EXPIRE, [Arg::Int(id.0), Arg::Text(&features)]).await?;
    }
    Ok(())
}

#[expect(clippy::cast_possible_truncation, reason = "a share of a million fits")]
fn example(one: &Taught) -> Example<'_> {
    Example {
        inbox_id: one.inbox_id.0,
        text: one.text().unwrap_or_default(),
        features: match &one.said {
            Said::Text(_) => None,
            Said::Features(features) => Some(hex::encode(features)),
        },
        language: one.language.as_str(),
        intent: one.intent.as_deref(),
        article: one.article.as_deref(),
        source: one.source.as_str(),
        weight: (f64::from(one.weight) * 1e6).round() as i64,
        at: one.at.0,
    }
}

impl Row {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a million fits")]
    fn read(self) -> Result<Taught, StoreError> {
        let corrupt = |error: UnknownWord| StoreError::corrupt(format!("example {}: {error}", self.inbox_id));
        let broken = |error: hex::FromHexError| StoreError::corrupt(format!("example {}: {error}", self.inbox_id));
        let said = match &self.features {
            Some(features) => Said::Features(hex::decode(features).map_err(broken)?),
            None => Said::Text(self.text),
        };
        Ok(Taught {
            inbox_id: InboxId(self.inbox_id),
            language: self.language.parse().map_err(corrupt)?,
            source: self.source.parse().map_err(corrupt)?,
            said,
            intent: self.intent,
            article: self.article,
            weight: (self.weight as f64 / 1e6) as f32,
            at: Timestamp(self.at),
        })
    }
}
