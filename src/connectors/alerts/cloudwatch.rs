//! Amazon CloudWatch alarms by SNS (<https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>). Only topics
//! that the settings name may report: whoever knows the token could otherwise subscribe a topic of their own. SNS keeps the
//! `MessageId` when it delivers again. Where the settings have certificates, messages must be signed.

use serde_json::Value;

use super::fields::Fields;
use super::{BadReport, Draft, Report, Reports, severity, signature, sns, time};
use crate::config::AlertSettings;
use crate::domain::{AlertState, Severity, Timestamp};

/// Dimensions that name a machine, the plainest first.
const HOSTS: [&str; 8] = [
    "InstanceId",
    "HostName",
    "host",
    "DBInstanceIdentifier",
    "LoadBalancer",
    "ClusterName",
    "FunctionName",
    "QueueName",
];

pub(super) fn read(source: &AlertSettings, object: &Value, now: Timestamp) -> Result<Reports, BadReport> {
    let name = source.source.name.as_str();
    let text = |member: &str| object[member].as_str().unwrap_or("");
    if object["TopicArn"].is_null() {
        // Raw delivery leaves out who sends, and the signature: only where neither is asked for.
        if source.topics.is_empty() && source.sns_keys.is_empty() {
            return Ok(Reports::Alerts(vec![alarm(name, object, "", now)?]));
        }
        return Err(BadReport("TopicArn is missing; switch raw message delivery off".to_owned()));
    }
    let topic = text("TopicArn");
    if !source.topics.iter().any(|known| known == topic) {
        return Err(BadReport(format!("TopicArn {topic} is not in topics of this source")));
    }
    if !source.sns_keys.is_empty() {
        signature::verify(&source.sns_keys, object)?;
    }
    match text("Type") {
        "SubscriptionConfirmation" => sns::Subscription::of(object).map(Reports::Confirm),
        "UnsubscribeConfirmation" => Ok(Reports::Alerts(Vec::new())),
        "Notification" => {
            let inner: Value = serde_json::from_str(text("Message"))
                .map_err(|fault| BadReport(format!("Message is not the JSON of an alarm: {fault}")))?;
            Ok(Reports::Alerts(vec![alarm(name, &inner, text("MessageId"), now)?]))
        }
        other => Err(BadReport(format!("Type = \"{other}\" is not one of SNS"))),
    }
}

fn alarm(source: &str, alarm: &Value, message_id: &str, now: Timestamp) -> Result<Report, BadReport> {
    let text = |member: &str| alarm[member].as_str().unwrap_or("");
    let fields = Fields::of(alarm).ok_or_else(|| BadReport("Message is not an object".to_owned()))?;
    let (name, value) = (text("AlarmName"), text("NewStateValue"));
    if name.is_empty() {
        return Err(BadReport("AlarmName is missing: only CloudWatch alarms are read from SNS".to_owned()));
    }
    let (state, grade) = match value {
        "ALARM" => (AlertState::Firing, graded(name)),
        "OK" => (AlertState::Resolved, graded(name)),
        // A machine that reports nothing may be down.
        "INSUFFICIENT_DATA" => (AlertState::Firing, Severity::Warning),
        other => {
            return Err(BadReport(format!("NewStateValue = \"{other}\" is not OK, ALARM or INSUFFICIENT_DATA")));
        }
    };
    let dimensions = alarm["Trigger"]["Dimensions"].as_array().map_or(&[][..], Vec::as_slice);
    let dimension = |wanted: &str| {
        let found = dimensions.iter().find(|one| one["name"].as_str() == Some(wanted))?;
        found["value"].as_str()
    };
    let host = HOSTS.iter().find_map(|name| dimension(name));
    let host = host.or_else(|| dimensions.first().and_then(|one| one["value"].as_str())).unwrap_or("");
    let arn = text("AlarmArn");
    let condition = if arn.is_empty() {
        vec![text("AWSAccountId").to_owned(), text("Region").to_owned(), name.to_owned()]
    } else {
        vec![arn.to_owned()]
    };
    let when = text("StateChangeTime");
    Draft {
        condition,
        severity: grade,
        state,
        host: host.to_owned(),
        service: fields.owned(&["triggermetricname", "triggernamespace"]),
        title: format!("{name}: {value}"),
        text: [text("AlarmDescription"), text("NewStateReason"), text("Region")].join("\n"),
        starts_at: if state == AlertState::Firing { time(when) } else { None },
        link: String::new(),
        event: if when.is_empty() { vec![message_id.to_owned()] } else { vec![when.to_owned(), value.to_owned()] },
    }
    .report(source, now)
}

/// CloudWatch has no severities; desks write them into names: `prod-db-cpu-critical`.
fn graded(name: &str) -> Severity {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter_map(|word| match word.to_lowercase().as_str() {
        // Parts of what is measured rather than how bad it is.
        "error" | "unknown" | "down" | "high" | "low" | "none" | "success" | "page" => None,
        word => severity(word),
    });
    words.max().unwrap_or(Severity::Error)
}
