//! Alerts of monitoring systems, whatever they look like outside, and what is remembered of them.

use serde::{Deserialize, Serialize};

use super::priority::Priority;
use super::words::words;
use super::{TicketId, Timestamp};

words! {
    /// How bad it is, as the monitoring system says.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// It may become a problem.
        Warning = "warning",
        /// It is a problem.
        Error = "error",
        /// The service is hit.
        Critical = "critical",
    }
}

words! {
    /// Where an alert stands.
    AlertState {
        /// The condition holds.
        Firing = "firing",
        /// It does not hold any more.
        Resolved = "resolved",
    }
}

/// One report about one condition. Strings hold no control characters but newline and tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The configured source.
    pub source: String,
    /// Names the condition: equal for every report about it, firing or resolved.
    pub fingerprint: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it holds.
    pub state: AlertState,
    /// The host; empty when none is named.
    pub host: String,
    /// The service, check or metric; empty when none is named.
    pub service: String,
    /// One line.
    pub title: String,
    /// What the monitoring system says of it.
    pub text: String,
    /// Since when it holds, or held.
    pub starts_at: Timestamp,
    /// Where it is shown.
    pub link: Option<String>,
}

/// Whose hosts these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertCustomer {
    /// Host names, lower case; `*` stands for any characters.
    pub hosts: String,
    /// The customer's address, as policies name it.
    pub customer: String,
}

/// What a support lead writes about a source of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSource {
    /// Unique.
    pub name: String,
    /// Where its tickets wait; none for the request type's queue.
    pub queue: Option<String>,
    /// The request type of its tickets.
    pub intent: String,
    /// Priorities of info, warning, error and critical.
    pub priorities: [Priority; 4],
    /// Less severe ones open nothing.
    pub least: Severity,
    /// Hours in which everybody is told; outside of them only of critical alerts. None for always.
    pub calendar: Option<String>,
    /// Whose the alerts are when no host says otherwise.
    pub customer: Option<String>,
    /// First match wins.
    pub customers: Vec<AlertCustomer>,
    /// Places that are told of a new incident and of its end.
    pub notify: Vec<String>,
    /// A ticket that nobody worked on ends with its alert.
    pub recovers: bool,
    /// An alert that fires again this soon after it recovered is the same incident.
    pub again_minutes: u32,
    /// More new alerts than this …
    pub storm_alerts: u32,
    /// … within this many minutes are one incident.
    pub storm_minutes: u32,
    /// As many changes between firing and resolved …
    pub flapping_changes: u32,
    /// … within this many minutes are flapping.
    pub flapping_minutes: u32,
}

impl AlertSource {
    /// What holds where nothing is written.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            queue: None,
            intent: "incident".to_owned(),
            priorities: [Priority::Low, Priority::Medium, Priority::High, Priority::Critical],
            least: Severity::Info,
            calendar: None,
            customer: None,
            customers: Vec::new(),
            notify: Vec::new(),
            recovers: true,
            again_minutes: 30,
            storm_alerts: 20,
            storm_minutes: 5,
            flapping_changes: 6,
            flapping_minutes: 60,
        }
    }

    /// The priority of an alert of this severity.
    #[must_use]
    pub const fn priority(&self, severity: Severity) -> Priority {
        let [info, warning, error, critical] = self.priorities;
        match severity {
            Severity::Info => info,
            Severity::Warning => warning,
            Severity::Error => error,
            Severity::Critical => critical,
        }
    }
}

/// What is remembered of one condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertStanding {
    /// The source.
    pub source: String,
    /// The condition.
    pub fingerprint: String,
    /// 0 for one that is not stored yet; the stored value otherwise.
    pub version: i64,
    /// Where it stands.
    pub state: AlertState,
    /// The ticket it opened or joined last.
    pub ticket: Option<TicketId>,
    /// When it last counted as new.
    pub opened_at: Timestamp,
    /// When it last changed between firing and resolved, oldest first, as far back as flapping looks.
    pub changes: Vec<Timestamp>,
    /// Reports about it, all told.
    pub reports: u32,
}

/// What is remembered of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertFlow {
    /// The source.
    pub source: String,
    /// 0 for one that is not stored yet; the stored value otherwise.
    pub version: i64,
    /// The ticket of the last storm.
    pub umbrella: Option<TicketId>,
    /// When something joined it last.
    pub gathered_at: Timestamp,
    /// How many alerts it stands for.
    pub gathered: u32,
}

/// What a decision about an alert writes down. Refused when somebody else wrote meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertChange {
    /// The condition as it stands now, with the version it was made from.
    pub standing: AlertStanding,
    /// The source as it stands now; only when something new came in, so that what is new is counted one after the other.
    pub flow: Option<AlertFlow>,
}

/// What to look up for an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertProbe {
    /// The source.
    pub source: String,
    /// The condition.
    pub fingerprint: String,
    /// New alerts after this count.
    pub since: Timestamp,
}

/// What the store knows about an alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertKnown {
    /// The condition as it stood.
    pub standing: Option<AlertStanding>,
    /// Its ticket, merges followed to the end.
    pub ticket: Option<super::Ticket>,
    /// Other conditions of that ticket that still hold.
    pub others_firing: u32,
    /// The source as it stood.
    pub flow: Option<AlertFlow>,
    /// The ticket of the last storm, merges followed to the end.
    pub umbrella: Option<super::Ticket>,
    /// Tickets of other conditions of the source that were new within the probe's time, one for each, oldest first.
    pub recent: Vec<TicketId>,
}

words! {
    /// What a source's reports look like.
    AlertFormat {
        /// Told by what is in them.
        Auto = "auto",
        /// Zabbix: webhook media type, or mail.
        Zabbix = "zabbix",
        /// Nagios and Icinga: notification commands, or mail.
        Nagios = "nagios",
        /// Prometheus Alertmanager, webhook version 4; Grafana sends the same.
        Alertmanager = "alertmanager",
        /// Datadog webhooks.
        Datadog = "datadog",
        /// Amazon CloudWatch alarms by SNS.
        Cloudwatch = "cloudwatch",
        /// The desk's own fields, for everything else.
        Generic = "generic",
    }
}
