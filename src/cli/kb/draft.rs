//! `kb draft`: a draft article from a ticket people resolved, or from the tickets of a gap.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::super::{Global, out};
use super::gaps::{Found, Scope, tickets};
use crate::app::App;
use crate::content;
use crate::domain::{Language, OutboundKind, Status, Ticket, TicketId};
use crate::knowledge::draft::{About, Case, Draft, draft};
use crate::knowledge::plain::known_words;
use crate::store::{Store, TicketMessage};
use crate::text::synonyms::Synonyms;

/// Tickets of a gap that are read: those nearest to its middle.
const READ: usize = 30;

#[derive(Args)]
pub(super) struct Command {
    /// T-1042, or a gap of `kb gaps`: G-1042
    #[arg(value_name = "TICKET|GAP")]
    of: String,
    #[command(flatten)]
    scope: Scope,
    /// Into this file, named after the article: vpn-setup.md
    #[arg(long, value_name = "FILE", conflicts_with = "write")]
    out: Option<PathBuf>,
    /// Into the knowledge base, where it waits for approval
    #[arg(long)]
    write: bool,
}

pub(super) async fn run(app: &App, command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    let rules = app.live.get();
    let synonyms = Synonyms::new(&rules.catalog.synonyms);
    let (ids, language, intent) = sources(app, command).await?;
    let mut cases = Vec::new();
    for id in ids.iter().take(READ) {
        cases.extend(case(&app.store, *id).await?);
    }
    let articles = &rules.catalog.articles;
    let known = known_words(articles.iter().flat_map(|one| [one.title.as_str(), one.body.as_str()]));
    let now = app.clock.now();
    let about = About {
        id: command.out.as_deref().map(named).transpose()?,
        language,
        intent,
        desk: &app.config.desk_name,
        known: &known,
        synonyms: &synonyms,
        today: today(app, now)?,
    };
    let draft = draft(&cases, &about)
        .with_context(|| format!("{}: nothing was asked there that could be a title", command.of))?;
    let text = content::render(&draft.article, &draft.notes);
    // What is printed passes `check`, or it is not printed.
    if let Err(faults) = content::sound(&draft.article) {
        anyhow::bail!("the draft would not be sound: {}", crate::app::listing(&faults));
    }
    let file = if command.write {
        Some(content::file_of(&app.config.knowledge_base, &draft.article.id, language))
    } else {
        command.out.clone()
    };
    if let Some(file) = &file {
        put(file, &text)?;
    }
    print(&draft, &text, file.as_deref(), global)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn today(app: &App, now: crate::domain::Timestamp) -> anyhow::Result<NaiveDate> {
    let utc = now.utc().context("the clock shows a time that is none")?;
    Ok(utc.with_timezone(&app.config.timezone).date_naive())
}

/// The tickets, the language of the draft and the request type.
async fn sources(app: &App, command: &Command) -> anyhow::Result<(Vec<TicketId>, Language, Option<String>)> {
    if command.of.to_lowercase().starts_with("g-") {
        let rules = app.live.get();
        let found = Found::read(app, &rules, &command.scope).await?;
        let gap = found.find(&command.of).with_context(|| {
            format!("there is no gap {}; `madoguchi kb gaps` lists them (with the same --since and --all)", command.of)
        })?;
        return Ok((tickets(gap, &found.asked), gap.language, gap.intent.clone()));
    }
    let id: TicketId = command.of.parse().with_context(|| format!("{}: write T-1042 or G-1042", command.of))?;
    let ticket = super::super::ticket::find(&app.store, id).await?;
    Ok((vec![id], ticket.language, ticket.intent))
}

/// What is read of one ticket; `None` when it has no message any more.
async fn case(store: &Store, id: TicketId) -> anyhow::Result<Option<Case>> {
    let Some(ticket) = store.ticket(id).await? else { return Ok(None) };
    let Ticket { requester, assignee, slots, status, participants, .. } = ticket;
    let messages = store.ticket_messages(id).await?;
    let events = store.ticket_events(id).await?;
    let mut case = Case {
        ticket: id,
        customers: vec![requester.name.clone()],
        addresses: participants,
        agents: assignee.into_iter().collect(),
        details: slots.into_values().collect(),
        resolved: matches!(status, Status::Resolved | Status::Closed),
        ..Case::default()
    };
    case.addresses.push(requester.address);
    case.agents
        .extend(events.into_iter().map(|event| event.actor).filter(|actor| actor != "rule" && actor != "requester"));
    case.agents.sort();
    case.agents.dedup();
    let mut asked = false;
    for message in messages {
        match message {
            TicketMessage::In(message) => {
                case.customers.push(message.from.name);
                case.addresses.push(message.from.address);
                if !asked {
                    (case.subject, case.text) = (message.subject, message.reply_text);
                    asked = true;
                }
            }
            TicketMessage::Out(row) if row.outbound.kind == OutboundKind::AgentReply => {
                case.replies.push(row.outbound.text);
            }
            TicketMessage::Out(_) => {}
        }
    }
    Ok(asked.then_some(case))
}

/// The id an article in this file has.
fn named(file: &Path) -> anyhow::Result<String> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    anyhow::ensure!(
        file.extension().is_some_and(|end| end == "md") && content::is_id(stem),
        "{}: name the file after the article, for instance vpn-setup.md (a-z, 0-9, - and _)",
        file.display()
    );
    Ok(stem.to_owned())
}

/// Writes a new file; one that is there stays.
fn put(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let mut opened = std::fs::File::create_new(file)
        .with_context(|| format!("cannot write {}; a file that is there is never written over", file.display()))?;
    opened.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

fn print(draft: &Draft, text: &str, file: Option<&Path>, global: &Global) -> anyhow::Result<()> {
    if global.json {
        let article = &draft.article;
        return out::json(&json!({
            "article": article, "notes": draft.notes, "answer_from": draft.answer_from.map(|id| id.to_string()),
            "markdown": text, "file": file.map(|file| file.display().to_string()),
        }));
    }
    match file {
        Some(file) => {
            out::line(format!("{}: {}", file.display(), draft.article.title));
            for note in &draft.notes {
                out::line(format!("  {note}"));
            }
        }
        None => out::line(text.trim_end()),
    }
    if draft.answer_from.is_none() {
        out::note("no agent has answered on these tickets, so the answer is still to be written");
    }
    Ok(())
}
