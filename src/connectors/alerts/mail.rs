//! Alerts that come by mail: the default wording of Zabbix, Nagios and Icinga. A mail of another wording stays a mail, and is filed or
//! ignored like any machine's notice.

use super::fields::Fields;
use super::{Report, nagios, severity, zabbix};
use crate::config::AlertSettings;
use crate::domain::alert::AlertFormat;
use crate::domain::{Alert, AlertState, Message, Timestamp};
use crate::mail;

/// The source a mail belongs to: its mailbox, and its sender where the source names some.
fn source<'a>(sources: &'a [AlertSettings], mailbox: &str, sender: &str) -> Option<&'a AlertSettings> {
    let sender = sender.to_lowercase();
    let of_mailbox = || sources.iter().filter(|source| source.mailbox.as_deref() == Some(mailbox));
    let named = of_mailbox().find(|source| source.senders.iter().any(|known| is_from(&sender, known)));
    named.or_else(|| of_mailbox().find(|source| source.senders.is_empty()))
}

fn is_from(sender: &str, known: &str) -> bool {
    if known.starts_with('@') { sender.ends_with(known) } else { sender == known }
}

/// The conversation of a mail that may be an alert: all of a source are decided in the order they came. `None` for other mail.
#[must_use]
pub fn conversation(sources: &[AlertSettings], mailbox: &str, raw: &[u8]) -> Option<String> {
    if !sources.iter().any(|source| source.mailbox.as_deref() == Some(mailbox)) {
        return None;
    }
    let sender = mail::sender_of(raw).unwrap_or_default();
    source(sources, mailbox, &sender).map(|source| format!("alert:{}", source.source.name))
}

/// The alert a mail is; `None` for every other mail, and for one that cannot be read as an alert.
#[must_use]
pub fn from_mail(sources: &[AlertSettings], message: &Message) -> Option<Alert> {
    let source = source(sources, &message.source, &message.from.address)?;
    let name = source.source.name.as_str();
    let now = message.arrived_at;
    let read = match source.format {
        AlertFormat::Zabbix => zabbix(name, message, now),
        AlertFormat::Nagios => nagios(name, message, now),
        AlertFormat::Auto => zabbix(name, message, now).or_else(|| nagios(name, message, now)),
        AlertFormat::Alertmanager | AlertFormat::Datadog | AlertFormat::Cloudwatch | AlertFormat::Generic => None,
    };
    read.map(|report| report.alert)
}

/// `Problem: …`, `Resolved in 5m: …`, with `Original problem ID:` in the text.
fn zabbix(name: &str, message: &Message, now: Timestamp) -> Option<Report> {
    let subject = message.subject.trim();
    let lower = subject.to_lowercase();
    let state = if lower.starts_with("resolved") {
        "0"
    } else if lower.starts_with("problem") || lower.starts_with("updated problem") {
        "1"
    } else {
        return None;
    };
    let fields = Fields::of_lines(&message.text);
    if !fields.has("originalproblemid") {
        return None;
    }
    let title = fields.text(&["problemname"]);
    let title = if title.is_empty() { subject.split_once(": ").map_or(subject, |(_, rest)| rest) } else { title };
    let object = serde_json::json!({
        "event_id": fields.text(&["originalproblemid"]),
        "event_value": state,
        "event_name": title,
        "host_name": fields.text(&["host"]),
        "event_severity": fields.text(&["severity"]),
        "message": message.text,
    });
    zabbix::read(name, &Fields::of(&object)?, now).ok()
}

/// `** PROBLEM Service Alert: web-1/HTTP is CRITICAL **`, `[PROBLEM] HTTP on web-1 is CRITICAL!`, with `Host:` in the text.
fn nagios(name: &str, message: &Message, now: Timestamp) -> Option<Report> {
    let subject = message.subject.trim();
    let bare = subject.trim_start_matches("** ").trim_end_matches(" **").trim_end_matches('!');
    let (_, last) = bare.rsplit_once(" is ")?;
    let word = last.trim();
    let is_state = severity(word).is_some() || matches!(word.to_uppercase().as_str(), "OK" | "UP");
    let known = ["PROBLEM", "RECOVERY", "ACKNOWLEDGEMENT", "FLAPPING", "DOWNTIME", "CUSTOM"];
    let kind = known.iter().find(|kind| bare.trim_start_matches('[').starts_with(**kind))?;
    let fields = Fields::of_lines(&message.text);
    let host = fields.text(&["host"]);
    if host.is_empty() || !is_state {
        return None;
    }
    let service = fields.text(&["service"]);
    let output = fields.text(&["additionalinfo", "info"]);
    let output = if output.is_empty() { after(&message.text, "Additional Info:") } else { output };
    let object = serde_json::json!({
        "notificationtype": kind,
        "hostname": host,
        "servicedesc": service,
        "state": word,
        "output": output,
        "when": fields.text(&["datetime", "when"]),
    });
    let report = nagios::read(name, &Fields::of(&object)?, now).ok()?;
    let alert = Alert { text: message.text.clone(), ..report.alert };
    // A note about a host that is well opens nothing.
    let holds = alert.state == AlertState::Resolved || severity(word).is_some();
    holds.then_some(Report { alert, event: report.event })
}

/// The first line with text behind a heading of its own line.
fn after<'a>(text: &'a str, heading: &str) -> &'a str {
    let rest = text.split_once(heading).map_or("", |(_, rest)| rest);
    rest.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("")
}
