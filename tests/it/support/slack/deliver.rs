//! Events on their way: shared out over connections, delivered again when no acknowledgement comes.
//!
//! `docs.slack.dev/apis/events-api#retries`: three retries. `docs.slack.dev/apis/events-api/using-socket-mode`: with several
//! connections any of them may get an event.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::Workspace;
use super::shapes;
use super::socket::Order;
use super::world::World;

const RETRIES: u32 = 3;

/// An event that is not acknowledged.
#[derive(Clone, Debug)]
pub struct Pending {
    pub kind: &'static str,
    pub payload: Value,
    pub attempt: u32,
    pub sent_at: Instant,
    pub connection: Option<u64>,
    /// It goes out again without saying so.
    pub silent: bool,
}

/// What became of events.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Envelopes sent.
    pub sent: u64,
    /// From sending to acknowledgement, in order.
    pub acks: Vec<Duration>,
    /// Sent again because no acknowledgement came in time.
    pub timed_out: u64,
    /// Sent again because the connection went.
    pub cut_off: u64,
    /// Given up.
    pub dropped: u64,
    /// Answers that came in acknowledgements, by envelope.
    pub answers: Vec<Value>,
    /// `room/ts` of messages whose event did not arrive at its first delivery, or was held back.
    pub delayed: BTreeSet<String>,
}

impl Tally {
    /// The time within which the share `part` of the acknowledgements came.
    pub fn within(&self, part: f64) -> Duration {
        let mut sorted = self.acks.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * part) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

impl World {
    /// Sends an event; what goes wrong with it is up to the dice.
    pub(super) fn deliver(&mut self, kind: &'static str, payload: Value) {
        let pending = Pending { kind, payload, attempt: 0, sent_at: Instant::now(), connection: None, silent: false };
        if self.dice.falls(self.faults.repeat) {
            let silent = self.dice.falls(0.5);
            let again = Pending { attempt: 1, silent, ..pending.clone() };
            self.late.push((Instant::now() + Duration::from_millis(20), again));
        }
        if self.dice.falls(self.faults.late) {
            self.note_delay(&pending.payload);
            let wait = Duration::from_millis(30 + self.dice.below(200) as u64);
            self.late.push((Instant::now() + wait, pending));
        } else {
            self.send(pending);
        }
    }

    fn note_delay(&mut self, payload: &Value) {
        let event = &payload["event"];
        let at = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        self.tally.delayed.insert(format!("{}/{}", at("channel"), at("ts")));
    }

    pub(super) fn send(&mut self, mut pending: Pending) {
        if self.connections.is_empty() && self.forgets_offline {
            self.note_delay(&pending.payload);
            self.tally.dropped += 1;
            return;
        }
        let open: Vec<u64> = self.connections.iter().filter(|(_, known)| !known.leaving).map(|(id, _)| *id).collect();
        let all: Vec<u64> = if open.is_empty() { self.connections.keys().copied().collect() } else { open };
        pending.sent_at = Instant::now();
        pending.connection = (!all.is_empty()).then(|| all[self.dice.below(all.len())]);
        let number = self.number();
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        if let Some(connection) = pending.connection {
            self.disturb(connection);
            let told = if pending.silent { 0 } else { pending.attempt };
            let envelope = shapes::envelope(&id, pending.kind, &pending.payload, told);
            if let Some(connection) = self.connections.get(&connection) {
                // A connection that has just gone takes the event with it; it is pending all the same.
                let _ = connection.orders.send(Order::Say(envelope.to_string()));
            }
            self.tally.sent += 1;
        }
        self.pending.insert(id, pending);
    }

    fn disturb(&mut self, connection: u64) {
        let (cut, warn) = (self.dice.falls(self.faults.cut), self.dice.falls(self.faults.warn));
        let before = self.dice.falls(0.5);
        let warning = self.warning;
        let Some(known) = self.connections.get_mut(&connection) else { return };
        let order = if cut {
            Order::Cut(if before { Duration::ZERO } else { Duration::from_millis(3) })
        } else if warn && !known.leaving {
            known.leaving = true;
            Order::Warn("warning", warning)
        } else {
            return;
        };
        let _ = known.orders.send(order);
    }

    pub(super) fn acknowledged(&mut self, ack: &Value) {
        let Some(pending) = ack["envelope_id"].as_str().and_then(|id| self.pending.remove(id)) else { return };
        self.tally.acks.push(pending.sent_at.elapsed());
        if let Some(answer) = ack.get("payload") {
            self.tally.answers.push(answer.clone());
        }
    }

    /// Events that are neither acknowledged nor given up.
    pub fn under_way(&self) -> usize {
        self.pending.len() + self.late.len()
    }

    fn send_again(&mut self) {
        let now = Instant::now();
        let (due, waiting) = std::mem::take(&mut self.late).into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= now);
        self.late = waiting;
        for (_, pending) in due {
            self.send(pending);
        }
        let lost: Vec<(String, bool)> = self
            .pending
            .iter()
            .filter_map(|(id, pending)| {
                let timed_out = pending.sent_at + self.ack_limit <= now;
                let cut_off = pending.connection.is_some_and(|id| !self.connections.contains_key(&id));
                (timed_out || cut_off).then(|| (id.clone(), cut_off))
            })
            .collect();
        for (id, cut_off) in lost {
            let Some(mut pending) = self.pending.remove(&id) else { continue };
            self.note_delay(&pending.payload);
            pending.attempt += 1;
            pending.silent = false;
            if pending.attempt > RETRIES {
                self.tally.dropped += 1;
                continue;
            }
            if cut_off {
                self.tally.cut_off += 1;
            } else {
                self.tally.timed_out += 1;
            }
            self.send(pending);
        }
    }
}

/// Looks after what is late or not acknowledged, as long as the process runs.
pub(super) async fn repeat(workspace: Workspace) {
    loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        workspace.world().send_again();
    }
}
