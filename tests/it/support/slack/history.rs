//! Reading rooms back: `conversations.history` and `conversations.replies`, in pages.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::world::{BOT, Kind, Room, World};

type Arguments = HashMap<String, String>;

fn bounds(arguments: &Arguments) -> impl Fn(&str) -> bool {
    let oldest = arguments.get("oldest").cloned().unwrap_or_default();
    let latest = arguments.get("latest").cloned().unwrap_or_else(|| "99999999999.0".to_owned());
    let inclusive = arguments.get("inclusive").is_some_and(|word| word == "true" || word == "1");
    move |ts| {
        let value = |ts: &str| ts.parse::<f64>().unwrap_or(0.0);
        let (ts, oldest, latest) = (value(ts), value(&oldest), value(&latest));
        if inclusive { ts >= oldest && ts <= latest } else { ts > oldest && ts < latest }
    }
}

/// Metadata is shown only when it is asked for.
fn shown(message: &Value, arguments: &Arguments) -> Value {
    let mut message = message.clone();
    if arguments.get("include_all_metadata").is_none_or(|word| word != "true") {
        message.as_object_mut().expect("an object").remove("metadata");
    }
    message
}

fn page<T>(world: &World, found: Vec<T>, arguments: &Arguments, show: impl Fn(T) -> Value) -> Value {
    let wanted = arguments.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(100).clamp(1, 999);
    let size = world.page.min(wanted);
    let start: usize = match arguments.get("cursor").filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => match cursor.strip_prefix("next_").and_then(|start| start.parse().ok()) {
            Some(start) => start,
            None => return json!({ "ok": false, "error": "invalid_cursor" }),
        },
        None => 0,
    };
    let has_more = found.len() > start + size;
    let items: Vec<Value> = found.into_iter().skip(start).take(size).map(show).collect();
    let next = if has_more { format!("next_{}", start + size) } else { String::new() };
    json!({ "ok": true, "messages": items, "has_more": has_more, "response_metadata": { "next_cursor": next } })
}

fn joined<'a>(world: &'a World, arguments: &Arguments) -> Result<&'a Room, Value> {
    let room = arguments.get("channel").and_then(|id| world.rooms.get(id));
    match room {
        None => Err(json!({ "ok": false, "error": "channel_not_found" })),
        Some(room) if !room.joined => Err(json!({ "ok": false, "error": "not_in_channel" })),
        Some(room) => Ok(room),
    }
}

fn is_reply(message: &Value) -> bool {
    message.get("thread_ts").is_some_and(|thread| *thread != message["ts"])
}

/// A thread's first message tells how many answers it has.
fn root(room: &Room, message: &Value) -> Value {
    let mut told = message.clone();
    let replies: Vec<&Value> =
        room.messages.values().filter(|other| is_reply(other) && other["thread_ts"] == message["ts"]).collect();
    if let Some(last) = replies.last() {
        let mut users: Vec<&str> = replies.iter().filter_map(|reply| reply["user"].as_str()).collect();
        users.sort_unstable();
        users.dedup();
        told["thread_ts"] = message["ts"].clone();
        told["reply_count"] = json!(replies.len());
        told["reply_users"] = json!(users.iter().take(5).collect::<Vec<_>>());
        told["reply_users_count"] = json!(users.len());
        told["latest_reply"] = last["ts"].clone();
    }
    told
}

/// Newest first, without the answers in threads.
pub(super) fn history(world: &World, arguments: &Arguments) -> Value {
    let room = match joined(world, arguments) {
        Ok(room) => room,
        Err(refusal) => return refusal,
    };
    let within = bounds(arguments);
    let found = room
        .messages
        .iter()
        .rev()
        .filter(|(ts, message)| within(ts) && !is_reply(message))
        .map(|(_, message)| message)
        .collect();
    page(world, found, arguments, |message| shown(&root(room, message), arguments))
}

/// The thread's first message, then its answers, oldest first.
pub(super) fn replies(world: &World, arguments: &Arguments) -> Value {
    let room = match joined(world, arguments) {
        Ok(room) => room,
        Err(refusal) => return refusal,
    };
    let Some(named) = arguments.get("ts").and_then(|ts| room.messages.get(ts)) else {
        return json!({ "ok": false, "error": "thread_not_found" });
    };
    let first = named.get("thread_ts").unwrap_or(&named["ts"]).clone();
    let within = bounds(arguments);
    let mut found = Vec::new();
    for (ts, message) in &room.messages {
        if message["ts"] == first {
            found.push(root(room, message));
        } else if is_reply(message) && message["thread_ts"] == first && within(ts) {
            found.push(message.clone());
        }
    }
    page(world, found, arguments, |message| shown(&message, arguments))
}

pub(super) fn conversation(id: &str, room: &Room) -> Value {
    json!({
        "id": id, "name": room.name, "is_channel": room.kind == Kind::Public, "is_group": room.kind == Kind::Private,
        "is_im": room.kind == Kind::Direct, "is_mpim": room.kind == Kind::Group, "is_private": room.kind != Kind::Public,
        "is_archived": room.archived, "is_member": room.joined, "user": BOT
    })
}

/// `users.conversations`: the rooms the app is in, of the kinds that are asked for.
pub(super) fn conversations(world: &World, arguments: &Arguments) -> Value {
    let kinds = arguments.get("types").map_or("public_channel", String::as_str);
    let kind_of = |kind: Kind| match kind {
        Kind::Public => "public_channel",
        Kind::Private => "private_channel",
        Kind::Direct => "im",
        Kind::Group => "mpim",
    };
    let leave_archived = arguments.get("exclude_archived").is_some_and(|word| word == "true");
    let found = world
        .rooms
        .iter()
        .filter(|(_, room)| room.joined && kinds.split(',').any(|kind| kind == kind_of(room.kind)))
        .filter(|(_, room)| !(leave_archived && room.archived))
        .map(|(id, room)| conversation(id, room))
        .collect();
    let mut answer = page(world, found, arguments, |conversation| conversation);
    if let Some(found) = answer.as_object_mut().and_then(|fields| fields.remove("messages")) {
        answer["channels"] = found;
    }
    answer
}
