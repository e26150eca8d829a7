//! Signed requests.

use hmac::{Hmac, KeyInit, Mac};
use madoguchi::connectors::slack::{Door, Reply, Signed};
use serde_json::json;
use sha2::Sha256;

use super::*;
use crate::support::slack::Kind;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

async fn start() -> (Workspace, Running) {
    let workspace = Workspace::start();
    workspace.world().room("C1", Kind::Public);
    workspace.world().person("U1", "Ann", None);
    let settings = SlackSettings { mode: SlackMode::Http, app_token: None, ..settings(&workspace) };
    let running = Running::start_with(settings, pace(), Disk::default(), Vec::new());
    running.connected().await;
    (workspace, running)
}

impl Running {
    async fn knock(&self, door: Door, body: &str) -> Reply {
        let timestamp = (Clock::system().now().0 / 1_000).to_string();
        let signature = signature(SECRET, &timestamp, body);
        self.receiver
            .answer(door, &Signed { timestamp: &timestamp, signature: &signature, body: body.as_bytes() })
            .await
    }
}

fn event(ts: &str) -> String {
    json!({ "type": "event_callback", "event_id": "Ev1", "event": {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": ts, "text": "hello" } })
    .to_string()
}

#[tokio::test]
async fn only_what_slack_signed_within_five_minutes_is_taken() {
    let (_workspace, running) = start().await;
    let now = Clock::system().now().0 / 1_000;
    let body = event("1700000000.000100");
    for (age_s, secret, sent, status) in [
        (0, SECRET, body.as_str(), 200),
        (290, SECRET, body.as_str(), 200),
        (310, SECRET, body.as_str(), 401),
        (-310, SECRET, body.as_str(), 401),
        (0, "another", body.as_str(), 401),
        (0, SECRET, "tampered", 401),
    ] {
        let timestamp = (now - age_s).to_string();
        let signature = signature(secret, &timestamp, &body);
        let signed = Signed { timestamp: &timestamp, signature: &signature, body: sent.as_bytes() };
        assert_eq!(running.receiver.answer(Door::Events, &signed).await.status, status, "{age_s} {secret} {sent}");
    }
    for (timestamp, signature, body) in [("", "", "{}"), ("x", "v0=", "{}"), ("1", "v0=00", "\u{0}")] {
        let signed = Signed { timestamp, signature, body: body.as_bytes() };
        assert_eq!(running.receiver.answer(Door::Events, &signed).await.status, 401);
    }
    let unreadable = Signed { timestamp: "1", signature: "v0=", body: &[0xff, 0xfe] };
    assert_eq!(running.receiver.answer(Door::Events, &unreadable).await.status, 400);
    assert_eq!(running.disk.ids(), ["C1/1700000000.000100"]);
    running.stop().await;
}

#[tokio::test]
async fn each_door_takes_its_own_bodies() {
    let (workspace, running) = start().await;
    let challenge = running.knock(Door::Events, r#"{"type":"url_verification","challenge":"3eZb"}"#).await;
    assert_eq!((challenge.status, challenge.body.as_str()), (200, r#"{"challenge":"3eZb"}"#));
    // A retry is the same event.
    for _ in 0..3 {
        assert_eq!(running.knock(Door::Events, &event("1700000000.000200")).await.status, 200);
    }
    let ask =
        running.knock(Door::Commands, "command=%2Fask&text=VPN%3F&user_id=U1&trigger_id=1.2.x&channel_id=C1").await;
    assert!(ask.status == 200 && ask.body.contains("ephemeral"), "{ask:?}");
    let press = json!({ "type": "block_actions", "user": { "id": "U1" }, "trigger_id": "1",
        "container": { "type": "message", "channel_id": "C1", "message_ts": "3.0" },
        "message": { "user": BOT, "ts": "3.0", "thread_ts": "1.0", "parent_user_id": "U1" },
        "actions": [{ "action_id": "desk_offer_0", "action_ts": "4.0", "value": "{\"ticket\":7,\"button\":\"solved\"}" }] });
    let mut form = reqwest::Url::parse("http://x/").unwrap();
    form.query_pairs_mut().append_pair("payload", &press.to_string());
    for _ in 0..2 {
        assert_eq!(
            running.knock(Door::Interactions, form.query().unwrap()).await,
            Reply { status: 200, body: String::new() }
        );
    }
    assert_eq!(running.knock(Door::Interactions, "nothing=1").await.status, 400);
    assert_eq!(running.knock(Door::Events, "{").await.status, 400);
    assert_eq!(running.knock(Door::Commands, "ssl_check=1").await.status, 200);
    let ids = running.disk.ids();
    assert_eq!(ids, ["C1/1700000000.000200", "act:command:1.2.x", "act:C1/3.0:desk_offer_0:U1:4.0"]);
    assert_eq!(workspace.world().called("apps.connections.open"), 0);
    running.stop().await;
}

#[tokio::test]
async fn what_is_not_stored_is_not_taken() {
    let (_workspace, running) = start().await;
    running.disk.mood.fails_each.store(1, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(running.knock(Door::Events, &event("1700000000.000300")).await.status, 503);
    running.disk.mood.fails_each.store(0, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(running.knock(Door::Events, &event("1700000000.000300")).await.status, 200);
    running.stop().await;
}
