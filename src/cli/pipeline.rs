//! Pushes messages through the same steps as live mail: accept, then decide until nothing waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::{App, HANDLERS};
use crate::domain::Received;
use crate::workers::supervise::Supervisor;

/// Messages stored in one transaction.
const BATCH: usize = 256;
/// Batches read ahead of the store.
const AHEAD: usize = 4;
/// How often the rest is looked at once everything is stored.
const LOOK: Duration = Duration::from_millis(20);

/// What was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pushed {
    /// Messages read.
    pub(super) read: u64,
    /// Of those, messages that were not known before.
    pub(super) new: u64,
}

/// Reads messages with `read` on a thread of its own, stores and decides them, and returns when nothing waits. `progress` is told
/// how many were stored so far.
///
/// # Errors
/// Reading or the database failed. What was stored stays stored; a second run goes on.
pub(super) async fn push(
    app: &Arc<App>,
    read: impl FnOnce(&mut dyn FnMut(Received) -> anyhow::Result<()>) -> anyhow::Result<()> + Send + 'static,
    progress: impl Fn(u64),
) -> anyhow::Result<Pushed> {
    let (sender, mut batches) = mpsc::channel::<Vec<Received>>(AHEAD);
    let reader = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        read(&mut |received| {
            batch.push(received);
            if batch.len() == BATCH {
                sender.blocking_send(std::mem::take(&mut batch)).map_err(|_| anyhow::anyhow!("the store stopped"))?;
            }
            Ok(())
        })?;
        sender.blocking_send(batch).map_err(|_| anyhow::anyhow!("the store stopped"))
    });
    let mut supervisor = Supervisor::new();
    for number in 0..HANDLERS {
        supervisor.run(app.handler(number));
    }
    let stored = store(app, &mut batches, progress).await;
    // A reader that waits for room must see that nobody listens any more.
    drop(batches);
    let done = reader.await;
    let settled = settled(app, stored.is_ok()).await;
    supervisor.drain(Duration::from_secs(10)).await;
    let pushed = stored?;
    done??;
    settled?;
    Ok(pushed)
}

async fn store(
    app: &Arc<App>,
    batches: &mut mpsc::Receiver<Vec<Received>>,
    progress: impl Fn(u64),
) -> anyhow::Result<Pushed> {
    let mut pushed = Pushed::default();
    while let Some(batch) = batches.recv().await {
        let accepted = app.store.accept(&batch, app.clock.now()).await?;
        pushed.read += batch.len() as u64;
        pushed.new += accepted.new_count() as u64;
        progress(pushed.read);
    }
    Ok(pushed)
}

/// Waits until every stored message is decided or buried. Rows that a killed process had claimed wait for its lease to end.
async fn settled(app: &Arc<App>, wanted: bool) -> anyhow::Result<()> {
    while wanted && app.store.figures().await?.pending > 0 {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
