//! Counters and gauges in the Prometheus text format. No label holds an address or a text a person wrote.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::Timestamp;

type Labels = Vec<(&'static str, String)>;

/// Everything that is counted. Clones share the counts.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    received: Family<Labels, Counter>,
    settled: Family<Labels, Counter>,
    decisions: Family<Labels, Counter>,
    deliveries: Family<Labels, Counter>,
    handling: Histogram,
    ages: Family<Labels, Gauge>,
    buried: Family<Labels, Gauge>,
    unscanned: Gauge,
    rescans: Family<Labels, Counter>,
    sent_copies: Family<Labels, Counter>,
    circuits: Family<Labels, Gauge>,
    alerts: Family<Labels, Counter>,
    mailbox_up: Family<Labels, Gauge>,
    mailbox_success: Family<Labels, Gauge>,
    mailboxes: Arc<Mutex<BTreeMap<String, MailboxHealth>>>,
}

/// How a mailbox is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxHealth {
    /// Last time the server was asked and answered.
    pub last_success_at: Option<Timestamp>,
    /// What is wrong now; `None` when nothing is.
    pub fault: Option<String>,
    /// Only a person can mend it.
    pub needs_operator: bool,
}

/// Figures read from the store when somebody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Age of the oldest message that is not decided, in seconds.
    pub oldest_pending_s: i64,
    /// Age of the oldest message that is not sent, in seconds.
    pub oldest_unsent_s: i64,
    /// Buried incoming messages.
    pub buried: i64,
    /// Outgoing messages given up.
    pub failed: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All counts at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("madoguchi");
        let received = Family::<Labels, Counter>::default();
        let settled = Family::<Labels, Counter>::default();
        let decisions = Family::<Labels, Counter>::default();
        let deliveries = Family::<Labels, Counter>::default();
        let handling = Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let ages = Family::<Labels, Gauge>::default();
        let buried = Family::<Labels, Gauge>::default();
        let unscanned = Gauge::default();
        let rescans = Family::<Labels, Counter>::default();
        let sent_copies = Family::<Labels, Counter>::default();
        let circuits = Family::<Labels, Gauge>::default();
        let alerts = Family::<Labels, Counter>::default();
        let mailbox_up = Family::<Labels, Gauge>::default();
        let mailbox_success = Family::<Labels, Gauge>::default();
        registry.register("received", "Messages stored, by mailbox", received.clone());
        registry.register("settled", "Messages decided, by fate and reason", settled.clone());
        registry.register("decisions", "Decisions, by kind", decisions.clone());
        registry.register("deliveries", "Attempts to send, by outcome", deliveries.clone());
        registry.register_with_unit(
            "handling",
            "Time per message from claim to commit",
            Unit::Seconds,
            handling.clone(),
        );
        registry.register_with_unit("oldest", "Age of the oldest waiting message, by box", Unit::Seconds, ages.clone());
        registry.register("stuck", "Messages that need a person, by box", buried.clone());
        registry.register("unscanned", "Files the virus scanner has not seen yet", unscanned.clone());
        registry.register("rescans", "Files scanned again, by verdict", rescans.clone());
        registry.register(
            "sent_copies",
            "Copies of delivered mail for the folder of sent mail, by outcome",
            sent_copies.clone(),
        );
        registry.register(
            "notify_circuit",
            "Places that are told: 0 all is well, 1 failing, 2 tried again, 3 not asked for now",
            circuits.clone(),
        );
        registry.register("alert_requests", "Requests with alerts, by source and answer", alerts.clone());
        registry.register("mailbox_up", "1 while the mailbox can be read", mailbox_up.clone());
        registry.register("mailbox_last_success_timestamp", "Last time the server answered", mailbox_success.clone());
        Self {
            registry: Arc::new(registry),
            received,
            settled,
            decisions,
            deliveries,
            handling,
            ages,
            buried,
            unscanned,
            rescans,
            sent_copies,
            circuits,
            alerts,
            mailbox_up,
            mailbox_success,
            mailboxes: Arc::default(),
        }
    }

    /// Messages were stored.
    pub fn received(&self, source: &str, count: u64) {
        self.received.get_or_create(&vec![("source", source.to_owned())]).inc_by(count);
    }

    /// A message was decided.
    pub fn settled(&self, fate: &str, reason: &str, decision: &str) {
        self.settled.get_or_create(&vec![("fate", fate.to_owned()), ("reason", reason.to_owned())]).inc();
        self.decisions.get_or_create(&vec![("decision", decision.to_owned())]).inc();
    }

    /// A batch of `count` messages took `elapsed_s` from claim to commit.
    pub fn handled(&self, elapsed_s: f64, count: u32) {
        for _ in 0..count {
            self.handling.observe(elapsed_s / f64::from(count));
        }
    }

    /// An attempt to send ended as `delivered`, `postponed` or `failed`.
    pub fn delivery(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// So many files wait for the virus scanner.
    pub fn unscanned(&self, files: i64) {
        self.unscanned.set(files);
    }

    /// A file was scanned again.
    pub fn rescanned(&self, verdict: &'static str) {
        self.rescans.get_or_create(&vec![("verdict", verdict.to_owned())]).inc();
    }

    /// The copy of a delivered mail was `stored`, was `there` already, `failed`, or was `given_up`.
    pub fn sent_copy(&self, outcome: &'static str) {
        self.sent_copies.get_or_create(&vec![("outcome", outcome.to_owned())]).inc();
    }

    /// A place that is told is `closed` (all is well), `failing`, `half_open` or `open`.
    pub fn circuit(&self, target: &str, word: &str) {
        let value = match word {
            "closed" => 0,
            "failing" => 1,
            "half_open" => 2,
            _ => 3,
        };
        self.circuits.get_or_create(&vec![("target", target.to_owned())]).set(value);
    }

    /// A request with alerts was answered with this status.
    pub fn alerts_request(&self, source: &str, status: u16) {
        let labels = vec![("source", source.to_owned()), ("status", status.to_string())];
        self.alerts.get_or_create(&labels).inc();
    }

    /// A mailbox that is to be read: it counts as not readable until it was asked.
    pub fn awaits_mailbox(&self, name: &str) {
        let fault = Some("not read yet since the start".to_owned());
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        mailboxes.insert(name.to_owned(), MailboxHealth { fault, ..MailboxHealth::default() });
    }

    /// A mailbox was asked.
    pub fn mailbox(&self, name: &str, health: MailboxHealth) {
        let labels = vec![("mailbox", name.to_owned())];
        self.mailbox_up.get_or_create(&labels).set(i64::from(health.fault.is_none()));
        if let Some(at) = health.last_success_at {
            self.mailbox_success.get_or_create(&labels).set(at.0 / 1000);
        }
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = mailboxes.entry(name.to_owned()).or_default();
        let last_success_at = health.last_success_at.or(known.last_success_at);
        *known = MailboxHealth { last_success_at, ..health };
    }

    /// How each mailbox is doing, by name.
    #[must_use]
    pub fn mailboxes(&self) -> BTreeMap<String, MailboxHealth> {
        self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The Prometheus text, with `gauges` as of now.
    ///
    /// # Errors
    /// The text cannot be written.
    pub fn text(&self, gauges: Gauges) -> Result<String, std::fmt::Error> {
        self.ages.get_or_create(&vec![("box", "inbox".to_owned())]).set(gauges.oldest_pending_s);
        self.ages.get_or_create(&vec![("box", "outbox".to_owned())]).set(gauges.oldest_unsent_s);
        self.buried.get_or_create(&vec![("box", "inbox".to_owned())]).set(gauges.buried);
        self.buried.get_or_create(&vec![("box", "outbox".to_owned())]).set(gauges.failed);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_appear_in_the_text() {
        let metrics = Metrics::new();
        metrics.received("support", 3);
        metrics.settled("ignored", "bounce", "ignore");
        metrics.mailbox("support", MailboxHealth { fault: Some("down".into()), ..MailboxHealth::default() });
        let text = metrics.text(Gauges { oldest_pending_s: 7, ..Gauges::default() }).unwrap();
        for line in [
            "madoguchi_received_total{source=\"support\"} 3",
            "madoguchi_settled_total{fate=\"ignored\",reason=\"bounce\"} 1",
            "madoguchi_mailbox_up{mailbox=\"support\"} 0",
            "madoguchi_oldest_seconds{box=\"inbox\"} 7",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
