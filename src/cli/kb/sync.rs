//! `kb status`, `kb import`, `kb export`: the knowledge base between files and store.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use serde_json::{Value, json};

use super::super::{noted, out};
use super::Global;
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::content::{self, Content};
use crate::domain::{
    Article, ArticleStatus, Bar, Language, Measured, NewRevision, Policy, Revision, StoredArticle, Timestamp,
};
use crate::knowledge::sync::{Compared, Line, State, Way, compare, side_by_side};
use crate::store::{ArticleChanges, Store};

/// Who stores what a person said is to be taken.
const RESOLVED: &str = "kb";

/// The files and the store.
struct Both {
    content: Content,
    stored: Vec<StoredArticle>,
}

impl Both {
    async fn read(store: &Store, config: &Config) -> anyhow::Result<Self> {
        let (content, faults) = content::load(&config.intents, &config.knowledge_base);
        // A file with a fault would look like one that is gone.
        anyhow::ensure!(faults.is_empty(), "{}", app::listing(&faults));
        Ok(Self { content, stored: store.articles().await? })
    }

    fn compared(&self) -> Vec<Compared<'_>> {
        let files: Vec<&Article> = self.content.articles.iter().chain(&self.content.shelved).collect();
        compare(&files, &self.stored)
    }
}

/// Prints how files and store stand to each other; with `article` both texts of that one in full.
pub(super) async fn status(
    store: &Store,
    config: &Config,
    article: Option<&str>,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let both = Both::read(store, config).await?;
    let mut compared = both.compared();
    if let Some(wanted) = article {
        let (id, language) = named(wanted)?;
        compared.retain(|one| one.id == id && language.is_none_or(|language| one.language == language));
        anyhow::ensure!(!compared.is_empty(), "there is no article `{wanted}`; `madoguchi kb status` lists all");
        return in_full(store, config, &compared, global).await;
    }
    let policy = app::learned(store, config).await?.policy;
    if global.json {
        let rows: Vec<Value> = compared.iter().map(|one| document(one, policy.articles.get(one.id))).collect();
        out::json(&rows.into())?;
    } else {
        show(&compared, &policy, config);
    }
    Ok(ExitCode::SUCCESS)
}

fn document(one: &Compared<'_>, bar: Option<&Bar>) -> Value {
    let shown = one.file.or(one.stored_text());
    let newest = one.stored.map(|stored| &stored.newest);
    let synced = one.stored.and_then(|stored| stored.synced.as_ref());
    let mut row = json!({
        "article": one.id, "language": one.language, "title": shown.map(|article| &article.title),
        "status": shown.map(|article| article.status), "state": one.state, "revision": one.revision(),
        "synced_revision": synced.map(|revision| revision.number), "author": newest.map(|revision| &revision.author),
        "stored_at": newest.map(|revision| revision.at.rfc3339()), "answers": bar.map(measured),
    });
    if one.state == State::Conflict {
        row["file"] = json!(one.file);
        row["stored"] = json!(one.stored_text());
        row["base"] = json!(one.base());
    }
    row
}

