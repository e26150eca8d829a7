//! The shapes in which events travel, as the pages of the Events API and of Socket Mode show them.

use serde_json::{Value, json};

use super::world::{APP, BOT, BOT_ID, Kind, TEAM, World};

/// `docs.slack.dev/apis/events-api#callback-field`
pub(super) fn callback(world: &mut World, event: &Value) -> Value {
    let number = world.number();
    json!({
        "token": "deprecated", "team_id": TEAM, "api_app_id": APP, "event": event, "type": "event_callback",
        "event_id": format!("Ev{number:08}"), "event_time": world.last_ts / 1_000_000,
        "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false }],
        "is_ext_shared_channel": false, "event_context": format!("EC{number:08}")
    })
}

/// `docs.slack.dev/apis/events-api/using-socket-mode#receive`
pub(super) fn envelope(id: &str, kind: &str, payload: &Value, retry: u32) -> Value {
    let mut envelope = json!({
        "envelope_id": id, "type": kind, "payload": payload, "accepts_response_payload": kind != "events_api"
    });
    if kind == "events_api" {
        envelope["retry_attempt"] = json!(retry);
        envelope["retry_reason"] = json!(if retry == 0 { "" } else { "timeout" });
    }
    envelope
}

/// `docs.slack.dev/apis/events-api/using-socket-mode#connect`
pub(super) fn hello(connections: usize) -> Value {
    json!({
        "type": "hello", "connection_info": { "app_id": APP }, "num_connections": connections,
        "debug_info": { "host": "applink-1", "build_number": 10, "approximate_connection_time": 18060 }
    })
}

/// `docs.slack.dev/apis/events-api/using-socket-mode#disconnect`
pub(super) fn disconnect(reason: &str) -> Value {
    json!({ "type": "disconnect", "reason": reason, "debug_info": { "host": "applink-1" } })
}

/// The word for a room's kind in message events.
pub(super) const fn channel_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "channel",
        Kind::Private => "group",
        Kind::Direct => "im",
        Kind::Group => "mpim",
    }
}

/// A message object as rooms keep it (`docs.slack.dev/reference/events/message`).
pub(super) fn message(user: &str, text: &str, ts: &str) -> Value {
    let mut message = json!({
        "type": "message", "user": user, "text": text, "ts": ts, "team": TEAM,
        "blocks": [{ "type": "rich_text", "block_id": "b", "elements": [
            { "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] }] }]
    });
    if user == BOT {
        message["bot_id"] = json!(BOT_ID);
        message["app_id"] = json!(APP);
    } else {
        message["client_msg_id"] = json!(format!("00000000-0000-4000-8000-{:0>12}", ts.replace('.', "")));
    }
    message
}

/// The event of a new message: the message with its place beside it.
pub(super) fn said(world: &World, room: &str, message: &Value) -> Value {
    let mut event = message.clone();
    event["channel"] = json!(room);
    event["event_ts"] = message["ts"].clone();
    event["channel_type"] = json!(world.rooms.get(room).map_or("channel", |room| channel_type(room.kind)));
    event
}
