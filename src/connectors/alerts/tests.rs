//! Each sender's report becomes the same kind of value; what is wrong is named.

use std::path::Path;

use super::*;
use crate::config::Config;
use crate::domain::{InboxId, Keyring};
use crate::mail::Policy;

/// 2026-11-22T01:10:00Z.
const NOW: Timestamp = Timestamp(1_795_309_800_000);
const SINCE: &str = "2026-11-22T01:02:03";

fn sources() -> Vec<AlertSettings> {
    let text = r#"
        [[mailboxes]]
        name = "alerts"
        address = "alerts@desk.example"
        [[http.alerts]]
        name = "zbx"
        token = "abcdefghijklmnopqrst"
        mailbox = "alerts"
        topics = ["arn:aws:sns:ap-northeast-1:123456789012:alarms"]
        [[http.alerts]]
        name = "other"
        token = "ABCDEFGHIJKLMNOPQRST"
    "#;
    Config::parse(Path::new("desk/madoguchi.toml"), text, &[]).unwrap().alerts
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/fixtures/alerts/{name}")).unwrap()
}

fn reports(body: &[u8]) -> Vec<Report> {
    match read(&sources()[0], body, NOW).unwrap() {
        Reports::Alerts(reports) => reports,
        Reports::Confirm(_) => panic!("a subscription"),
    }
}

fn mailed(name: &str) -> Option<Alert> {
    let received = Received {
        channel: Channel::Email,
        source: "alerts".into(),
        external_id: name.into(),
        conversation: String::new(),
        raw: fixture(name),
        full_size_bytes: None,
        arrived_at: NOW,
        hold_ms: 0,
        stale: false,
    };
    let keyring = Keyring::new(vec![(1, b"key".to_vec())]);
    let message = crate::connectors::email::parse::message(InboxId(1), &received, &Policy::default(), &keyring);
    from_mail(&sources(), &message)
}

#[test]
fn every_sender_becomes_the_same_value() {
    use AlertState::{Firing, Resolved};
    use Severity::{Critical, Error, Info};
    for (file, state, grade, host, service, title) in [
        (
            "alertmanager-firing.json",
            Firing,
            Critical,
            "web-1.client.example",
            "node",
            "ディスクの空きが 5 % を切りました",
        ),
        ("zabbix-problem.json", Firing, Critical, "web-1", "HTTP", "HTTP service is down on web-1"),
        ("zabbix-recovery.json", Resolved, Critical, "web-1", "HTTP", "HTTP service is down on web-1"),
        (
            "nagios-service-problem.json",
            Firing,
            Critical,
            "db-1",
            "MySQL",
            "db-1 MySQL: CRITICAL CRITICAL - 500 connections",
        ),
        ("icinga-host-recovery.json", Resolved, Info, "db-1", "", "db-1: UP PING OK"),
        ("datadog-triggered.json", Firing, Error, "app-3", "checkout", "Memory is almost used up"),
        ("datadog-default.json", Resolved, Error, "", "", "Memory is almost used up"),
        ("cloudwatch-alarm.json", Firing, Critical, "prod-db", "CPUUtilization", "prod-db-cpu-critical: ALARM"),
        ("generic.json", Firing, Error, "backup-1", "nightly", "Backup failed"),
    ] {
        let alert = reports(&fixture(file)).remove(0).alert;
        let got = (alert.state, alert.severity, alert.host.as_str(), alert.service.as_str(), alert.title.as_str());
        assert_eq!(got, (state, grade, host, service, title), "{file}");
        assert_eq!((alert.source.as_str(), alert.fingerprint.len()), ("zbx", 32), "{file}");
        if state == Firing {
            assert!(alert.starts_at.rfc3339().starts_with(SINCE), "{file}: {}", alert.starts_at.rfc3339());
        }
    }
}

#[test]
fn a_recovery_names_the_condition_of_its_problem() {
    let print = |file: &str| reports(&fixture(file)).remove(0).alert.fingerprint;
    assert_eq!(print("zabbix-problem.json"), print("zabbix-recovery.json"));
    let group = reports(&fixture("alertmanager-firing.json"));
    assert_eq!(group[1].alert.state, AlertState::Resolved);
    assert_ne!(group[0].alert.fingerprint, group[1].alert.fingerprint);
    let (problem, resolved) = (mailed("zabbix-problem.eml").unwrap(), mailed("zabbix-resolved.eml").unwrap());
    assert_eq!((problem.state, resolved.state), (AlertState::Firing, AlertState::Resolved));
    assert_eq!(problem.fingerprint, resolved.fingerprint);
    assert_eq!((problem.severity, problem.host.as_str()), (Severity::Critical, "web-1"));
    let (down, up) = (mailed("nagios-problem.eml").unwrap(), mailed("icinga-recovery.eml").unwrap());
    assert_eq!((down.state, up.state), (AlertState::Firing, AlertState::Resolved));
    assert_eq!(
        (down.fingerprint.as_str(), down.host.as_str(), down.service.as_str()),
        (up.fingerprint.as_str(), "db-1", "MySQL")
    );
    assert_eq!(down.title, "db-1 MySQL: CRITICAL CRITICAL - 500 connections");
    assert_eq!(print("nagios-service-problem.json"), down.fingerprint);
}

