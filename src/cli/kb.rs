//! `kb`: the knowledge base between files and the store.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Global, noted, out, settings};
use crate::clock::Clock;
use crate::domain::{Article, Bar, Measured, Policy};
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
            Action::Status => show(&compared, &app::learned(store, config).await?.policy, global)?,
            Action::Import => {
                let now = Clock::system().now();
                let count = store.import_articles(&content.articles, now).await?;
                noted::change(store, "kb.import", "articles", ["", &format!("{count} revisions")], now).await?;
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

fn show(rows: &[Row], policy: &Policy, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(id, language, title, difference, revision)| {
                let bar = policy.articles.get(id);
                json!({ "article": id, "language": language, "title": title, "state": difference.name(), "revision": revision,
                        "answers": bar.map(measured) })
            })
            .collect();
        return out::json(&rows.into());
    }
    let mut table = out::table(["article", "language", "title", "state", "revision", "answers right"]);
    for (id, language, title, difference, revision) in rows {
        let right = policy.articles.get(id).map_or_else(String::new, in_figures);
        table.add_row([id, language, &out::short(title, 50), difference.name(), &revision.to_string(), &right]);
    }
    out::line(table.to_string());
    let changed = rows.iter().filter(|row| row.3 != Difference::Same).count();
    out::line(format!("{} articles, {changed} differ from what is stored", rows.len()));
    match &policy.overall {
        Some(bar) => out::line(format!("answers people judged: {} right", in_figures(bar))),
        None => out::line("no answer was judged yet: the shipped thresholds hold (`madoguchi learn` measures)"),
    }
    Ok(())
}

/// `41 of 43 (95 %, likely 85 to 99 %)`, and the threshold where it differs from the settings' meaning of it.
fn in_figures(bar: &Bar) -> String {
    let Some(precision) = bar.measured.precision() else { return "0 judged".to_owned() };
    let Measured { right, low, high, .. } = bar.measured;
    let never = if bar.threshold > 1.0 { ", only suggested" } else { "" };
    format!(
        "{right} of {} ({:.0} %, likely {:.0} to {:.0} %{never})",
        bar.measured.count(),
        precision * 100.0,
        low * 100.0,
        high * 100.0,
    )
}

fn measured(bar: &Bar) -> serde_json::Value {
    json!({ "judged": bar.measured.count(), "right": bar.measured.right, "precision": bar.measured.precision(),
            "low": bar.measured.low, "high": bar.measured.high, "threshold": bar.threshold })
}
