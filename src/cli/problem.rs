//! `problem list|show|open|link|own|cause|workaround|draft|close`: the list of problems.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::ticket::find;
use super::ticket_change::By;
use super::{Global, noted, out, settings};
use crate::app::App;
use crate::clock::Clock;
use crate::content;
use crate::decide::problems;
use crate::domain::problem::{ProblemRecord, ProblemState};
use crate::domain::{Changes, EventKind, Language, Problem, Sighting, Ticket, TicketEvent, TicketId, Timestamp};
use crate::store::{Store, StoreError};

/// How often a change is made again when somebody else was faster.
const ROUNDS: usize = 5;

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Open problems, the one seen last first
    List {
        /// Those that are only counted and those that are settled, too
        #[arg(long)]
        all: bool,
    },
    /// One problem with its tickets
    Show {
        /// incident/web01
        key: String,
    },
    /// Put a matter on the list
    Open {
        /// A name for it: disk-full
        key: String,
        /// In one line
        #[arg(long)]
        title: String,
        /// The ticket it was seen on
        #[arg(long)]
        ticket: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// A ticket is one more of its kind
    Link {
        /// incident/web01
        key: String,
        /// T-1042
        ticket: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// Give it to an agent, who is nudged until it is settled
    Own {
        /// incident/web01
        key: String,
        /// The agent; `nobody` takes it back
        to: String,
    },
    /// Say why it happens
    Cause {
        /// incident/web01
        key: String,
        /// Why
        text: String,
    },
    /// Say what helps until it is settled: from then on it is a known error
    Workaround {
        /// incident/web01
        key: String,
        /// What helps
        text: String,
    },
    /// The known error as an internal article, to be read over and put into the knowledge base
    Draft {
        /// incident/web01
        key: String,
        /// ja or en [default: the desk's]
        #[arg(long)]
        lang: Option<Language>,
        /// Into this file or directory instead of the terminal
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
    },
    /// It is settled
    Close {
        /// incident/web01
        key: String,
        /// How
        #[arg(long)]
        because: String,
    },
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    match &command.action {
        Action::List { all } => settings::with_store(global, async |store, config| {
            let mut found = store.problems().await?;
            found.retain(|record| *all || record.state == ProblemState::Open);
            list(&found, config.timezone, global)
        }),
        Action::Show { key } => settings::with_store(global, async |store, config| {
            show(&find_problem(store, key).await?, config.timezone, global)
        }),
        Action::Draft { key, lang, out } => settings::with_store(global, async |store, config| {
            let record = find_problem(store, key).await?;
            let (id, text) = article(&record, lang.unwrap_or(config.language))?;
            match out {
                Some(place) => {
                    // An article's file is called like the article.
                    let file = if place.is_dir() { place.join(format!("{id}.md")) } else { place.clone() };
                    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
                    out::note(format!("written to {}; read it over before `kb import`", file.display()));
                }
                None => out::line(text.trim_end()),
            }
            Ok(ExitCode::SUCCESS)
        }),
        Action::Open { key, title, ticket, by } => settings::with_app(global, async |app| {
            see(&app, key, Some(title), (*ticket, by)).await?;
            show(&find_problem(&app.store, key).await?, app.config.timezone, global)
        }),
        Action::Link { key, ticket, by } => settings::with_app(global, async |app| {
            see(&app, key, None, (*ticket, by)).await?;
            show(&find_problem(&app.store, key).await?, app.config.timezone, global)
        }),
        Action::Own { key, .. }
        | Action::Cause { key, .. }
        | Action::Workaround { key, .. }
        | Action::Close { key, .. } => settings::with_store(global, async |store, config| {
            let record = change(store, key, &command.action).await?;
            show(&record, config.timezone, global)
        }),
    }
}

async fn find_problem(store: &Store, key: &str) -> anyhow::Result<ProblemRecord> {
    let found = store.problem(key).await?;
    found.with_context(|| format!("there is no problem `{key}`; `madoguchi problem list --all` shows them"))
}

/// Puts a matter on the list, or counts it once more, with a line in the ticket's history.
async fn see(app: &App, key: &str, title: Option<&String>, (ticket, by): (TicketId, &By)) -> anyhow::Result<()> {
    let title = match title {
        Some(title) => title.clone(),
        None => find_problem(&app.store, key).await?.title,
    };
    for _ in 0..ROUNDS {
        let now = app.clock.now();
        let mut known: Ticket = find(&app.store, ticket).await?;
        if known.course.matter.as_deref() == Some(key) {
            bail!("{ticket} is counted under `{key}` already");
        }
        known.course.matter = Some(key.to_owned());
        let detail = format!("{}{key}", TicketEvent::PROBLEM);
        let event = TicketEvent { ticket, at: now, kind: EventKind::Linked, actor: by.name.clone(), detail };
        let problem = Problem { key: key.to_owned(), title: title.clone(), ticket, at: now, how: Sighting::Opened };
        let changes =
            Changes { tickets: vec![known], events: vec![event], problems: vec![problem], ..Changes::default() };
        match app.store.apply_from(&changes, now, "cli").await {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    bail!("{ticket} keeps changing while this is done; try again")
}

async fn change(store: &Store, key: &str, action: &Action) -> anyhow::Result<ProblemRecord> {
    let now = Clock::system().now();
    for _ in 0..ROUNDS {
        let before = find_problem(store, key).await?;
        let mut record = before.clone();
        match action {
            Action::Own { to, .. } => record.owner = (to != "nobody").then(|| to.clone()),
            Action::Cause { text, .. } => record.cause = Some(text.clone()),
            Action::Workaround { text, .. } => record.workaround = Some(text.clone()),
            Action::Close { because, .. } => {
                if record.state == ProblemState::Closed {
                    bail!("`{key}` is closed already");
                }
                record.state = ProblemState::Closed;
                (record.closed_at, record.closed_because) = (Some(now), Some(because.clone()));
                (record.nudge_at, record.reviewed_at) = (None, Some(now));
            }
            Action::List { .. }
            | Action::Show { .. }
            | Action::Open { .. }
            | Action::Link { .. }
            | Action::Draft { .. } => {}
        }
        match store.put_problem(&record, &[], now).await {
            Ok(()) => {
                note(store, action, [&before, &record], now).await?;
                return find_problem(store, key).await;
            }
            Err(StoreError::Conflict { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    bail!("the problem keeps changing while this is done; try again")
}

/// Notes what was done with a problem, which is named by its first ticket: its key holds a detail of the request, its texts may.
async fn note(
    store: &Store,
    action: &Action,
    [before, after]: [&ProblemRecord; 2],
    now: Timestamp,
) -> anyhow::Result<()> {
    let there = |text: &Option<String>| if text.is_some() { "written" } else { "" };
    let owner = |record: &ProblemRecord| record.owner.clone().unwrap_or_default();
    let state = |record: &ProblemRecord| record.state.to_string();
    let (action, was, is) = match action {
        Action::Own { .. } => ("problem.own", owner(before), owner(after)),
        Action::Cause { .. } => ("problem.cause", there(&before.cause).to_owned(), there(&after.cause).to_owned()),
        Action::Workaround { .. } => {
            ("problem.workaround", there(&before.workaround).to_owned(), there(&after.workaround).to_owned())
        }
        Action::Close { .. } => ("problem.close", state(before), state(after)),
        Action::List { .. }
        | Action::Show { .. }
        | Action::Open { .. }
        | Action::Link { .. }
        | Action::Draft { .. } => return Ok(()),
    };
    let subject = format!("problem of {}", after.first_ticket);
    noted::change(store, action, &subject, [&was, &is], now).await
}

/// An article file: front matter and text, as the knowledge base reads it.
fn article(record: &ProblemRecord, language: Language) -> anyhow::Result<(String, String)> {
    let article = problems::draft(record, language).with_context(|| {
        format!("`{}` has no workaround yet; `madoguchi problem workaround {} TEXT` first", record.key, record.key)
    })?;
    let text = content::render(&article, &[]);
    Ok((article.id, text))
}

fn document(record: &ProblemRecord) -> Value {
    let at = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let tickets =
        record.tickets.iter().map(|(ticket, seen)| json!({ "ticket": ticket.to_string(), "at": seen.rfc3339() }));
    json!({
        "key": record.key, "title": record.title, "state": record.state, "owner": record.owner, "cause": record.cause,
        "workaround": record.workaround, "times": record.times, "opened_at": record.opened_at.rfc3339(),
        "seen_at": record.seen_at.rfc3339(), "nudge_at": at(record.nudge_at), "closed_at": at(record.closed_at),
        "closed_because": record.closed_because, "tickets": tickets.collect::<Vec<_>>(),
    })
}

fn list(records: &[ProblemRecord], zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<ExitCode> {
    if global.json {
        out::json(&records.iter().map(document).collect::<Vec<_>>().into())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = out::table(["problem", "state", "title", "owner", "seen", "last", "workaround"]);
    for record in records {
        table.add_row([
            record.key.clone(),
            record.state.to_string(),
            out::short(&record.title, 40),
            record.owner.clone().unwrap_or_else(|| out::paint("nobody", out::Colour::Yellow)),
            record.times.to_string(),
            out::when(record.seen_at, zone),
            record.workaround.as_deref().map(|text| out::short(text, 30)).unwrap_or_default(),
        ]);
    }
    out::line(table.to_string());
    out::line(format!("{} problems", records.len()));
    Ok(ExitCode::SUCCESS)
}

fn show(record: &ProblemRecord, zone: chrono_tz::Tz, global: &Global) -> anyhow::Result<ExitCode> {
    if global.json {
        out::json(&document(record))?;
        return Ok(ExitCode::SUCCESS);
    }
    out::line(format!("{}  {}", record.key, record.title));
    let owner = record.owner.as_deref().unwrap_or("nobody");
    out::line(format!("{} · with {owner} · seen {} times", record.state, record.times));
    for (name, text) in
        [("cause", &record.cause), ("workaround", &record.workaround), ("settled", &record.closed_because)]
    {
        if let Some(text) = text {
            out::line(format!("{name}: {text}"));
        }
    }
    if let Some(at) = record.nudge_at {
        out::line(format!("the owner is asked again on {}", out::when(at, zone)));
    }
    for (ticket, at) in &record.tickets {
        out::line(format!("  {}  {ticket}", out::when(*at, zone)));
    }
    Ok(ExitCode::SUCCESS)
}
