//! `ticket reply|assign|move|correct|close|reopen|merge|split`: an agent's work from the shell.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::ticket::{document, find};
use super::{Global, out, settings};
use crate::app::App;
use crate::decide::agent::{self, Correction, Hand, Refusal, Reply, Then};
use crate::domain::{Catalog, Changes, InboxId, Priority, StoredMessage, Ticket, TicketId};
use crate::store::{ListedTicket, StoreError, TicketMessage};

/// How often an action is done again when somebody else changed the ticket in between.
const ROUNDS: usize = 5;

#[derive(Subcommand)]
pub(super) enum Change {
    /// Answer the requester
    Reply {
        /// T-1042
        ticket: TicketId,
        /// The answer
        text: String,
        /// Afterwards it waits for the requester
        #[arg(long, conflicts_with = "resolve")]
        wait: bool,
        /// Afterwards it is resolved
        #[arg(long)]
        resolve: bool,
        #[command(flatten)]
        by: By,
    },
    /// Give it to an agent
    Assign {
        /// T-1042
        ticket: TicketId,
        /// The agent; `nobody` takes it back
        to: String,
        #[command(flatten)]
        by: By,
    },
    /// Move it to another queue
    Move {
        /// T-1042
        ticket: TicketId,
        /// The queue's name
        queue: String,
        #[command(flatten)]
        by: By,
    },
    /// Change its priority
    Prioritise {
        /// T-1042
        ticket: TicketId,
        /// low, medium, high or critical
        priority: Priority,
        #[command(flatten)]
        by: By,
    },
    /// Say what should have been decided; the ticket follows and the desk learns. Naming what is there confirms it
    Correct {
        /// T-1042
        ticket: TicketId,
        /// The request type; `none` for none of them
        #[arg(long)]
        intent: Option<String>,
        /// The queue
        #[arg(long)]
        queue: Option<String>,
        /// low, medium, high or critical
        #[arg(long)]
        priority: Option<Priority>,
        /// The article that answers it; `none` for none of them
        #[arg(long)]
        article: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Solved: tell the requester
    Resolve {
        /// T-1042
        ticket: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// Done
    Close {
        /// T-1042
        ticket: TicketId,
        /// Another person who agrees, for tickets that nobody closes alone
        #[arg(long, value_name = "NAME")]
        with: Option<String>,
        #[command(flatten)]
        by: By,
    },
    /// Not done after all
    Reopen {
        /// T-1042
        ticket: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// Make two tickets one; everything for the first goes to the second from then on
    Merge {
        /// The ticket that ends
        ticket: TicketId,
        /// The ticket that goes on
        into: TicketId,
        #[command(flatten)]
        by: By,
    },
    /// Take a message off to a ticket of its own
    Split {
        /// T-1042
        ticket: TicketId,
        /// The message: its inbox row, as `ticket show --json` names it
        message: i64,
        #[command(flatten)]
        by: By,
    },
}

#[derive(Args)]
pub(super) struct By {
    /// Who acts, as it stands in the history
    #[arg(long = "agent", value_name = "NAME", default_value = "agent")]
    pub(super) name: String,
}

impl Change {
    fn ticket(&self) -> TicketId {
        match self {
            Self::Reply { ticket, .. }
            | Self::Assign { ticket, .. }
            | Self::Move { ticket, .. }
            | Self::Prioritise { ticket, .. }
            | Self::Correct { ticket, .. }
            | Self::Resolve { ticket, .. }
            | Self::Close { ticket, .. }
            | Self::Reopen { ticket, .. }
            | Self::Merge { ticket, .. }
            | Self::Split { ticket, .. } => *ticket,
        }
    }

    fn agent(&self) -> &str {
        match self {
            Self::Reply { by, .. }
            | Self::Assign { by, .. }
            | Self::Move { by, .. }
            | Self::Prioritise { by, .. }
            | Self::Correct { by, .. }
            | Self::Resolve { by, .. }
            | Self::Close { by, .. }
            | Self::Reopen { by, .. }
            | Self::Merge { by, .. }
            | Self::Split { by, .. } => &by.name,
        }
    }
}

pub(super) fn run(change: &Change, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_app(global, async |app| {
        write(&app, change.ticket(), async |ticket, messages| work_out(&app, change, ticket, messages).await).await?;
        shown(&app, change.ticket(), global).await
    })
}

/// The ticket as it stands after the change.
pub(super) async fn shown(app: &App, id: TicketId, global: &Global) -> anyhow::Result<ExitCode> {
    let ticket = find(&app.store, id).await?;
    if global.json {
        let messages = i64::try_from(app.store.ticket_messages(id).await?.len()).unwrap_or(i64::MAX);
        out::json(&document(&ListedTicket { ticket, messages }))?;
    } else {
        let assignee = ticket.assignee.as_deref().unwrap_or("nobody");
        out::line(format!("{id}: {} · {} · queue {} · with {assignee}", ticket.status, ticket.priority, ticket.queue));
    }
    Ok(ExitCode::SUCCESS)
}

/// Works a change out from the stored ticket and its incoming messages, and writes it; again, when somebody else was faster.
///
/// # Errors
/// There is no such ticket, the change makes no sense, or the database failed.
pub(super) async fn write(
    app: &App,
    id: TicketId,
    work_out: impl AsyncFn(&Ticket, &[StoredMessage]) -> anyhow::Result<Changes>,
) -> anyhow::Result<()> {
    for _ in 0..ROUNDS {
        let ticket = find(&app.store, id).await?;
        let messages: Vec<StoredMessage> = app
            .store
            .ticket_messages(ticket.id)
            .await?
            .into_iter()
            .filter_map(|message| match message {
                TicketMessage::In(stored) => Some(*stored),
                TicketMessage::Out(_) => None,
            })
            .collect();
        let changes = work_out(&ticket, &messages).await?;
        match app.store.apply_from(&changes, app.clock.now(), "cli").await {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict { .. }) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    bail!("{id} keeps changing while this is done; try again")
}

/// Where agents are named in the settings, a ticket goes to one of them: a misspelt name would leave it with nobody.
fn known_agent(catalog: &Catalog, name: Option<&str>) -> anyhow::Result<()> {
    let routing = &catalog.service.routing;
    let Some(name) = name.filter(|name| !routing.agents.is_empty() && routing.agent(name).is_none()) else {
        return Ok(());
    };
    let known: Vec<&str> = routing.agents.iter().map(|agent| agent.name.as_str()).collect();
    bail!("`{name}` is not in [[agents]]: write one of {}, or nobody", known.join(", "))
}

async fn work_out(app: &App, change: &Change, ticket: &Ticket, messages: &[StoredMessage]) -> anyhow::Result<Changes> {
    let rules = app.live.get();
    let hand = Hand { catalog: &rules.catalog, keyring: &app.keyring, agent: change.agent(), now: app.clock.now() };
    let last = messages.last();
    let done: Result<Changes, Refusal> = match change {
        Change::Reply { text, wait, resolve, .. } => {
            let then = match (wait, resolve) {
                (true, _) => Then::Waits,
                (false, true) => Then::IsResolved,
                (false, false) => Then::StaysOpen,
            };
            agent::reply(&hand, ticket, &Reply { text, then, last })
        }
        Change::Assign { to, .. } => {
            let to = (to != "nobody").then_some(to.as_str());
            known_agent(&rules.catalog, to)?;
            agent::assign(&hand, ticket, to)
        }
        Change::Move { queue, .. } => agent::move_queue(&hand, ticket, queue),
        Change::Prioritise { priority, .. } => agent::set_priority(&hand, ticket, *priority),
        Change::Correct { intent, queue, priority, article, .. } => {
            let correction = Correction {
                intent: intent.as_deref(),
                queue: queue.as_deref(),
                priority: *priority,
                article: article.as_deref(),
            };
            agent::correct(&hand, ticket, &correction)
        }
        Change::Resolve { .. } => agent::resolve(&hand, ticket, last),
        Change::Close { with, .. } => agent::close_with(&hand, ticket, with.as_deref()),
        Change::Reopen { .. } => agent::reopen(&hand, ticket),
        Change::Merge { into, .. } => agent::merge(&hand, ticket, &find(&app.store, *into).await?),
        Change::Split { message, .. } => {
            let message = messages.iter().find(|stored| stored.inbox_id == InboxId(*message)).with_context(|| {
                format!("message {message} is not on {}; `ticket show --json` names them", ticket.id)
            })?;
            agent::split(&hand, ticket, message)
        }
    };
    Ok(done?)
}