fn show(compared: &[Compared<'_>], policy: &Policy, config: &Config) {
    let mut table = out::table(["article", "language", "title", "state", "revision", "answers right"]);
    for one in compared {
        let shown = one.file.or(one.stored_text());
        let right = policy.articles.get(one.id).map_or_else(String::new, in_figures);
        let title = shown.map_or_else(String::new, |article| out::short(&article.title, 48));
        let status = shown.map_or(ArticleStatus::Active, |article| article.status);
        let state =
            if status == ArticleStatus::Active { one.state.to_string() } else { format!("{} ({status})", one.state) };
        let revision = one.revision().to_string();
        table.add_row([one.id, one.language.as_str(), &title, &paint(one.state, &state), &revision, &right]);
    }
    out::line(table.to_string());
    let differ = compared.iter().filter(|one| one.state != State::Same).count();
    out::line(format!("{} articles, {differ} differ from what is stored", compared.len()));
    let count = |way: Way| compared.iter().filter(|one| one.state.way() == way).count();
    if count(Way::Import) > 0 {
        out::line(format!("{} to store from files: madoguchi kb import", count(Way::Import)));
    }
    if count(Way::Export) > 0 {
        out::line(format!("{} to write to files: madoguchi kb export", count(Way::Export)));
    }
    for one in compared.iter().filter(|one| one.state == State::Conflict) {
        conflict(one, config);
    }
    match &policy.overall {
        Some(bar) => out::line(format!("answers people judged: {} right", in_figures(bar))),
        None => out::line("no answer was judged yet: the shipped thresholds hold (`madoguchi learn` measures)"),
    }
}

fn paint(state: State, text: &str) -> String {
    match state.way() {
        Way::Rest => text.to_owned(),
        Way::Import | Way::Export => out::paint(text, out::Colour::Yellow),
        Way::Ask => out::paint(text, out::Colour::Red),
    }
}

fn conflict(one: &Compared<'_>, config: &Config) {
    let name = format!("{}/{}", one.language, one.id);
    let who = one.stored.map_or_else(String::new, |stored| by(&stored.newest, config));
    out::line(format!(
        "\n{} {name}: the file was changed, and so was the stored one{who}",
        out::paint("conflict", out::Colour::Red)
    ));
    out::line(format!("  both texts:      madoguchi kb status {name}"));
    out::line(format!("  take the file:   madoguchi kb import --take-file {name}"));
    out::line(format!("  take the stored: madoguchi kb export --take-stored {name}"));
}

/// ` (sato, 2026-11-22 10:15)`.
fn by(revision: &Revision, config: &Config) -> String {
    format!(" ({}, {})", revision.author, out::when(revision.at, config.timezone))
}

/// Both texts of the same article, line by line, and its revisions.
async fn in_full(
    store: &Store,
    config: &Config,
    compared: &[Compared<'_>],
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let mut documents = Vec::new();
    for one in compared {
        let revisions = store.article_revisions(one.id, one.language).await?;
        if global.json {
            let mut row = document(one, None);
            row["file"] = json!(one.file);
            row["stored"] = json!(one.stored_text());
            row["base"] = json!(one.base());
            let listed = revisions.iter().map(|revision| {
                json!({ "revision": revision.number, "author": revision.author, "at": revision.at.rfc3339(),
                        "deleted": revision.deleted, "text": revision.article })
            });
            row["revisions"] = listed.collect();
            documents.push(row);
            continue;
        }
        out::line(format!("{}/{}  {}", one.language, one.id, paint(one.state, one.state.as_str())));
        let [file, stored] =
            [one.file, one.stored_text()].map(|text| text.map_or_else(String::new, |it| content::render(it, &[])));
        out::line("  lines of both; - only in the file, + only in the store");
        for line in side_by_side(&file, &stored) {
            out::line(match line {
                Line::Both(line) => format!("  {line}"),
                Line::First(line) => out::paint(&format!("- {line}"), out::Colour::Red),
                Line::Second(line) => out::paint(&format!("+ {line}"), out::Colour::Green),
            });
        }
        let mut table = out::table(["revision", "author", "stored", ""]);
        let synced = one.stored.and_then(|stored| stored.synced.as_ref()).map(|revision| revision.number);
        for revision in &revisions {
            let what = match (revision.deleted, synced == Some(revision.number)) {
                (true, _) => "deleted",
                (false, true) => "last the same as the file",
                (false, false) => "",
            };
            let at = out::when(revision.at, config.timezone);
            table.add_row([&revision.number.to_string(), &revision.author, &at, what]);
        }
        out::line(format!("\n{table}\n"));
    }
    if global.json {
        out::json(&documents.into())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Stores what changed in files. Conflicts stay as they are, but for those in `taken`.
pub(super) async fn import(
    store: &Store,
    config: &Config,
    taken: &[String],
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let both = Both::read(store, config).await?;
    let compared = both.compared();
    let taken = chosen(&compared, taken)?;
    let mut changes = ArticleChanges::default();
    for (place, one) in compared.iter().enumerate() {
        if one.state.way() == Way::Import || taken.contains(&place) {
            let number = one.revision() + 1;
            // What is gone from the files keeps its last text in the revision that deletes it.
            let (article, deleted) = match (one.file, one.stored) {
                (Some(article), _) => (article, false),
                (None, Some(stored)) => (&stored.newest.article, true),
                (None, None) => continue,
            };
            changes.add.push(NewRevision { number, article, deleted, author: Revision::FILE });
            changes.synced.push((one.id, one.language, number));
        } else if one.is_unnoted() {
            changes.synced.push((one.id, one.language, one.revision()));
        }
    }
    let left = left(&compared, &taken);
    let now = Clock::system().now();
    anyhow::ensure!(
        store.change_articles(&changes, now).await?,
        "somebody stored an article meanwhile, so nothing was imported; try again"
    );
    let named = |new: &NewRevision<'_>| {
        let deleted = if new.deleted { " deleted" } else { "" };
        format!("{}/{} {}{deleted}", new.article.language, new.article.id, new.number)
    };
    note(store, "kb.import", &changes.add.iter().map(named).collect::<Vec<_>>(), now).await?;
    let (count, all) = (changes.add.len(), both.content.articles.len() + both.content.shelved.len());
    if global.json {
        out::json(&json!({ "revisions": count, "conflicts": names(&left) }))?;
    } else {
        out::line(format!("{count} new revisions of {all} articles"));
        for one in &left {
            conflict(one, config);
        }
    }
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes what changed in the store to files. Conflicts stay as they are, but for those in `taken`.
pub(super) async fn export(
    store: &Store,
    config: &Config,
    taken: &[String],
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let both = Both::read(store, config).await?;
    let compared = both.compared();
    let taken = chosen(&compared, taken)?;
    let now = Clock::system().now();
    let (mut written, mut exported): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for (place, one) in compared.iter().enumerate() {
        if one.state.way() != Way::Export && !taken.contains(&place) {
            continue;
        }
        let mut changes = ArticleChanges::default();
        let mut number = one.revision();
        if let (true, Some(file), Some(stored)) = (taken.contains(&place), one.file, one.stored) {
            // The text that gives way is kept among the revisions before its file is written over.
            let kept = NewRevision { number: number + 1, article: file, deleted: false, author: Revision::FILE };
            let (article, deleted) = (&stored.newest.article, stored.newest.deleted);
            changes.add = vec![kept, NewRevision { number: number + 2, article, deleted, author: RESOLVED }];
            number += 2;
            anyhow::ensure!(
                store.change_articles(&changes, now).await?,
                "somebody stored {} meanwhile, so it was not exported; try again",
                one.id
            );
        }
        written.push(put(&config.knowledge_base, one)?);
        let synced = ArticleChanges { add: Vec::new(), synced: vec![(one.id, one.language, number)] };
        store.change_articles(&synced, now).await?;
        exported.push(format!("{}/{} {number}", one.language, one.id));
    }
    note(store, "kb.export", &exported, now).await?;
    let left = left(&compared, &taken);
    if global.json {
        out::json(&json!({ "files": written, "conflicts": names(&left) }))?;
    } else {
        for file in &written {
            out::line(file);
        }
        out::line(format!("{} files written; they count from the next reload on (SIGHUP)", written.len()));
        for one in &left {
            conflict(one, config);
        }
    }
    Ok(if left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Notes which revisions of which articles were imported or exported; nothing when there are none.
async fn note(store: &Store, action: &str, revisions: &[String], now: Timestamp) -> anyhow::Result<()> {
    if revisions.is_empty() {
        return Ok(());
    }
    noted::change(store, action, "articles", ["", &revisions.join(", ")], now).await
}

/// Writes or removes the file of one article, unless somebody changed it since it was read.
fn put(knowledge_base: &Path, one: &Compared<'_>) -> anyhow::Result<String> {
    let path = content::file_of(knowledge_base, one.id, one.language);
    anyhow::ensure!(path.exists() == one.file.is_some(), "{} was changed meanwhile; try again", path.display());
    let done = match one.stored_text() {
        Some(article) => content::write(knowledge_base, article),
        None => content::remove(knowledge_base, one.id, one.language),
    };
    Ok(done.with_context(|| format!("{}/{}", one.language, one.id))?.display().to_string())
}

fn left<'c, 'a>(compared: &'c [Compared<'a>], taken: &[usize]) -> Vec<&'c Compared<'a>> {
    let conflicts = compared.iter().enumerate().filter(|(_, one)| one.state == State::Conflict);
    conflicts.filter(|(place, _)| !taken.contains(place)).map(|(_, one)| one).collect()
}

fn names(left: &[&Compared<'_>]) -> Vec<String> {
    left.iter().map(|one| format!("{}/{}", one.language, one.id)).collect()
}

/// The places of the conflicts that are named.
fn chosen(compared: &[Compared<'_>], wanted: &[String]) -> anyhow::Result<Vec<usize>> {
    let mut places = Vec::new();
    for name in wanted {
        let (id, language) = named(name)?;
        let conflicts = compared.iter().enumerate().filter(|(_, one)| {
            one.state == State::Conflict && one.id == id && language.is_none_or(|language| one.language == language)
        });
        let found: Vec<usize> = conflicts.map(|(place, _)| place).collect();
        anyhow::ensure!(!found.is_empty(), "`{name}` is in no conflict; `madoguchi kb status` shows which are");
        places.extend(found);
    }
    Ok(places)
}

/// `vpn-setup` or `ja/vpn-setup`.
fn named(name: &str) -> anyhow::Result<(&str, Option<Language>)> {
    match name.split_once('/') {
        Some((language, id)) => {
            let language = language.parse().with_context(|| format!("`{name}`: write ja/{id} or en/{id}"))?;
            Ok((id, Some(language)))
        }
        None => Ok((name, None)),
    }
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

fn measured(bar: &Bar) -> Value {
    json!({ "judged": bar.measured.count(), "right": bar.measured.right, "precision": bar.measured.precision(),
            "low": bar.measured.low, "high": bar.measured.high, "threshold": bar.threshold })
}
