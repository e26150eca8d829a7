//! Revisions of articles as they were imported from files.

use serde::Serialize;

use super::backend::{Arg, Sql, bulk, json, repeat, sql};
use super::{Store, StoreError};
use crate::domain::{Article, Timestamp};

const LATEST: Sql = sql!(
    "SELECT r.revision, r.body FROM article_revisions AS r
     WHERE r.revision = (SELECT MAX(newest.revision) FROM article_revisions AS newest
                         WHERE newest.article = r.article AND newest.language = r.language)
     ORDER BY r.language, r.article"
);
const ADD: Sql = bulk!(
    "INSERT INTO article_revisions (article, language, revision, body, imported_at)
     SELECT value->>'article', value->>'language', CAST(value->>'revision' AS BIGINT), value->>'body', $2 FROM " ROWS
    " WHERE true ON CONFLICT (article, language, revision) DO NOTHING"
);

/// The newest revision of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredArticle {
    /// Counted from 1.
    pub revision: i64,
    /// As it was imported.
    pub article: Article,
}

#[derive(Serialize)]
struct Row<'a> {
    article: &'a str,
    language: &'a str,
    revision: i64,
    body: String,
}

impl Store {
    /// The newest revision of every article, by language and id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn articles(&self) -> Result<Vec<StoredArticle>, StoreError> {
        let mut tx = self.backend.read().await?;
        let rows: Vec<(i64, String)> = tx.fetch(LATEST, []).await?;
        tx.commit().await?;
        rows.into_iter()
            .map(|(revision, body)| Ok(StoredArticle { revision, article: serde_json::from_str(&body)? }))
            .collect()
    }

    /// Adds a revision for each article that differs from its newest one. Returns how many were added.
    ///
    /// # Errors
    /// When the database fails; nothing was added.
    pub async fn import_articles(&self, articles: &[Article], now: Timestamp) -> Result<u64, StoreError> {
        let stored = self.articles().await?;
        let mut rows = Vec::new();
        for article in articles {
            let known = stored
                .iter()
                .find(|known| known.article.id == article.id && known.article.language == article.language);
            if known.is_some_and(|known| known.article == *article) {
                continue;
            }
            rows.push(Row {
                article: &article.id,
                language: article.language.as_str(),
                revision: known.map_or(1, |known| known.revision + 1),
                body: serde_json::to_string(article)?,
            });
        }
        let args = vec![json(&rows)?, Arg::Int(now.0)];
        repeat!(self.write_one(ADD, args.clone()))
    }
}
