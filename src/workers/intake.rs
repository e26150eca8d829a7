//! Writes what chat connectors hand over: whatever waits at the same time goes to the disk in one transaction, and each of those
//! who handed something over is told only then. So an event is acknowledged after one commit, however many come in.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::supervise::with_causes;
use crate::clock::Clock;
use crate::connectors::{Handed, NotStored};
use crate::store::{Accepted, HandedOver, Store, StoreError, crash};
use crate::telemetry::Metrics;

/// Parties served by one transaction.
const TOGETHER: usize = 256;
/// When this many came together last time, more are waited for this long: a busy desk writes fewer, larger transactions. An
/// acknowledgement takes that much longer, which is little of the three seconds it may take.
const BUSY: usize = 4;
const GATHERS: Duration = Duration::from_millis(10);

/// Reads the end of [`crate::connectors::intake`].
pub struct IntakeWriter {
    /// What was handed over.
    pub handed: mpsc::Receiver<Handed>,
    /// Where it goes.
    pub store: Arc<Store>,
    /// What time it is.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// How many were served together last time; 0 at first.
    pub came_last: usize,
}

impl IntakeWriter {
    /// Writes until `stop`, or until nobody can hand over any more. Who is still waiting at `stop` is served; who comes later is
    /// told that nothing is stored.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                written = self.once() => if written == 0 { return },
            }
        }
        self.handed.close();
        while self.once().await > 0 {}
    }

    /// Waits for the next parties and serves them. How many; 0 when nobody can come any more.
    pub async fn once(&mut self) -> usize {
        let mut waiting = Vec::with_capacity(TOGETHER);
        let mut count = self.handed.recv_many(&mut waiting, TOGETHER).await;
        if count == 0 {
            return 0;
        }
        if self.came_last >= BUSY {
            tokio::time::sleep(GATHERS).await;
            while let Ok(more) = self.handed.try_recv() {
                waiting.push(more);
                if waiting.len() >= TOGETHER {
                    break;
                }
            }
            count = waiting.len();
        }
        self.came_last = count;
        let mut batch: Vec<HandedOver> = Vec::with_capacity(count);
        let mut answers = Vec::with_capacity(count);
        for handed in waiting {
            batch.push((handed.received, handed.cursor));
            answers.push(handed.done);
        }
        let stored = self.store(&batch).await;
        crash::point("intake.stored");
        for (answer, stored) in answers.into_iter().zip(stored) {
            // Who does not wait for the answer any more hands it over again, and it is known then.
            let _ = answer.send(stored);
        }
        count
    }

    /// What became of each party's messages.
    async fn store(&self, batch: &[HandedOver]) -> Vec<Result<(), NotStored>> {
        match self.accept(batch).await {
            Ok(()) => vec![Ok(()); batch.len()],
            // The schema refuses one of them: it must not keep the others out.
            Err(StoreError::Conflict { .. }) if batch.len() > 1 => {
                let mut stored = Vec::with_capacity(batch.len());
                for one in batch {
                    stored.push(self.accept(std::slice::from_ref(one)).await.map_err(|fault| not_stored(&fault)));
                }
                stored
            }
            Err(fault) => {
                tracing::error!(parties = batch.len(), "chat is not stored: {}", with_causes(&fault));
                vec![Err(not_stored(&fault)); batch.len()]
            }
        }
    }

    async fn accept(&self, batch: &[HandedOver]) -> Result<(), StoreError> {
        let accepted = self.store.accept_handed(batch, self.clock.now()).await?;
        self.count(batch, &accepted);
        Ok(())
    }

    fn count(&self, batch: &[HandedOver], accepted: &Accepted) {
        let received = batch.iter().flat_map(|(received, _)| received);
        for (received, row) in received.zip(&accepted.rows) {
            if row.is_some() {
                self.metrics.received(&received.source, 1);
            }
        }
    }
}

fn not_stored(fault: &StoreError) -> NotStored {
    NotStored { reason: with_causes(fault) }
}
