//! Revisions of articles: what files held and what people wrote. A revision is never changed and never removed.

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::{Store, StoreError};
use crate::domain::{Article, Language, NewRevision, Revision, StoredArticle, Timestamp};

const STORED: Sql = sql!(
    "SELECT r.revision, r.body, r.deleted, r.author, r.imported_at, CAST(CASE WHEN s.revision = r.revision THEN 1 ELSE 0 END AS BIGINT) AS synced,
            CAST(CASE WHEN r.revision = (SELECT MAX(newest.revision) FROM article_revisions AS newest
                                    WHERE newest.article = r.article AND newest.language = r.language) THEN 1 ELSE 0 END AS BIGINT) AS newest
     FROM article_revisions AS r LEFT JOIN article_syncs AS s ON s.article = r.article AND s.language = r.language
     WHERE s.revision = r.revision
        OR r.revision = (SELECT MAX(newest.revision) FROM article_revisions AS newest
                         WHERE newest.article = r.article AND newest.language = r.language)
     ORDER BY r.language, r.article, r.revision"
);
const OF_ONE: Sql = sql!(
    "SELECT revision, body, deleted, author, imported_at, CAST(0 AS BIGINT) AS synced, CAST(0 AS BIGINT) AS newest
     FROM article_revisions WHERE article = $1 AND language = $2 ORDER BY revision DESC"
);
const ADD: Sql = bulk!(
    "INSERT INTO article_revisions (article, language, revision, body, deleted, author, imported_at)
     SELECT value->>'article', value->>'language', CAST(value->>'revision' AS BIGINT), value->>'body',
            CAST(value->>'deleted' AS BIGINT), value->>'author', $2 FROM " ROWS
    " WHERE true ON CONFLICT (article, language, revision) DO NOTHING"
);
const SYNC: Sql = bulk!(
    "INSERT INTO article_syncs (article, language, revision)
     SELECT value->>'article', value->>'language', CAST(value->>'revision' AS BIGINT) FROM " ROWS
    " WHERE true ON CONFLICT (article, language) DO UPDATE SET revision = excluded.revision"
);

/// What is to be stored of articles, as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArticleChanges<'a> {
    /// New revisions; several of one article in ascending order.
    pub add: Vec<NewRevision<'a>>,
    /// Article, language and the revision in which file and store are the same now.
    pub synced: Vec<(&'a str, Language, i64)>,
}

#[derive(Serialize)]
struct Added<'a> {
    article: &'a str,
    language: &'static str,
    revision: i64,
    body: String,
    deleted: i64,
    author: &'a str,
}

#[derive(Serialize)]
struct Synced<'a> {
    article: &'a str,
    language: &'static str,
    revision: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    revision: i64,
    body: String,
    deleted: i64,
    author: String,
    imported_at: i64,
    synced: i64,
    newest: i64,
}

impl Store {
    /// Every article that was ever stored, by language and id; deleted ones too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn articles(&self) -> Result<Vec<StoredArticle>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(STORED, []).await?;
        tx.commit().await?;
        let mut stored: Vec<StoredArticle> = Vec::new();
        let mut synced: Option<Revision> = None;
        for row in rows {
            let (is_synced, is_newest) = (row.synced != 0, row.newest != 0);
            let revision = row.read()?;
            if is_synced {
                synced = Some(revision.clone());
            }
            if is_newest {
                stored.push(StoredArticle { newest: revision, synced: synced.take() });
            }
        }
        Ok(stored)
    }

    /// All revisions of one article, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn article_revisions(&self, id: &str, language: Language) -> Result<Vec<Revision>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<Row> = tx.fetch(OF_ONE, [Arg::Text(id), Arg::Text(language.as_str())]).await?;
        tx.commit().await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Stores an article as a person edited it. `number` is one more than the revision the person saw (1 for a new article).
    /// `false` when somebody else stored one meanwhile: nothing is written then, and the person has to look again. The files do not
    /// have it until it is exported.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_article(&self, edit: &NewRevision<'_>, now: Timestamp) -> Result<bool, StoreError> {
        self.change_articles(&ArticleChanges { add: vec![*edit], synced: Vec::new() }, now).await
    }

    /// Stores revisions and notes what is the same as its file. `false` when one of the revisions is there already because somebody
    /// else stored one meanwhile; nothing is written then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn change_articles(&self, changes: &ArticleChanges<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let rows: Vec<Added<'_>> = changes.add.iter().map(added).collect::<Result<_, _>>()?;
        let synced: Vec<Synced<'_>> = changes
            .synced
            .iter()
            .map(|(article, language, revision)| Synced { article, language: language.as_str(), revision: *revision })
            .collect();
        let (wanted, rows, synced) = (rows.len(), json(&rows)?, json(&synced)?);
        let write = || async {
            let mut tx = self.backend.write().await?;
            let added = tx.execute(ADD, [rows.clone(), Arg::Int(now.0)]).await?;
            if usize::try_from(added) != Ok(wanted) {
                tx.rollback().await?;
                return Ok::<_, StoreError>(false);
            }
            tx.execute(SYNC, [synced.clone()]).await?;
            tx.commit().await?;
            Ok(true)
        };
        repeat!(write())
    }
}

fn added<'a>(revision: &NewRevision<'a>) -> Result<Added<'a>, StoreError> {
    Ok(Added {
        article: &revision.article.id,
        language: revision.article.language.as_str(),
        revision: revision.number,
        body: serde_json::to_string(revision.article)?,
        deleted: i64::from(revision.deleted),
        author: revision.author,
    })
}

impl Row {
    fn read(self) -> Result<Revision, StoreError> {
        let article: Article = serde_json::from_str(&self.body)?;
        Ok(Revision {
            number: self.revision,
            article,
            deleted: self.deleted != 0,
            author: self.author,
            at: Timestamp(self.imported_at),
        })
    }
}
