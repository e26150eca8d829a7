//! `privacy export` and `privacy erase`: what is kept about a requester, handed over or erased.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Global, noted, out, privacy_export, settings};
use crate::app::{self, App};
use crate::decide::agent::{self, Hand};
use crate::domain::{Changes, EventKind, InboxId, Status, Ticket, TicketEvent, TicketId, Timestamp};
use crate::store::{Belongings, StoreError, Traces};

/// Messages erased in one transaction.
const PAGE: usize = 200;
/// Rows looked at in one query.
const LOOK: u32 = 500;
/// How often a ticket is erased again when somebody changed it in between.
const ROUNDS: usize = 5;

#[derive(Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write everything about a person into a directory, or into one .zip file
    Export {
        /// One of their addresses (`slack:U…` and `discord:…` too), or their number
        requester: String,
        /// A directory that is not there yet, or a name that ends in .zip
        #[arg(long, value_name = "PATH")]
        to: PathBuf,
    },
    /// Erase everything a person wrote or is known by; tickets stay as figures
    Erase {
        /// One of their addresses (`slack:U…` and `discord:…` too), or their number
        requester: String,
        /// Only say what would be erased
        #[arg(long)]
        dry_run: bool,
    },
}

/// A person as the desk knows them.
pub(super) struct Subject {
    /// Their number; none for somebody who is only known by an address.
    pub(super) id: Option<i64>,
    /// Lower case.
    pub(super) addresses: Vec<String>,
    /// What is kept.
    pub(super) kept: Belongings,
    /// Rows that became no message but name them.
    pub(super) unread: Vec<InboxId>,
}

impl Subject {
    fn is_unknown(&self) -> bool {
        let kept = &self.kept;
        let nothing = kept.tickets.is_empty() && kept.beside.is_empty() && kept.messages.is_empty();
        self.id.is_none() && nothing && kept.outbox.is_empty() && self.unread.is_empty()
    }

    /// How the audit log names them: never by an address.
    fn name(&self) -> String {
        self.id.map_or_else(|| "requester".to_owned(), |id| format!("requester:{id}"))
    }
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_app(global, async |app| match &command.action {
        Action::Export { requester, to } => {
            let subject = find(&app, requester).await?;
            if subject.is_unknown() {
                bail!("nothing is kept about `{requester}`");
            }
            let files = privacy_export::write(&app.store, &subject, to).await?;
            let now = app.clock.now();
            noted::change(&app.store, "privacy.export", &subject.name(), ["", &format!("{files} files")], now).await?;
            if global.json {
                out::json(&json!({ "to": to, "files": files, "tickets": subject.kept.tickets.len() }))?;
            } else {
                out::line(format!("{} written, {files} files", to.display()));
            }
            Ok(ExitCode::SUCCESS)
        }
        Action::Erase { requester, dry_run } => {
            let subject = find(&app, requester).await?;
            if !*dry_run && !subject.is_unknown() {
                erase(&app, &subject).await?;
            }
            say(&app, &subject, *dry_run, global)?;
            Ok(ExitCode::SUCCESS)
        }
    })
}

/// Who is meant: by number, or by an address that leads to all of theirs.
async fn find(app: &App, requester: &str) -> anyhow::Result<Subject> {
    let store = &app.store;
    let (id, addresses) = if let Ok(id) = requester.parse::<i64>() {
        (Some(id), store.addresses_of(id).await?)
    } else {
        let address = requester.trim().to_lowercase();
        match store.person(&address).await? {
            Some(person) => (Some(person.id), person.addresses),
            None => (None, vec![address]),
        }
    };
    let id = id.filter(|_| !addresses.is_empty());
    let kept = store.belongings(&addresses).await?;
    let unread = unread(app, &addresses).await?;
    Ok(Subject { id, addresses, kept, unread })
}

