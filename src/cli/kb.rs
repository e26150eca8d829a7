//! `kb`: the knowledge base between files and the store.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Global, out, settings};
use crate::clock::Clock;
use crate::domain::Article;
use crate::store::StoredArticle;
use crate::{app, content};

#[derive(Args)]
pub(super) struct Kb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Which articles are new, changed or gone since the last import
    Status,
    /// Store the files' articles as new revisions
    Import,
}

/// How an article's file stands against what is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Difference {
    New,
    Changed,
    Same,
    Gone,
}

impl Difference {
    const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Gone => "gone",
        }
    }
}

pub(super) fn run(command: &Kb, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let (content, faults) = content::load(&config.intents, &config.knowledge_base);
        anyhow::ensure!(faults.is_empty(), "{}", app::listing(&faults));
        let stored = store.articles().await?;
        let compared = compare(&content.articles, &stored);
        match command.action {
            Action::Status => show(&compared, global)?,
            Action::Import => {
                let count = store.import_articles(&content.articles, Clock::system().now()).await?;
                if global.json {
                    out::json(&json!({ "revisions": count }))?;
                } else {
                    out::line(format!("{count} new revisions of {} articles", content.articles.len()));
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

type Row = (String, String, String, Difference, i64);

fn compare(files: &[Article], stored: &[StoredArticle]) -> Vec<Row> {
    let same = |article: &Article, other: &StoredArticle| {
        article.id == other.article.id && article.language == other.article.language
    };
    let mut rows: Vec<Row> = files
        .iter()
        .map(|article| {
            let known = stored.iter().find(|other| same(article, other));
            let difference = match known {
                None => Difference::New,
                Some(other) if other.article == *article => Difference::Same,
                Some(_) => Difference::Changed,
            };
            let revision = known.map_or(0, |other| other.revision);
            (article.id.clone(), article.language.to_string(), article.title.clone(), difference, revision)
        })
        .collect();
    let gone = stored.iter().filter(|other| !files.iter().any(|article| same(article, other)));
    rows.extend(gone.map(|other| {
        let article = &other.article;
        (article.id.clone(), article.language.to_string(), article.title.clone(), Difference::Gone, other.revision)
    }));
    rows
}

fn show(rows: &[Row], global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(id, language, title, difference, revision)| {
                json!({ "article": id, "language": language, "title": title, "state": difference.name(), "revision": revision })
            })
            .collect();
        return out::json(&rows.into());
    }
    let mut table = out::table(["article", "language", "title", "state", "revision"]);
    for (id, language, title, difference, revision) in rows {
        table.add_row([id, language, &out::short(title, 50), difference.name(), &revision.to_string()]);
    }
    out::line(table.to_string());
    let changed = rows.iter().filter(|row| row.3 != Difference::Same).count();
    out::line(format!("{} articles, {changed} differ from what is stored", rows.len()));
    Ok(())
}
