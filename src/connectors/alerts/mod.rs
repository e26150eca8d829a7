//! Reports of monitoring systems, made one kind of value of. What cannot be read is refused with the place that is wrong, so that
//! the sender's log says it; what can be read goes into the inbox before it is acknowledged.

mod alertmanager;
mod cloudwatch;
mod datadog;
mod fields;
mod generic;
mod mail;
mod nagios;
mod signature;
pub mod sns;
mod zabbix;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use mail::{conversation, from_mail};

pub use crate::config::AlertSettings;
use crate::domain::alert::AlertFormat;
use crate::domain::{
    Act, Address, Alert, AlertState, Channel, InboxId, Language, Message, Received, Severity, Timestamp,
};
use fields::Fields;

/// Alerts in one request.
const MOST_ALERTS: usize = 2_000;
const TITLE_CHARS: usize = 300;
const TEXT_CHARS: usize = 10_000;
const NAME_CHARS: usize = 200;
const LINK_CHARS: usize = 2_000;
/// A report without a time or number of its own is the same one when it comes again within this time.
const SAME_WITHIN_MS: i64 = 5 * 60_000;

/// Why a report cannot be read; names the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadReport(pub String);

/// One report, and what it is known by when it is delivered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What it says.
    pub alert: Alert,
    /// Tells it from the next report about the same condition; none when the sender names nothing.
    pub event: Option<String>,
}

/// What a request holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reports {
    /// Alerts, in order; perhaps none.
    Alerts(Vec<Report>),
    /// SNS wants to know whether it may report here.
    Confirm(sns::Subscription),
}

/// The source whose token is `given`. Every token is compared, each in constant time, so that the time says nothing of them.
#[must_use]
pub fn by_token<'a>(sources: &'a [AlertSettings], given: &str) -> Option<&'a AlertSettings> {
    let given = Sha256::digest(given.as_bytes());
    let mut found = None;
    for source in sources {
        let Some(token) = &source.token else { continue };
        let known = Sha256::digest(token.expose_secret().as_bytes());
        if bool::from(known.ct_eq(&given)) {
            found = Some(source);
        }
    }
    found
}

/// Reads a request of `source`.
///
/// # Errors
/// What is wrong, and where.
pub fn read(source: &AlertSettings, body: &[u8], now: Timestamp) -> Result<Reports, BadReport> {
    let value = value(body)?;
    let objects = match &value {
        Value::Array(rows) => rows.iter().collect(),
        Value::Object(_) => vec![&value],
        _ => return Err(BadReport("the body is neither an object nor a list of objects".to_owned())),
    };
    let mut reports = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        let at = |fault: BadReport| if objects.len() == 1 { fault } else { BadReport(format!("[{n}]: {fault}")) };
        match read_one(source, object, now).map_err(at)? {
            Reports::Alerts(more) => reports.extend(more),
            confirm @ Reports::Confirm(_) => return Ok(confirm),
        }
    }
    if reports.len() > MOST_ALERTS {
        return Err(BadReport(format!("{} alerts in one request; {MOST_ALERTS} are allowed", reports.len())));
    }
    Ok(Reports::Alerts(reports))
}

fn read_one(source: &AlertSettings, object: &Value, now: Timestamp) -> Result<Reports, BadReport> {
    let fields = Fields::of(object).ok_or_else(|| BadReport("is not an object".to_owned()))?;
    let format = match source.format {
        AlertFormat::Auto => detect(object, &fields)?,
        written => written,
    };
    let name = source.source.name.as_str();
    let one = |report: Result<Report, BadReport>| Ok(Reports::Alerts(vec![report?]));
    match format {
        AlertFormat::Alertmanager => alertmanager::read(name, object, now).map(Reports::Alerts),
        AlertFormat::Cloudwatch => cloudwatch::read(source, object, now),
        AlertFormat::Zabbix => one(zabbix::read(name, &fields, now)),
        AlertFormat::Nagios => one(nagios::read(name, &fields, now)),
        AlertFormat::Datadog => one(datadog::read(name, &fields, now)),
        AlertFormat::Generic | AlertFormat::Auto => one(generic::read(name, &fields, now)),
    }
}

