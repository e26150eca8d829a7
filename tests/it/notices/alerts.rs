//! Monitoring reports to the running program: what it answers, what becomes of it, and that a place that hangs holds up nothing.

use std::fs;

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use serde_json::{Value, json};

use super::OLD;
use crate::desk::harness::{Database, Desk, Totals, until};
use crate::desk::on_both;
use crate::support::notify::pagerduty::Pagerduty;
use crate::support::notify::webhook::Webhook;
use crate::support::notify::{Fault, serve};
use crate::support::smtp_sink::SmtpSink;

const TOKEN: &str = "0123456789abcdefghijklmn";
const JSON: &str = "Content-Type: application/json\r\n";
const TOPIC: &str = "arn:aws:sns:ap-northeast-1:123456789012:alarms";

on_both! {
    alerts_become_tickets_once_and_end_by_themselves
    a_storm_is_one_incident_and_every_alert_is_in_the_ledger
    mail_goes_on_while_a_place_hangs
}

/// A desk that takes alerts; `places` are its `[[notify]]`, `rules` go with the source.
async fn watched(database: Database, places: &str, rules: &str) -> Desk {
    let mut desk = Desk::new(database, "support@desk.example").await;
    desk.keep_all().await;
    let settings = format!(
        "{places}\n[http]\nmax_body_kb = 64\n[[http.alerts]]\nname = \"mon\"\ntoken = \"{TOKEN}\"\ntopics = [\"{TOPIC}\"]\n{rules}\n"
    );
    desk.edit(|text| format!("{text}\n{settings}"));
    desk.serve().await;
    desk
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(format!("tests/fixtures/alerts/{name}")).unwrap()
}

async fn report(desk: &Desk, body: &[u8]) -> (u16, Value) {
    let (status, said) = desk.post(&format!("/alerts/{TOKEN}"), JSON, body).await;
    (status, serde_json::from_str(&said).unwrap_or(Value::Null))
}

fn generic(print: &str, state: &str, event: usize) -> Vec<u8> {
    let body = json!({ "fingerprint": print, "title": format!("condition {print}"), "state": state, "severity": "error",
        "host": "web-1", "event_id": event.to_string() });
    body.to_string().into_bytes()
}

async fn alerts_become_tickets_once_and_end_by_themselves(database: Database) {
    let pager = Pagerduty::start().await;
    let place = format!(
        "[[notify]]\nname = \"pager\"\nkind = \"pagerduty\"\nurl = \"{}\"\nrouting_key = \"0123456789abcdef0123456789abcdef\"\n",
        pager.url()
    );
    let mut desk = watched(database, &place, "notify = [\"pager\"]").await;
    assert_eq!(desk.post("/alerts/0123456789abcdefghijklmo", JSON, b"{}").await.0, 401);
    let (status, said) = report(&desk, b"{\"a\": ").await;
    assert!(status == 400 && said["error"].as_str().unwrap().contains("line 1"), "{said}");
    assert_eq!(report(&desk, &vec![b' '; 70_000]).await.0, 413);
    assert_eq!(desk.totals().await, Totals::default(), "what is refused is not kept");

    let group = fixture("alertmanager-firing.json");
    assert_eq!(report(&desk, &group).await, (202, json!({ "accepted": 2, "known": 0 })));
    assert_eq!(report(&desk, &group).await, (202, json!({ "accepted": 0, "known": 2 })));
    let totals = desk.settled(2).await;
    assert_eq!((totals.seen, totals.filed, totals.ignored), (2, 1, 1), "a recovery of nothing opens nothing");
    assert_eq!(report(&desk, &fixture("cloudwatch-alarm.json")).await.0, 202);
    desk.settled(3).await;
    let tickets = desk.tickets().await;
    assert_eq!(
        (tickets.len(), &tickets[0]["priority"], &tickets[0]["intent"]),
        (2, &json!("critical"), &json!("incident"))
    );
    assert!(!tickets[0]["due"]["first_response"].is_null(), "{}", tickets[0]);
    until("both are paged", async || (pager.incidents().len() == 2).then_some(())).await;

    let over =
        String::from_utf8(group).unwrap().replace("\"firing\"", "\"resolved\"").replace("0001-01-01", "2026-11-22");
    assert_eq!(report(&desk, over.as_bytes()).await.0, 202);
    desk.settled(4).await;
    let ticket = desk.tickets().await.remove(0);
    assert_eq!(ticket["status"], "resolved");
    let key = ticket["id"].as_str().unwrap().to_owned();
    until("the incident ends", async || {
        pager.incidents().iter().any(|incident| incident.key == key && incident.state == "resolved").then_some(())
    })
    .await;
    let sent = desk.sent().await;
    assert!(sent.iter().all(|row| row["channel"] == "notify"), "nothing is answered: {sent:?}");
    let metrics = desk.page("/metrics").await.1;
    assert!(metrics.contains("notify_circuit{target=\"pager\"} 0"), "{metrics}");
    desk.stop().await;
}

