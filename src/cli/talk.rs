//! A chat with the desk at the terminal, as an end user: each line goes through the same inbox and decisions as any message.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use super::out;
use crate::app::App;
use crate::connectors::scripted::{self, Line};
use crate::domain::{InboxId, OutboxId};
use crate::store::{OutboxFilter, OutboxRow};

/// How often the answer is looked for, and how many times.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: usize = 500;

/// Talks until the input ends or Ctrl-C.
///
/// # Errors
/// The database failed.
pub(super) async fn run(app: &Arc<App>) -> anyhow::Result<()> {
    out::line("Chat with the desk, in Japanese or English. An empty line begins a new topic; Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut topic = app.clock.now();
    let mut shown = last_reply(app).await?;
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
            name: "You".into(),
            room: "terminal".into(),
            thread: Some(topic.0.to_string()),
            text: typed,
            ..Line::default()
        };
        let raw = serde_json::to_vec(&line)?;
        let accepted = app.store.accept(&[scripted::received(&raw, "terminal", "", now)?], now).await?;
        if let Some(id) = accepted.rows.into_iter().flatten().next() {
            decided(app, id).await?;
        }
        for reply in replies(app, shown).await? {
            shown = Some(reply.id);
            out::line(format!("\n{}\n", reply.outbound.text.trim_end()));
            app.store.delivered_by_reading(reply.id, app.clock.now()).await?;
        }
    }
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

async fn replies(app: &Arc<App>, after: Option<OutboxId>) -> anyhow::Result<Vec<OutboxRow>> {
    let filter = OutboxFilter { source: Some("terminal".into()), after, ..OutboxFilter::default() };
    Ok(app.store.outbox_list(&filter).await?)
}

async fn last_reply(app: &Arc<App>) -> anyhow::Result<Option<OutboxId>> {
    Ok(replies(app, None).await?.last().map(|row| row.id))
}