/// The body as JSON; a form becomes an object of texts.
fn value(body: &[u8]) -> Result<Value, BadReport> {
    let text = std::str::from_utf8(body).map_err(|fault| BadReport(format!("the body is not UTF-8: {fault}")))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(BadReport("the body is empty".to_owned()));
    }
    let is_form = !text.starts_with(['{', '[', '"']) && text.contains('=') && !text.contains(['\n', ' ']);
    if is_form && let Ok(mut url) = reqwest::Url::parse("http://form.invalid/") {
        url.set_query(Some(text));
        let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
        return Ok(Value::Object(pairs.collect()));
    }
    serde_json::from_str(text).map_err(|fault| BadReport(format!("not JSON: {fault}")))
}

fn detect(object: &Value, fields: &Fields) -> Result<AlertFormat, BadReport> {
    if object["alerts"].is_array() {
        return Ok(AlertFormat::Alertmanager);
    }
    let has = |names: &[&str]| names.iter().any(|name| fields.has(name));
    if has(&["topicarn", "alarmname"]) {
        return Ok(AlertFormat::Cloudwatch);
    }
    if has(&["eventid"]) && has(&["triggerid", "eventvalue", "eventnseverity", "triggerstatus"]) {
        return Ok(AlertFormat::Zabbix);
    }
    if has(&["notificationtype"]) || (has(&["hostname", "hostalias"]) && has(&["hoststate", "servicestate"])) {
        return Ok(AlertFormat::Nagios);
    }
    if has(&["alerttransition", "alertcyclekey", "aggregkey"]) || (has(&["eventtype"]) && object["org"].is_object()) {
        return Ok(AlertFormat::Datadog);
    }
    if has(&["title", "summary", "message"]) && has(&["state", "status"]) {
        return Ok(AlertFormat::Generic);
    }
    Err(BadReport(
        "not a report of Zabbix, Nagios, Alertmanager, Datadog or CloudWatch; other senders name at least title and state"
            .to_owned(),
    ))
}

/// What stands in the inbox.
#[derive(Serialize, Deserialize)]
struct Stored {
    alert: Alert,
}

/// A report as it goes into the inbox. All of a source are one conversation: they are decided in the order they came.
#[must_use]
pub fn received(report: Report, now: Timestamp) -> Received {
    let alert = report.alert;
    let event = report.event.unwrap_or_else(|| {
        let text = format!("{}\n{}\n{}\n{}", alert.severity, alert.title, alert.text, now.0.div_euclid(SAME_WITHIN_MS));
        digest(&[&text])
    });
    let identity = digest(&[&alert.fingerprint, alert.state.as_str(), &event]);
    Received {
        channel: Channel::Alert,
        source: alert.source.clone(),
        external_id: format!("{}/{identity}", alert.source),
        conversation: format!("alert:{}", alert.source),
        raw: serde_json::to_vec(&Stored { alert }).unwrap_or_default(),
        full_size_bytes: None,
        arrived_at: now,
        hold_ms: 0,
        stale: false,
    }
}

/// A stored report as the rules read it.
///
/// # Errors
/// It is not one.
pub fn message(id: InboxId, received: &Received, default: Language) -> Result<Message, String> {
    let stored: Stored = serde_json::from_slice(&received.raw).map_err(|fault| format!("not an alert: {fault}"))?;
    let alert = stored.alert;
    let name = &alert.source;
    Ok(Message {
        headers: Vec::new(),
        inbox_id: id,
        channel: Channel::Alert,
        source: received.source.clone(),
        message_id: None,
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        from: Address { name: name.clone(), address: format!("alert:{name}") },
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        subject: alert.title.clone(),
        text: shown(&alert),
        reply_text: shown(&alert),
        act: Some(Act::Alert { alert: Box::new(alert) }),
        language: default,
        automatic: None,
        no_auto_answer: Some("an alert".to_owned()),
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: None,
        arrived_at: received.arrived_at,
        stale: received.stale,
        fingerprint: digest(&["alert", &received.external_id]),
        faults: Vec::new(),
        warnings: Vec::new(),
    })
}

