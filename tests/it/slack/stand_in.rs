//! The workspace on loopback against the examples of Slack's documents, without any of our code.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::LIMIT;
use crate::support::slack::{APP_TOKEN, BOT, BOT_TOKEN, Faults, Kind, Workspace};

fn workspace() -> Workspace {
    let workspace = Workspace::start();
    workspace.world().room("C1", Kind::Public);
    workspace.world().person("U1", "Ann", Some("ann@desk.example"));
    workspace
}

async fn call(workspace: &Workspace, method: &str, token: &str, form: &[(&str, &str)]) -> Value {
    let mut url = reqwest::Url::parse(&format!("{}/{method}", workspace.api_url())).unwrap();
    url.query_pairs_mut().extend_pairs(form);
    let request = reqwest::Client::builder().no_proxy().build().unwrap().get(url).bearer_auth(token);
    request.send().await.unwrap().json().await.unwrap()
}

async fn post(workspace: &Workspace, method: &str, token: &str, body: &Value) -> reqwest::Response {
    let url = format!("{}/{method}", workspace.api_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.post(url).bearer_auth(token).json(body).send().await.unwrap()
}

fn fields(value: &Value, names: &[&str]) {
    for name in names {
        assert!(value.get(name).is_some_and(|field| !field.is_null()), "{name} is missing in {value}");
    }
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(workspace: &Workspace) -> Socket {
    let opened: Value = post(workspace, "apps.connections.open", APP_TOKEN, &json!({})).await.json().await.unwrap();
    let url = opened["url"].as_str().unwrap().to_owned();
    let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.unwrap();
    let hello = next(&mut socket).await;
    assert_eq!(hello["type"], "hello");
    fields(&hello, &["connection_info", "num_connections", "debug_info"]);
    assert!(tokio_tungstenite::connect_async(&url).await.is_err(), "a ticket is good once");
    socket
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(LIMIT, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn events_travel_in_envelopes_and_come_again_until_they_are_acknowledged() {
    let workspace = workspace();
    workspace.world().ack_limit = std::time::Duration::from_millis(150);
    let mut socket = connect(&workspace).await;
    let ts = workspace.say("C1", "U1", "hello");
    let first = next(&mut socket).await;
    fields(&first, &["envelope_id", "type", "payload", "accepts_response_payload"]);
    assert_eq!((first["type"].as_str(), &first["retry_attempt"]), (Some("events_api"), &json!(0)));
    fields(
        &first["payload"],
        &["token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations"],
    );
    let event = &first["payload"]["event"];
    fields(event, &["client_msg_id", "type", "text", "user", "ts", "channel", "event_ts", "channel_type", "blocks"]);
    assert_eq!((event["ts"].as_str(), event["channel_type"].as_str()), (Some(ts.as_str()), Some("channel")));
    let second = next(&mut socket).await;
    assert_eq!((&second["retry_attempt"], second["retry_reason"].as_str()), (&json!(1), Some("timeout")));
    assert_eq!(second["payload"]["event_id"], first["payload"]["event_id"]);
    assert_ne!(second["envelope_id"], first["envelope_id"]);
    socket.send(Message::text(json!({ "envelope_id": second["envelope_id"] }).to_string())).await.unwrap();
    assert!(workspace.wait_until(LIMIT, |world| world.under_way() == 0).await);
    // What is never acknowledged is given up after three retries.
    workspace.say("C1", "U1", "nobody answers");
    assert!(workspace.wait_until(LIMIT, |world| world.tally.dropped == 1).await);
    assert_eq!(workspace.world().tally.acks.len(), 1);
}

#[tokio::test]
async fn several_connections_share_events_and_a_cut_one_hands_on_its_own() {
    let workspace = workspace();
    let (mut one, mut two) = (connect(&workspace).await, connect(&workspace).await);
    for number in 0..40 {
        workspace.say("C1", "U1", &format!("m{number}"));
    }
    assert_eq!(next(&mut one).await["type"], "events_api");
    assert_eq!(next(&mut two).await["type"], "events_api");
    drop(one);
    assert!(workspace.wait_until(LIMIT, |world| world.tally.cut_off > 0 && world.connections() == 1).await);
    workspace.warn_all("warning");
    loop {
        let came = next(&mut two).await;
        if came["type"] == "disconnect" {
            assert_eq!(came["reason"], "warning");
            fields(&came, &["debug_info"]);
            break;
        }
    }
}

#[tokio::test]
async fn calls_are_answered_as_the_web_api_answers() {
    let workspace = workspace();
    let error = |answer: &Value| answer["error"].as_str().unwrap_or_default().to_owned();
    let who = call(&workspace, "auth.test", BOT_TOKEN, &[]).await;
    fields(&who, &["ok", "url", "team", "user", "team_id", "user_id", "bot_id"]);
    assert_eq!(error(&call(&workspace, "auth.test", "xoxb-wrong", &[]).await), "invalid_auth");
    assert_eq!(error(&call(&workspace, "no.such", BOT_TOKEN, &[]).await), "unknown_method");
    let user = call(&workspace, "users.info", BOT_TOKEN, &[("user", "U1")]).await;
    fields(&user["user"], &["id", "name", "profile", "is_bot", "locale", "is_email_confirmed"]);
    // Reading methods do not look into JSON.
    let asked: Value = post(&workspace, "users.info", BOT_TOKEN, &json!({ "user": "U1" })).await.json().await.unwrap();
    assert_eq!(error(&asked), "user_not_found");
    let answer = post(&workspace, "chat.postMessage", BOT_TOKEN, &json!({ "channel": "C1", "text": "hi" })).await;
    assert!(answer.headers()["x-oauth-scopes"].to_str().unwrap().contains("chat:write"));
    let posted: Value = answer.json().await.unwrap();
    fields(&posted, &["ok", "channel", "ts", "message"]);
    fields(&posted["message"], &["bot_id", "user", "text", "ts", "type"]);
    let empty: Value =
        post(&workspace, "chat.postMessage", BOT_TOKEN, &json!({ "channel": "C1" })).await.json().await.unwrap();
    assert_eq!(error(&empty), "no_text");
    workspace.world().scopes.remove("chat:write");
    let refused: Value = post(&workspace, "chat.postMessage", BOT_TOKEN, &json!({ "channel": "C1", "text": "x" }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((error(&refused).as_str(), refused["needed"].as_str()), ("missing_scope", Some("chat:write")));
    workspace.world().faults = Faults { limited: 1.0, ..Faults::default() };
    let limited = post(&workspace, "chat.update", BOT_TOKEN, &json!({})).await;
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "1"));
}

#[tokio::test]
async fn history_comes_newest_first_and_threads_oldest_first_in_pages() {
    let workspace = workspace();
    let root = workspace.say("C1", "U1", "root");
    let replies: Vec<String> = (0..4).map(|n| workspace.reply("C1", Some(&root), "U1", &format!("r{n}"))).collect();
    let other = workspace.say("C1", "U1", "other");
    let page = call(&workspace, "conversations.history", BOT_TOKEN, &[("channel", "C1"), ("limit", "1")]).await;
    fields(&page, &["ok", "messages", "has_more", "response_metadata"]);
    assert_eq!((page["messages"][0]["ts"].as_str(), page["has_more"].as_bool()), (Some(other.as_str()), Some(true)));
    let cursor = page["response_metadata"]["next_cursor"].as_str().unwrap();
    let page =
        call(&workspace, "conversations.history", BOT_TOKEN, &[("channel", "C1"), ("limit", "1"), ("cursor", cursor)])
            .await;
    let found = &page["messages"][0];
    assert_eq!((found["ts"].as_str(), found["reply_count"].as_u64()), (Some(root.as_str()), Some(4)));
    assert_eq!(found["latest_reply"].as_str(), replies.last().map(String::as_str));
    let arguments = [("channel", "C1"), ("ts", root.as_str()), ("oldest", replies[1].as_str()), ("inclusive", "true")];
    let thread = call(&workspace, "conversations.replies", BOT_TOKEN, &arguments).await;
    let seen: Vec<&str> = thread["messages"].as_array().unwrap().iter().map(|m| m["ts"].as_str().unwrap()).collect();
    assert_eq!(seen, [root.as_str(), &replies[1], &replies[2], &replies[3]]);
    assert_eq!(thread["messages"][1]["parent_user_id"], "U1");
    assert!(workspace.world().posts("C1").is_empty() && BOT == "UBOT");
}