#[test]
fn a_report_delivered_again_has_the_same_key_and_the_next_one_another() {
    let key = |body: &[u8], now: Timestamp| {
        let Ok(Reports::Alerts(mut reports)) = read(&sources()[0], body, now) else { panic!("unreadable") };
        received(reports.remove(0), now).external_id
    };
    let later = NOW.plus_ms(3_600_000);
    for file in [
        "alertmanager-firing.json",
        "zabbix-problem.json",
        "datadog-triggered.json",
        "cloudwatch-alarm.json",
        "generic.json",
    ] {
        assert_eq!(key(&fixture(file), NOW), key(&fixture(file), later), "{file}");
    }
    let nagios = String::from_utf8(fixture("nagios-service-problem.json")).unwrap();
    let next = nagios.replace("1795309323", "1795312923");
    assert_ne!(key(nagios.as_bytes(), NOW), key(next.as_bytes(), NOW));
    // Without time and number the desk's own clock tells reports apart.
    let bare = br#"{"title":"a","state":"firing"}"#;
    assert_eq!(key(bare, NOW), key(bare, NOW.plus_ms(1)));
    assert_ne!(key(bare, NOW), key(bare, later));
}

#[test]
fn what_is_wrong_is_named() {
    for (body, wanted) in [
        ("", "empty"),
        ("{\"a\": ", "line 1 column"),
        ("[1]", "is not an object"),
        ("3", "neither an object nor a list"),
        ("{}", "not a report of Zabbix"),
        (r#"{"title":"a","state":"maybe"}"#, "state = \"maybe\""),
        (r#"{"title":"a","state":"ok","severity":"bad"}"#, "severity = \"bad\""),
        (r#"{"title":"a","state":"ok","starts_at":"soon"}"#, "starts_at = \"soon\""),
        (r#"{"alerts":[{"status":"firing"}]}"#, "alerts[0]: labels is missing"),
        (r#"{"version":"9","alerts":[]}"#, "version = \"9\""),
        (r#"{"alerts":[{"status":"x","labels":{}}]}"#, "status = \"x\""),
        (r#"{"event_id":"1","event_value":"7","trigger_id":"1"}"#, "event_value = \"7\""),
        (r#"{"notificationtype":"PROBLEM"}"#, "hostname is missing"),
        (r#"{"TopicArn":"arn:aws:sns:x:1:other","Type":"Notification","Message":"{}"}"#, "not in topics"),
        (r#"{"AlarmName":"a","NewStateValue":"ALARM"}"#, "raw message delivery"),
        (r#"[{"title":"a","state":"ok"},{"title":"b"}]"#, "[1]: "),
    ] {
        let said = read(&sources()[0], body.as_bytes(), NOW).unwrap_err().to_string();
        assert!(said.contains(wanted), "{body}: {said}");
    }
}

#[test]
fn odd_bodies_are_read_all_the_same() {
    let form = reports(b"title=Disk+full&state=firing&host=web-1");
    assert_eq!((form[0].alert.title.as_str(), form[0].alert.host.as_str()), ("Disk full", "web-1"));
    assert_eq!(reports("\u{feff}[]".as_bytes()), []);
    let nasty = format!(
        r#"{{"title":"a\u0007b\n  c {}","state":"firing","link":"javascript:x","starts_at":"2099-01-01T00:00:00Z"}}"#,
        "x".repeat(1_000)
    );
    let alert = reports(nasty.as_bytes()).remove(0).alert;
    assert!(alert.title.starts_with("ab c xx") && alert.title.chars().count() == 300, "{}", alert.title);
    assert_eq!((alert.link, alert.starts_at), (None, NOW));
}

#[test]
fn only_the_whole_token_opens() {
    let sources = sources();
    assert_eq!(by_token(&sources, "ABCDEFGHIJKLMNOPQRST").map(|source| source.source.name.as_str()), Some("other"));
    for wrong in ["", "abcdefghijklmnopqrs", "abcdefghijklmnopqrstu", "ABCDEFGHIJKLMNOPQRSt"] {
        assert!(by_token(&sources, wrong).is_none(), "{wrong}");
    }
}

#[test]
fn mail_of_another_wording_stays_mail_and_order_is_kept_by_source() {
    assert_eq!(conversation(&sources(), "alerts", &fixture("nagios-problem.eml")).as_deref(), Some("alert:zbx"));
    assert_eq!(conversation(&sources(), "support", &fixture("nagios-problem.eml")), None);
    let mut strict = sources();
    strict[0].senders = vec!["@nagios.example".into(), "zabbix@monitoring.example".into()];
    assert_eq!(conversation(&strict, "alerts", &fixture("nagios-problem.eml")), None);
    assert!(conversation(&strict, "alerts", &fixture("zabbix-problem.eml")).is_some());
}