/// The alert as people read it.
fn shown(alert: &Alert) -> String {
    let mut lines = vec![format!("{} ({}, {})", alert.title, alert.severity, alert.state)];
    let named = [("host", &alert.host), ("service", &alert.service)];
    lines.extend(named.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("since: {}", alert.starts_at.rfc3339()));
    lines.extend(alert.link.clone());
    if !alert.text.is_empty() {
        lines.push(format!("\n{}", alert.text));
    }
    lines.join("\n")
}

/// What a format found, before it is cleaned.
struct Draft {
    /// Parts that together name the condition.
    condition: Vec<String>,
    severity: Severity,
    state: AlertState,
    host: String,
    service: String,
    title: String,
    text: String,
    starts_at: Option<Timestamp>,
    link: String,
    /// Parts that together name this report; empty when the sender names nothing.
    event: Vec<String>,
}

impl Draft {
    fn report(self, source: &str, now: Timestamp) -> Result<Report, BadReport> {
        let title = line(&self.title, TITLE_CHARS);
        if title.is_empty() {
            return Err(BadReport("it has no title".to_owned()));
        }
        let condition: Vec<&str> = self.condition.iter().map(String::as_str).collect();
        if condition.iter().all(|part| part.is_empty()) {
            return Err(BadReport("nothing in it names the condition".to_owned()));
        }
        let is_link = self.link.starts_with("https://") || self.link.starts_with("http://");
        let alert = Alert {
            source: source.to_owned(),
            fingerprint: digest(&condition),
            severity: self.severity,
            state: self.state,
            host: line(&self.host, NAME_CHARS),
            service: line(&self.service, NAME_CHARS),
            title,
            text: clean(&self.text, TEXT_CHARS),
            // A clock that runs ahead must not open a ticket in the future.
            starts_at: self.starts_at.filter(|at| at.0 > 0).unwrap_or(now).min(now),
            link: is_link.then(|| line(&self.link, LINK_CHARS)),
        };
        let event: Vec<&str> = self.event.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
        Ok(Report { alert, event: (!event.is_empty()).then(|| event.join("\n")) })
    }
}

/// 32 hex digits over `parts`, which cannot run into each other.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

fn line(text: &str, chars: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(chars).collect()
}

fn clean(text: &str, chars: usize) -> String {
    let kept = text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    kept.take(chars).collect()
}

/// What a word about severity means, in any of the senders' languages; `None` for one nobody uses.
fn severity(word: &str) -> Option<Severity> {
    Some(match word.trim().to_lowercase().as_str() {
        "critical" | "crit" | "disaster" | "emergency" | "emerg" | "fatal" | "page" | "down" | "unreachable" | "p1"
        | "sev1" => Severity::Critical,
        "error" | "err" | "high" | "major" | "average" | "severe" | "unknown" | "p2" | "sev2" => Severity::Error,
        "warning" | "warn" | "minor" | "medium" | "p3" | "sev3" => Severity::Warning,
        "info" | "information" | "informational" | "notice" | "low" | "none" | "debug" | "not classified" | "p4"
        | "p5" | "sev4" | "success" => Severity::Info,
        _ => return None,
    })
}

/// Whether a word says that the condition holds.
fn state(word: &str) -> Option<AlertState> {
    Some(match word.trim().to_lowercase().as_str() {
        "firing" | "problem" | "alarm" | "alerting" | "triggered" | "open" | "down" | "critical" | "warning"
        | "unknown" | "unreachable" | "pending" | "1" => AlertState::Firing,
        "resolved" | "recovery" | "recovered" | "ok" | "up" | "closed" | "normal" | "0" => AlertState::Resolved,
        _ => return None,
    })
}

/// A time as senders write it: RFC 3339, that with `+0000`, or seconds or milliseconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        // Seconds of the year 5138 are milliseconds of 1973.
        let ms = if number < 100_000_000_000 { number.saturating_mul(1_000) } else { number };
        return Some(Timestamp(ms));
    }
    let at = chrono::DateTime::parse_from_rfc3339(text)
        .or_else(|_| chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    at.ok().map(Timestamp::from)
}

#[cfg(test)]
mod tests;