async fn a_storm_is_one_incident_and_every_alert_is_in_the_ledger(database: Database) {
    let mut desk = watched(database, "", "storm = { alerts = 5, minutes = 60 }").await;
    let all: Vec<Value> =
        (0..60).map(|n| serde_json::from_slice(&generic(&format!("f{n}"), "firing", n)).unwrap()).collect();
    assert_eq!(report(&desk, Value::Array(all).to_string().as_bytes()).await.0, 202);
    let totals = desk.settled(60).await;
    assert_eq!((totals.seen, totals.filed, totals.joined), (60, 6, 54));
    let tickets = desk.tickets().await;
    assert!(tickets[5]["subject"].as_str().unwrap().contains("mon"), "{}", tickets[5]);
    assert_eq!(tickets[5]["messages"], 55, "each of them is on it");
    desk.stop().await;
}

async fn mail_goes_on_while_a_place_hangs(database: Database) {
    let (hook, sink) = (Webhook::start(&[OLD], None).await, SmtpSink::start().await);
    hook.faults.plan(&[Fault::Hang; 50]);
    let mut desk = Desk::new(database, "support@desk.example").await;
    desk.sends_to_sink(sink.port);
    let settings = format!(
        "[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"{}\"\nsecrets = [\"{OLD}\"]\ntimeout_s = 60\n\
         [[notify]]\nname = \"leads\"\nkind = \"mail\"\naddress = \"leads@client.example\"\n\
         [[http.alerts]]\nname = \"mon\"\ntoken = \"{TOKEN}\"\nnotify = [\"hook\", \"leads\"]\n",
        hook.url()
    );
    desk.edit(|text| format!("{text}\n{settings}"));
    desk.serve().await;
    for n in 0..5 {
        assert_eq!(report(&desk, &generic(&format!("f{n}"), "firing", n)).await.0, 202);
    }
    desk.settled(5).await;
    until("five mails are out while the webhook hangs", async || (sink.taken().len() == 5).then_some(())).await;
    assert!(hook.requests() >= 1 && hook.taken().is_empty());
    let waiting = desk.json(&["outbox", "list"]).await;
    let waits = |row: &&Value| row["channel"] == "notify" && row["state"] == "waiting";
    assert_eq!(waiting.as_array().unwrap().iter().filter(waits).count(), 5, "none is lost");
    desk.kill().await;
}

#[cfg(feature = "crash-points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sns_topic_is_confirmed_before_it_reports() {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};
    let asked: Arc<Mutex<Vec<HashMap<String, String>>>> = Arc::default();
    let noted = asked.clone();
    let confirm = get(move |Query(query): Query<HashMap<String, String>>| async move {
        noted.lock().unwrap().push(query);
    });
    let port = serve(Router::new().route("/", confirm)).await;
    let mut desk = watched(Database::Sqlite, "", "").await;
    let subscription = |topic: &str| {
        json!({ "Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t", "TopicArn": topic, "Message": "x",
            "SubscribeURL": format!("http://127.0.0.1:{port}/?Action=ConfirmSubscription&TopicArn={topic}&Token=t") })
    };
    let stranger = "arn:aws:sns:ap-northeast-1:999999999999:alarms";
    assert_eq!(report(&desk, subscription(stranger).to_string().as_bytes()).await.0, 400);
    assert_eq!(asked.lock().unwrap().len(), 0);
    assert_eq!(report(&desk, subscription(TOPIC).to_string().as_bytes()).await.0, 200);
    assert_eq!(asked.lock().unwrap()[0]["Token"], "t");
    desk.stop().await;
}