/// Rows that became no message (copies, what was ignored or put aside) and whose raw form names one of `addresses`.
async fn unread(app: &App, addresses: &[String]) -> anyhow::Result<Vec<InboxId>> {
    let needles: Vec<Vec<u8>> = addresses
        .iter()
        .map(|address| address.strip_prefix("slack:").or_else(|| address.strip_prefix("discord:")).unwrap_or(address))
        .filter(|needle| !needle.is_empty())
        .map(|needle| needle.as_bytes().to_vec())
        .collect();
    let finder = aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(&needles)?;
    let mut found = Vec::new();
    let mut after = InboxId(0);
    loop {
        let page = app.store.rows_without_message(after, LOOK).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = *last;
        for id in page {
            match app.store.raw(id).await {
                Ok(raw) if finder.is_match(&raw) => found.push(id),
                // Removed since the list was read: nothing is left to erase.
                Ok(_) | Err(StoreError::Corrupt { .. }) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
    }
}

/// Erases everything. Stopped half-way it may be done again: each step finds what it needs as long as it is not done, and who the
/// person is goes last.
async fn erase(app: &Arc<App>, subject: &Subject) -> anyhow::Result<()> {
    let store = &app.store;
    let now = app.clock.now();
    let kept = &subject.kept;
    let mut mark = [0_u8; 8];
    getrandom::fill(&mut mark).map_err(|fault| anyhow::anyhow!("the system has no random numbers: {fault}"))?;
    let mark = hex::encode(mark);
    beside(app, subject).await?;
    let mut messages = kept.messages.clone();
    messages.extend(&subject.unread);
    forget(app, &messages, now).await?;
    let words = Traces {
        tickets: kept.tickets.clone(),
        messages: messages.clone(),
        outbox: kept.outbox.clone(),
        mark: mark.clone(),
        ..Traces::default()
    };
    store.erase_traces(&words).await?;
    for id in &kept.tickets {
        change(app, *id, |ticket| blank(app, ticket, now)).await?;
    }
    let person = Traces { addresses: subject.addresses.clone(), mark, ..Traces::default() };
    store.erase_traces(&person).await?;
    let after = format!("{} tickets, {} messages", kept.tickets.len(), messages.len());
    noted::change(store, "privacy.erase", &subject.name(), ["", &after], now).await?;
    store.shrink().await.context("everything is erased, but the database could not be written anew")?;
    Ok(())
}

/// Takes the person out of tickets of others. It comes first: which complaint there is theirs shows only as long as their message is
/// there.
async fn beside(app: &Arc<App>, subject: &Subject) -> anyhow::Result<()> {
    let kept = &subject.kept;
    let mut tickets: Vec<TicketId> = kept.wrote.iter().map(|(ticket, _)| *ticket).collect();
    tickets.extend(&kept.beside);
    tickets.sort_unstable();
    tickets.dedup();
    for id in &tickets {
        let wrote: Vec<Timestamp> = kept.wrote.iter().filter(|(on, _)| on == id).map(|(_, at)| *at).collect();
        let without = |ticket: &Ticket| {
            Ok(Changes { tickets: vec![ticket.without(&subject.addresses, &wrote)], ..Changes::default() })
        };
        change(app, *id, without).await?;
    }
    app.store.erase_traces(&Traces { beside: tickets, ..Traces::default() }).await?;
    Ok(())
}

/// Forgets messages. What the classifier was taught with goes with them; a new model without it makes every process forget it.
async fn forget(app: &App, messages: &[InboxId], now: Timestamp) -> anyhow::Result<()> {
    let before = app.store.learned().await?;
    for page in messages.chunks(PAGE) {
        app.store.forget(page, now).await?;
    }
    let after = app.store.learned().await?;
    if before.examples.len() != after.examples.len() {
        let report = app.store.last_learn_run().await?.map_or_else(|| "{}".to_owned(), |run| run.report);
        app.store.put_learned(&after.policy, &after.examples, &report, now).await?;
    }
    Ok(())
}

/// A ticket of the person: ended when it was open, since nobody could work on it, and without anything of theirs.
fn blank(app: &App, ticket: &Ticket, now: Timestamp) -> anyhow::Result<Changes> {
    let who = noted::who();
    let rules = app.live.get();
    let hand = Hand { catalog: &rules.catalog, keyring: &app.keyring, agent: &who, now };
    let is_open = !matches!(ticket.status, Status::Resolved | Status::Closed) && ticket.merged_into.is_none();
    let closed = if is_open { agent::close(&hand, ticket)? } else { Changes::default() };
    let last = closed.tickets.first().unwrap_or(ticket);
    let noted =
        TicketEvent { ticket: ticket.id, at: now, kind: EventKind::Note, actor: who.clone(), detail: String::new() };
    // Nothing is sent about it: a card would show what is being erased.
    Ok(Changes {
        tickets: vec![last.erased()],
        events: closed.events.into_iter().chain([noted]).collect(),
        ..Changes::default()
    })
}

/// Works a change out from the stored ticket and writes it; again, when somebody else was faster. A ticket that is not there or that
/// the change leaves as it is stays untouched.
async fn change(app: &Arc<App>, id: TicketId, work: impl Fn(&Ticket) -> anyhow::Result<Changes>) -> anyhow::Result<()> {
    for _ in 0..ROUNDS {
        let Some(ticket) = app.store.ticket(id).await? else { return Ok(()) };
        let changes = work(&ticket)?;
        if changes.tickets.first() == Some(&ticket) {
            return Ok(());
        }
        match app.store.apply_from(&changes, app.clock.now(), "cli").await {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    bail!("{id} keeps changing while it is erased; do it again")
}

fn say(app: &App, subject: &Subject, is_dry: bool, global: &Global) -> anyhow::Result<()> {
    let kept = &subject.kept;
    let messages = kept.messages.len() + subject.unread.len();
    let copies: Vec<Value> = app::backup_plan(&app.config)
        .map_or_else(Vec::new, |plan| plan.generations())
        .into_iter()
        .map(|copy| json!({ "file": copy.file, "until": copy.until.map(Timestamp::rfc3339) }))
        .collect();
    if global.json {
        return out::json(&json!({
            "erased": !is_dry, "requester": subject.id, "addresses": subject.addresses.len(),
            "tickets": kept.tickets.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "participant_in": kept.beside.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "messages": messages, "outgoing": kept.outbox.len(), "undecided": kept.pending, "backups": copies,
        }));
    }
    let verb = if is_dry { "would be erased" } else { "erased" };
    out::line(format!(
        "{verb}: {} addresses, {messages} messages, {} outgoing messages; {} tickets stay as figures, {} tickets of others lose a participant",
        subject.addresses.len(),
        kept.outbox.len(),
        kept.tickets.len(),
        kept.beside.len()
    ));
    if kept.pending > 0 {
        out::line(format!("{} messages are not decided yet; run this again once they are", kept.pending));
    }
    let posted =
        subject.addresses.iter().any(|address| address.starts_with("slack:") || address.starts_with("discord:"));
    if posted {
        out::line("what was posted in Slack or Discord, and mail on mail servers, has to be removed there");
    }
    if copies.is_empty() {
        out::line("no backup of this desk holds it; copies made elsewhere are the operator's");
    }
    for copy in copies {
        out::line(format!(
            "still in {} until {}",
            copy["file"].as_str().unwrap_or("?"),
            copy["until"].as_str().unwrap_or("it is removed by hand")
        ));
    }
    Ok(())
}
