//! `[http]`: where monitoring systems report, and what their alerts become.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use toml::Spanned;

use super::certificate;
use super::document::Document;
use super::escalation::Ways;
use super::faults;
use super::secret::SecretSource;
use super::sla::{Known, ServiceSettings};
use crate::domain::alert::{AlertCustomer, AlertFormat};
use crate::domain::{AlertSource, Priority, Severity};

/// Shorter tokens can be guessed.
const LEAST_TOKEN_CHARS: usize = 20;
const MOST_TOKEN_CHARS: usize = 200;
const BODY_KB: usize = 1_024;
const MOST_BODY_KB: usize = 16_384;

/// A source of alerts: its rules and how it reports.
#[derive(Clone, Debug)]
pub struct AlertSettings {
    /// What its alerts become.
    pub source: AlertSource,
    /// Stands in the address it reports to; none where it reports by mail only.
    pub token: Option<SecretString>,
    /// What its reports look like.
    pub format: AlertFormat,
    /// The mailbox its mail comes into.
    pub mailbox: Option<String>,
    /// Senders in that mailbox, lower case: whole addresses, or domains with an `@` in front. Empty for everybody.
    pub senders: Vec<String>,
    /// SNS topics that may report. Empty for none.
    pub topics: Vec<String>,
    /// RSA keys (DER) one of which must have signed what SNS sends. Empty: signatures are not looked at.
    pub sns_keys: Vec<Vec<u8>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawHttp {
    max_body_kb: Option<usize>,
    alerts: Vec<Spanned<RawSource>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    name: String,
    token: Option<SecretSource>,
    format: Option<String>,
    mailbox: Option<String>,
    #[serde(default)]
    senders: Vec<String>,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    sns_certificates: Vec<String>,
    queue: Option<String>,
    request_type: Option<String>,
    #[serde(default)]
    priorities: BTreeMap<String, String>,
    least: Option<String>,
    calendar: Option<String>,
    customer: Option<String>,
    #[serde(default)]
    customers: Vec<RawCustomer>,
    #[serde(default)]
    notify: Vec<String>,
    recovers: Option<bool>,
    again_minutes: Option<u32>,
    storm: Option<RawStorm>,
    flapping: Option<RawFlapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustomer {
    hosts: String,
    customer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStorm {
    alerts: u32,
    minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlapping {
    changes: u32,
    minutes: u32,
}

/// The sources, and how large a request may be in bytes.
pub(super) fn alerts(
    document: &mut Document<'_>,
    service: &mut ServiceSettings,
    known: Known<'_>,
    ways: Ways<'_>,
) -> (Vec<AlertSettings>, usize) {
    let http: RawHttp = document.section("http").unwrap_or_default();
    let kb = http.max_body_kb.unwrap_or(BODY_KB);
    if !(1..=MOST_BODY_KB).contains(&kb) {
        let line = document.line_of("http", "max_body_kb");
        document.fault(line, format!("[http] max_body_kb = {kb}: write 1 to {MOST_BODY_KB}"));
    }
    let targets: BTreeSet<String> = service.targets.iter().map(|target| target.name.clone()).collect();
    let mut all: Vec<AlertSettings> = Vec::new();
    for raw in http.alerts {
        let line = document.line(raw.span().start);
        let raw = raw.into_inner();
        let name = raw.name.clone();
        let wanted = raw.request_type.clone();
        match source(raw, known, ways, &targets) {
            Ok(found) if all.iter().any(|other| other.source.name == found.source.name) => {
                document.fault(line, format!("[[http.alerts]] `{name}` is there twice"));
            }
            Ok(found) if all.iter().any(|other| same_token(other, &found)) => {
                document.fault(line, format!("[[http.alerts]] {name}: another source has the same token"));
            }
            Ok(found) => {
                // The shipped request type may be missing from a desk's own content; one that is written may not.
                service.intents.extend(wanted.map(|wanted| (line, wanted)));
                all.push(found);
            }
            Err(message) => document.fault(line, format!("[[http.alerts]] {name}: {message}")),
        }
    }
    (all, kb * 1_024)
}

fn same_token(one: &AlertSettings, other: &AlertSettings) -> bool {
    match (&one.token, &other.token) {
        (Some(one), Some(other)) => one.expose_secret() == other.expose_secret(),
        _ => false,
    }
}

fn source(
    raw: RawSource,
    known: Known<'_>,
    ways: Ways<'_>,
    targets: &BTreeSet<String>,
) -> Result<AlertSettings, String> {
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if !plain(&raw.name) {
        return Err("a name has letters, digits, and -_. only".into());
    }
    let token = raw.token.as_ref().map(|token| self::token(token, ways.base)).transpose()?;
    if token.is_none() && raw.mailbox.is_none() {
        return Err("has no way in: write token, or mailbox".into());
    }
    let mailbox = raw.mailbox.clone();
    if let Some(name) = mailbox.as_ref().filter(|name| !ways.mailboxes.iter().any(|known| known.name == **name)) {
        return Err(format!("mailbox = \"{name}\" is not a mailbox"));
    }
    if mailbox.is_none() && !raw.senders.is_empty() {
        return Err("senders means nothing without mailbox".into());
    }
    if let Some(sender) = raw.senders.iter().find(|sender| !sender.contains('@')) {
        return Err(format!("senders: \"{sender}\" is neither an address nor a domain with an @ in front"));
    }
    let format = raw.format.as_deref().unwrap_or("auto").parse().map_err(|fault| format!("format: {fault}"))?;
    if let Some(topic) = raw.topics.iter().find(|topic| !topic.starts_with("arn:")) {
        return Err(format!("topics: \"{topic}\" is not an ARN; write arn:aws:sns:REGION:ACCOUNT:NAME"));
    }
    let mut sns_keys = Vec::new();
    for file in &raw.sns_certificates {
        let found =
            certificate::rsa_keys(&ways.base.join(file)).map_err(|fault| format!("sns_certificates: {fault}"))?;
        sns_keys.extend(found);
    }
    if !sns_keys.is_empty() && raw.topics.is_empty() {
        return Err("sns_certificates means nothing without topics".into());
    }
    let senders = raw.senders.iter().map(|sender| sender.to_lowercase()).collect();
    let topics = raw.topics.clone();
    Ok(AlertSettings { source: rules(raw, known, targets)?, token, format, mailbox, senders, topics, sns_keys })
}

fn token(token: &SecretSource, base: &Path) -> Result<SecretString, String> {
    let token = token.read(base).map_err(|fault| format!("token: {fault}"))?;
    let text = token.expose_secret();
    let usable = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
    if !usable || !(LEAST_TOKEN_CHARS..=MOST_TOKEN_CHARS).contains(&text.len()) {
        return Err(format!(
            "token: write {LEAST_TOKEN_CHARS} to {MOST_TOKEN_CHARS} letters, digits and -_.~, for instance from `openssl rand -hex 24`"
        ));
    }
    Ok(token)
}

fn rules(raw: RawSource, known: Known<'_>, targets: &BTreeSet<String>) -> Result<AlertSource, String> {
    let mut source = AlertSource::new(&raw.name);
    if let Some(queue) = raw.queue.as_ref().filter(|name| !known.queues.iter().any(|queue| queue.name == **name)) {
        return Err(format!("queue = \"{queue}\" is not a queue; {}", faults::queues(known.queues)));
    }
    if let Some(name) =
        raw.calendar.as_ref().filter(|name| !known.calendars.iter().any(|calendar| calendar.name == **name))
    {
        return Err(format!("calendar = \"{name}\" is not a calendar; {}", faults::calendars(known.calendars)));
    }
    if let Some(name) = raw.notify.iter().find(|name| !targets.contains(*name)) {
        return Err(format!("notify: `{name}` is not in [[notify]]"));
    }
    let address = |text: &str| text.contains('@').then(|| text.to_lowercase());
    let bad = |text: &str| format!("customer = \"{text}\" is not a mail address");
    (source.queue, source.calendar, source.notify) = (raw.queue, raw.calendar, raw.notify);
    source.intent = raw.request_type.unwrap_or(source.intent);
    source.customer = raw.customer.map(|text| address(&text).ok_or_else(|| bad(&text))).transpose()?;
    for one in raw.customers {
        let customer = address(&one.customer).ok_or_else(|| bad(&one.customer))?;
        source.customers.push(AlertCustomer { hosts: one.hosts.to_lowercase(), customer });
    }
    for (severity, priority) in &raw.priorities {
        let severity: Severity = severity.parse().map_err(|fault| format!("priorities: {fault}"))?;
        let priority: Priority = priority.parse().map_err(|fault| format!("priorities: {fault}"))?;
        let place = Severity::ALL.iter().position(|known| *known == severity);
        if let Some(slot) = place.and_then(|place| source.priorities.get_mut(place)) {
            *slot = priority;
        }
    }
    if let Some(word) = raw.least {
        source.least = word.parse().map_err(|fault| format!("least: {fault}"))?;
    }
    source.recovers = raw.recovers.unwrap_or(source.recovers);
    source.again_minutes = raw.again_minutes.unwrap_or(source.again_minutes);
    if let Some(storm) = raw.storm {
        if storm.alerts == 0 || !(1..=1_440).contains(&storm.minutes) {
            return Err("storm: write { alerts = 20, minutes = 5 }, at least one alert and 1 to 1440 minutes".into());
        }
        (source.storm_alerts, source.storm_minutes) = (storm.alerts, storm.minutes);
    }
    if let Some(flapping) = raw.flapping {
        if !(2..=100).contains(&flapping.changes) || !(1..=1_440).contains(&flapping.minutes) {
            return Err("flapping: write { changes = 6, minutes = 60 }, 2 to 100 changes and 1 to 1440 minutes".into());
        }
        (source.flapping_changes, source.flapping_minutes) = (flapping.changes, flapping.minutes);
    }
    Ok(source)
}
