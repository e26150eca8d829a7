//! Whether a place is worth another try: after some failures in a row nothing is sent for a while, so that a place that is down
//! costs neither attempts nor connections, and comes back to one request instead of to all of them.

use std::sync::{Mutex, PoisonError};

use crate::connectors::SendError;
use crate::domain::Timestamp;

/// Failures in a row after which nothing is sent for a while.
const MOST_FAILURES: u32 = 5;
const FIRST_PAUSE_MS: i64 = 30_000;
const LONGEST_PAUSE_MS: i64 = 10 * 60_000;
/// A place may ask for a pause of at most this long.
const LONGEST_WISH_MS: i64 = 60 * 60_000;

/// How a place is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CircuitState {
    /// Nothing is sent before this; in the past for a place that is being tried again.
    pub open_until: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// The last one.
    pub fault: String,
}

impl CircuitState {
    /// `closed` while all is well, `failing`, `open` while nothing is sent.
    #[must_use]
    pub fn word(&self, now: Timestamp) -> &'static str {
        match self.open_until {
            Some(until) if until > now => "open",
            Some(_) => "half_open",
            None if self.failures > 0 => "failing",
            None => "closed",
        }
    }
}

/// Shared by all who send to one place.
#[derive(Debug, Default)]
pub struct Circuit {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: CircuitState,
    is_changed: bool,
}

impl Circuit {
    /// Until when nothing is to be sent.
    #[must_use]
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().state.open_until.filter(|until| *until > now)
    }

    /// How the place is doing.
    #[must_use]
    pub fn state(&self) -> CircuitState {
        self.lock().state.clone()
    }

    /// [`Circuit::state`], when it changed since this was last asked.
    #[must_use]
    pub fn changed(&self) -> Option<CircuitState> {
        let mut inner = self.lock();
        std::mem::take(&mut inner.is_changed).then(|| inner.state.clone())
    }

    /// Takes note of an attempt that ended at `now`.
    pub fn note<T>(&self, sent: &Result<T, SendError>, now: Timestamp) {
        let mut inner = self.lock();
        let before = inner.state.clone();
        let state = &mut inner.state;
        match sent {
            // A place that refuses one notice for good is there.
            Ok(_) | Err(SendError::Permanent { .. }) => *state = CircuitState::default(),
            Err(SendError::Transient { reason, retry_after_ms }) => {
                state.failures = state.failures.saturating_add(1);
                state.fault.clone_from(reason);
                let pause_ms = match retry_after_ms {
                    Some(wish_ms) => Some((*wish_ms).clamp(0, LONGEST_WISH_MS)),
                    None if state.failures >= MOST_FAILURES => {
                        let doubled = FIRST_PAUSE_MS << (state.failures - MOST_FAILURES).min(10);
                        Some(doubled.min(LONGEST_PAUSE_MS))
                    }
                    None => None,
                };
                state.open_until = pause_ms.map(|pause_ms| now.plus_ms(pause_ms));
            }
            Err(SendError::NeedsOperator { reason }) => {
                state.failures = state.failures.saturating_add(1);
                state.fault.clone_from(reason);
                state.open_until = None;
            }
        }
        inner.is_changed |= inner.state != before;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn failed(wish: Option<i64>) -> Result<(), SendError> {
        Err(SendError::Transient { reason: "500".into(), retry_after_ms: wish })
    }

    #[test]
    fn five_failures_open_it_longer_each_time_and_one_success_closes_it() {
        let circuit = Circuit::default();
        let mut waits = Vec::new();
        for _ in 0..12 {
            circuit.note(&failed(None), NOW);
            waits.push(circuit.open_until(NOW).map_or(0, |until| (until.0 - NOW.0) / 1000));
        }
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 600, 600, 600]);
        assert_eq!(circuit.state().word(NOW), "open");
        assert_eq!(circuit.state().word(NOW.plus_ms(600_001)), "half_open");
        circuit.note(&Ok(()), NOW);
        assert_eq!((circuit.open_until(NOW), circuit.state().word(NOW)), (None, "closed"));
    }

    #[test]
    fn a_wish_is_heard_at_once_and_kept_within_an_hour() {
        let circuit = Circuit::default();
        circuit.note(&failed(Some(7_000)), NOW);
        assert_eq!(circuit.open_until(NOW), Some(NOW.plus_ms(7_000)));
        circuit.note(&failed(Some(i64::MAX)), NOW);
        assert_eq!(circuit.open_until(NOW), Some(NOW.plus_ms(3_600_000)));
        assert!(circuit.changed().is_some() && circuit.changed().is_none());
    }
}
