//! A chat with the desk at the terminal, as an end user: each line goes through the same inbox and decisions as any message.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use super::out;
use crate::app::App;
use crate::connectors::scripted::{self, Line};
use crate::domain::{Channel, InboxId};
use crate::store::Sending;

/// How often the answer is looked for, and how many times.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 500;
/// Names the terminal among the sources of messages.
const SOURCE: &str = "terminal";
/// How long a claimed reply is ours.
const LEASE_MS: i64 = 10_000;

/// Talks until the input ends or Ctrl-C.
///
/// # Errors
/// The database failed.
pub(super) async fn run(app: &Arc<App>) -> anyhow::Result<()> {
    out::line("Chat with the desk, in Japanese or English. An empty line begins a new topic; Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut topic = app.clock.now();
    loop {
        prompt();
        let typed = tokio::select! {
            typed = lines.next_line() => typed?,
            ended = tokio::signal::ctrl_c() => { ended?; None }
        };
        let Some(typed) = typed else { return Ok(()) };
        if typed.trim().is_empty() {
            topic = app.clock.now();
            out::line("(a new topic)");
            continue;
        }
        let now = app.clock.now();
        let line = Line {
            id: Some(format!("terminal-{}", now.0)),
            user: "you".into(),
            room: "terminal".into(),
            thread: Some(topic.0.to_string()),
            text: typed,
            ..Line::default()
        };
        let raw = serde_json::to_vec(&line)?;
        let accepted = app.store.accept(&[scripted::received(&raw, SOURCE, "", now)?], now).await?;
        let accepted = accepted.rows.into_iter().flatten().next();
        if let Some(id) = accepted {
            decided(app, id).await?;
        }
        if show(app).await? == 0
            && let Some(id) = accepted
            && let Some(settled) = app.store.decision_of(id).await?
        {
            let ticket = settled.ticket.map_or_else(String::new, |ticket| format!(", {ticket}"));
            out::line(format!("({}{ticket}: nothing to say)", settled.fate));
        }
    }
}

/// Claims what the desk has to say here, prints it, and marks it as delivered: the same way as any channel. Returns how many there were.
async fn show(app: &Arc<App>) -> anyhow::Result<usize> {
    let owner = format!("{}/terminal", app.owner);
    let now = app.clock.now();
    let here = [Sending { channel: Channel::Web, source: SOURCE.into() }];
    let items = app.store.claim_outbox(&owner, [now, now.plus_ms(LEASE_MS)], 10, &here).await?;
    for item in &items {
        out::line(format!("\n{}\n", item.outbound.text.trim_end()));
        app.store.delivered(&owner, item.id, app.clock.now()).await?;
    }
    Ok(items.len())
}

fn prompt() {
    let mut stdout = std::io::stdout().lock();
    let _ = write!(stdout, "> ");
    let _ = stdout.flush();
}

/// Waits until the message is decided.
async fn decided(app: &Arc<App>, id: InboxId) -> anyhow::Result<()> {
    for _ in 0..LOOKS {
        if app.store.decision_of(id).await?.is_some() {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    out::line("(still being decided; `madoguchi inbox list` shows it)");
    Ok(())
}
