//! Prometheus Alertmanager's webhook, version 4 (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>).
//! Grafana sends the same members. A group is repeated as long as it fires; each of its alerts is known by its labels and the
//! time it began, so that a repeat is nothing new.

use serde_json::Value;

use super::{BadReport, Draft, Report, severity, time};
use crate::domain::{AlertState, Severity, Timestamp};

const HOSTS: [&str; 6] = ["instance", "host", "hostname", "node", "nodename", "pod"];
const SERVICES: [&str; 5] = ["service", "job", "app", "container", "deployment"];

pub(super) fn read(source: &str, body: &Value, now: Timestamp) -> Result<Vec<Report>, BadReport> {
    let Some(alerts) = body["alerts"].as_array() else {
        return Err(BadReport("alerts is missing or not a list".to_owned()));
    };
    if let Some(version) = body["version"].as_str().filter(|version| *version != "4" && *version != "1") {
        return Err(BadReport(format!("version = \"{version}\": only version 4 is known")));
    }
    let mut reports = Vec::with_capacity(alerts.len());
    for (n, alert) in alerts.iter().enumerate() {
        let at = |fault: BadReport| BadReport(format!("alerts[{n}]: {fault}"));
        reports.push(one(alert, body).and_then(|draft| draft.report(source, now)).map_err(at)?);
    }
    Ok(reports)
}

fn one(alert: &Value, body: &Value) -> Result<Draft, BadReport> {
    let labels = alert["labels"].as_object().ok_or_else(|| BadReport("labels is missing".to_owned()))?;
    let label = |name: &str| labels.get(name).and_then(Value::as_str).unwrap_or("");
    let annotation = |name: &str| {
        let own = alert["annotations"][name].as_str();
        own.or_else(|| body["commonAnnotations"][name].as_str()).unwrap_or("")
    };
    let first = |names: &[&str]| names.iter().map(|name| label(name)).find(|text| !text.is_empty()).unwrap_or("");
    let state = match alert["status"].as_str().or_else(|| body["status"].as_str()) {
        Some("firing") => AlertState::Firing,
        Some("resolved") => AlertState::Resolved,
        Some(other) => return Err(BadReport(format!("status = \"{other}\" is neither firing nor resolved"))),
        None => return Err(BadReport("status is missing".to_owned())),
    };
    // Alertmanager's own fingerprint is made of the labels; so is ours where an older one sends none.
    let condition = match alert["fingerprint"].as_str().filter(|print| !print.is_empty()) {
        Some(print) => vec![print.to_owned()],
        None => labels.iter().map(|(name, value)| format!("{name}={value}")).collect(),
    };
    let starts = alert["startsAt"].as_str().unwrap_or("");
    let ends = alert["endsAt"].as_str().unwrap_or("");
    let summary = [annotation("summary"), annotation("title"), label("alertname")];
    let name = label("alertname");
    let title = summary.into_iter().find(|text| !text.is_empty()).unwrap_or(name);
    let known: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or_default())).collect();
    let links = ["generatorURL", "dashboardURL", "panelURL"];
    let link = links.iter().filter_map(|name| alert[*name].as_str()).find(|text| !text.is_empty());
    let said = [annotation("description"), annotation("message")];
    let said = said.into_iter().find(|text| !text.is_empty()).unwrap_or("");
    Ok(Draft {
        condition,
        severity: severity(first(&["severity", "priority", "level"])).unwrap_or(Severity::Warning),
        state,
        host: host(first(&HOSTS)).to_owned(),
        service: first(&SERVICES).to_owned(),
        title: title.to_owned(),
        text: format!("{said}\n\n{}", known.join("\n")),
        starts_at: time(starts),
        link: link.unwrap_or("").to_owned(),
        event: match state {
            AlertState::Firing => vec![starts.to_owned()],
            AlertState::Resolved => vec![starts.to_owned(), ends.to_owned()],
        },
    })
}

/// `https://web-1:9100/metrics` → `web-1`.
fn host(instance: &str) -> &str {
    let rest = instance.split_once("://").map_or(instance, |(_, rest)| rest);
    let rest = rest.split(['/', '?']).next().unwrap_or(rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) && !host.is_empty() => host,
        _ => rest,
    }
}
