//! Keeps the workers running: the only place that spawns. A step that fails is logged once and tried again after a pause that grows.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The longest pause between two tries of a failing step.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a step says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// It did something: call it again at once.
    Work,
    /// It did a little: rest this long, whatever the signals, so that the next batch is worth its transactions.
    Little(Duration),
    /// There was nothing to do: wait for a signal, or this long.
    Nothing(Duration),
}

/// How often a runtime is woken from outside.
const NUDGE: Duration = Duration::from_millis(200);

/// One kind of work, one batch at a time.
pub trait Worker: Send + Sync + 'static {
    /// For the log.
    const NAME: &'static str;

    /// Does one batch.
    fn step(&self) -> impl Future<Output = Result<Did, String>> + Send;

    /// Ends when there may be work. Counts signals from the moment it is made, not from when it is awaited.
    fn signal(&self) -> impl Future<Output = ()> + Send;
}

/// Running workers. Dropping it aborts them; [`Supervisor::drain`] lets them finish their step.
#[derive(Default)]
pub struct Supervisor {
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Supervisor {
    /// Nothing runs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the workers should stop.
    #[must_use]
    pub fn stop_signal(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Wakes the runtime from outside now and then, until the supervisor stops. A task that goes round in circles may keep the one
    /// thread busy that waits for timers and sockets for all of them; woken, another one takes that over.
    pub fn stay_awake(&self) {
        let (stop, runtime) = (self.stop.clone(), tokio::runtime::Handle::current());
        let nudging = std::thread::Builder::new().name("nudge".into()).spawn(move || {
            while !stop.is_cancelled() {
                std::thread::park_timeout(NUDGE);
                runtime.spawn(std::future::ready(()));
            }
        });
        if let Err(fault) = nudging {
            tracing::warn!("no thread to wake the others: {fault}");
        }
    }

    /// Runs `worker` in a loop until the supervisor stops.
    pub fn run<W: Worker>(&mut self, worker: W) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let mut failures: u32 = 0;
            while !stop.is_cancelled() {
                // Registered before the step looks, so that a signal in between is not missed.
                let signal = worker.signal();
                let pause = match worker.step().await {
                    Ok(Did::Work) => {
                        failures = 0;
                        continue;
                    }
                    Ok(Did::Little(pause)) => {
                        failures = 0;
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = tokio::time::sleep(pause) => {}
                        }
                        continue;
                    }
                    Ok(Did::Nothing(pause)) => {
                        failures = 0;
                        pause
                    }
                    Err(fault) => {
                        failures = failures.saturating_add(1);
                        tracing::warn!(worker = W::NAME, failures, "step failed: {fault}");
                        pause_after(failures)
                    }
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                    () = signal, if failures == 0 => {}
                }
            }
        });
    }

    /// Runs a future that ends by itself when the stop signal comes.
    pub fn run_once<F>(&mut self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(future);
    }

    /// Asks every worker to stop after its current step and waits for them, at most `grace`.
    pub async fn drain(mut self, grace: Duration) {
        self.stop.cancel();
        let finished = tokio::time::timeout(grace, async { while self.tasks.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            tracing::warn!(
                "some workers did not finish within {} s; their leases run out by themselves",
                grace.as_secs()
            );
        }
    }
}

/// A fault with everything that led to it, for the log.
#[must_use]
pub fn with_causes(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

fn pause_after(failures: u32) -> Duration {
    Duration::from_millis(200).saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_at_the_longest() {
        assert!(pause_after(1) < pause_after(3));
        assert_eq!(pause_after(50), LONGEST_PAUSE);
    }
}
