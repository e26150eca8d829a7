//! Slack without sockets: signed requests to the console's listener.

use hmac::{Hmac, KeyInit, Mac};
use madoguchi::clock::Clock;
use serde_json::json;
use sha2::Sha256;

use super::office::{HELP, Office, QUESTION, SECRET};
use crate::desk::harness::{Database, until};
use crate::support::discord::faults::Faults as DiscordFaults;
use crate::support::slack::{APP_TOKEN, Faults};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_signed_requests_are_taken_and_answered_like_events_of_a_socket() {
    let mut office = Office::prepare(Database::Sqlite, (1, Faults::default()), DiscordFaults::none()).await;
    office.desk.edit(|text| {
        text.replace(
            &format!("app_token = \"{APP_TOKEN}\"\n"),
            &format!("mode = \"http\"\nsigning_secret = \"{SECRET}\"\n"),
        )
    });
    office.desk.serve().await;
    until("ready", async || (office.desk.page("/readyz").await.0 == 200).then_some(())).await;
    let ts = office.slack.say(HELP, "UANN", QUESTION);
    let event = json!({ "type": "event_callback", "event_id": "Ev1", "event": { "type": "message", "channel": HELP,
        "channel_type": "channel", "user": "UANN", "ts": ts, "text": QUESTION } })
    .to_string();
    for (secret, age_s, status) in [("another", 0, 401), (SECRET, 400, 401), (SECRET, 0, 200), (SECRET, 1, 200)] {
        assert_eq!(knock(&office, "/slack/events", &event, (secret, age_s)).await.0, status, "{secret} {age_s}");
    }
    office.slack_post(HELP, Some(&ts), "解決しましたか").await;
    let form = "command=%2Fask&text=VPN&user_id=UANN&channel_id=CHELP&trigger_id=1.2.3&team_id=T0DESK";
    let (status, told) = knock(&office, "/slack/commands", form, (SECRET, 0)).await;
    assert!(status == 200 && told.contains("受け付けました"), "{status} {told}");
    let totals = office.desk.settled(2).await;
    assert_eq!((totals.seen, totals.duplicate), (2, 0), "{totals:?}");
    office.desk.stop().await;
}

async fn knock(office: &Office, path: &str, body: &str, (secret, age_s): (&str, i64)) -> (u16, String) {
    let timestamp = (Clock::system().now().0 / 1_000 - age_s).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let headers =
        format!("Content-Type: {kind}\r\nX-Slack-Request-Timestamp: {timestamp}\r\nX-Slack-Signature: {signature}\r\n");
    office.desk.post(path, &headers, body.as_bytes()).await
}
