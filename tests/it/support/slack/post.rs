//! What the app posts: checked against Slack's limits, kept in the room, and read for whom it would ping.

use std::sync::OnceLock;

use regex::Regex;
use serde_json::{Value, json};

use super::shapes;
use super::world::{BOT, World};

fn error(code: &str) -> Value {
    json!({ "ok": false, "error": code })
}

/// Whom `text` would ping when Slack shows it as mrkdwn. `loose`: Slack also looks for names itself
/// (`parse=full`, `link_names`, or a text object that is not verbatim).
pub fn pings_of(text: &str, loose: bool) -> Vec<String> {
    static STRICT: OnceLock<Regex> = OnceLock::new();
    static LOOSE: OnceLock<Regex> = OnceLock::new();
    let strict = STRICT.get_or_init(|| Regex::new(r"<([!@#][^>|]*)(\|[^>]*)?>").expect("a pattern"));
    let names = LOOSE.get_or_init(|| Regex::new(r"@(here|channel|everyone)\b").expect("a pattern"));
    let mut found: Vec<String> = strict.captures_iter(text).map(|hit| hit[1].to_owned()).collect();
    if loose {
        found.extend(names.captures_iter(text).map(|hit| format!("!{}", &hit[1])));
    }
    found
}

/// Every mrkdwn text object under `value`, and whether it is verbatim.
fn marked(value: &Value, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Object(fields) => {
            if value["type"] == "mrkdwn" {
                let text = value["text"].as_str().unwrap_or_default().to_owned();
                found.push((text, value["verbatim"] == true));
            }
            fields.values().for_each(|inner| marked(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| marked(inner, found)),
        _ => {}
    }
}

/// `docs.slack.dev/reference/block-kit/blocks`
fn check_blocks(blocks: &Value, most: usize) -> Result<(), Value> {
    let Some(blocks) = blocks.as_array() else { return Ok(()) };
    let length = |value: &Value| value.as_str().map_or(0, |text| text.chars().count());
    let mut is_right = blocks.len() <= most;
    for block in blocks {
        is_right &= length(&block["block_id"]) <= 255;
        match block["type"].as_str() {
            Some("section") => is_right &= (1..=3_000).contains(&length(&block["text"]["text"])),
            Some("header") => is_right &= (1..=150).contains(&length(&block["text"]["text"])),
            Some("actions") => {
                let elements = block["elements"].as_array().map_or(&[][..], Vec::as_slice);
                let mut ids: Vec<&str> = elements.iter().filter_map(|element| element["action_id"].as_str()).collect();
                ids.sort_unstable();
                ids.dedup();
                is_right &= (1..=25).contains(&elements.len()) && ids.len() == elements.len();
                for element in elements.iter().filter(|element| element["type"] == "button") {
                    is_right &=
                        (1..=75).contains(&length(&element["text"]["text"])) && length(&element["value"]) <= 2_000;
                }
            }
            Some("input") => {
                is_right &= (1..=2_000).contains(&length(&block["label"]["text"])) && block["element"].is_object();
            }
            Some(_) => {}
            None => is_right = false,
        }
    }
    if is_right { Ok(()) } else { Err(error("invalid_blocks")) }
}

fn check(body: &Value) -> Result<(), Value> {
    let text = body["text"].as_str().unwrap_or_default();
    let has_blocks = body["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty());
    if text.is_empty() && !has_blocks {
        return Err(error("no_text"));
    }
    if text.chars().count() > 40_000 {
        return Err(error("msg_too_long"));
    }
    check_blocks(&body["blocks"], 50)
}

fn note_pings(world: &mut World, body: &Value) {
    let names = body["link_names"] == true || body["parse"] == "full";
    let mut found = Vec::new();
    marked(&body["blocks"], &mut found);
    found.push((body["text"].as_str().unwrap_or_default().to_owned(), true));
    for (text, verbatim) in found {
        world.pings.extend(pings_of(&text, names || !verbatim));
    }
}

/// `chat.postMessage`
pub(super) fn post(world: &mut World, body: &Value) -> Value {
    let mut room = body["channel"].as_str().unwrap_or_default().to_owned();
    if world.users.contains_key(&room) {
        room = world.direct(&room);
    }
    match world.rooms.get(&room) {
        None => return error("channel_not_found"),
        Some(known) if known.archived => return error("is_archived"),
        Some(known) if !known.joined => return error("not_in_channel"),
        Some(_) => {}
    }
    if let Err(refusal) = check(body) {
        return refusal;
    }
    note_pings(world, body);
    let ts = world.ts();
    let mut message = shapes::message(BOT, body["text"].as_str().unwrap_or_default(), &ts);
    for field in ["blocks", "metadata"] {
        if let Some(value) = body.get(field) {
            message[field] = value.clone();
        }
    }
    if let Some(thread) = body["thread_ts"].as_str() {
        message["thread_ts"] = json!(thread);
        let parent = world.rooms.get(&room).and_then(|known| known.messages.get(thread));
        if let Some(parent) = parent {
            message["parent_user_id"] = parent["user"].clone();
        }
    }
    let event = shapes::said(world, &room, &message);
    if let Some(known) = world.rooms.get_mut(&room) {
        known.messages.insert(ts.clone(), message.clone());
    }
    let payload = shapes::callback(world, &event);
    world.deliver("events_api", payload);
    json!({ "ok": true, "channel": room, "ts": ts, "message": message })
}

/// `chat.update`
pub(super) fn update(world: &mut World, body: &Value) -> Value {
    if let Err(refusal) = check(body) {
        return refusal;
    }
    note_pings(world, body);
    let (room, ts) = (body["channel"].as_str().unwrap_or_default(), body["ts"].as_str().unwrap_or_default());
    let Some(message) = world.rooms.get_mut(room).and_then(|known| known.messages.get_mut(ts)) else {
        return error("message_not_found");
    };
    if message["user"] != BOT {
        return error("cant_update_message");
    }
    for field in ["text", "blocks", "metadata"] {
        if let Some(value) = body.get(field) {
            message[field] = value.clone();
        }
    }
    json!({ "ok": true, "channel": room, "ts": ts, "text": message["text"], "message": message })
}

/// `views.open`, `views.update`, `views.publish`
pub(super) fn view(world: &mut World, method: &str, body: &Value) -> Value {
    let mut view = body["view"].clone();
    if let Err(refusal) = check_blocks(&view["blocks"], 100) {
        return refusal;
    }
    if view["private_metadata"].as_str().is_some_and(|metadata| metadata.len() > 3_000) {
        return error("invalid_arguments");
    }
    let number = world.number();
    view["id"] = json!(format!("V{number:08}"));
    view["hash"] = json!(format!("{number}.hash"));
    view["team_id"] = json!(super::world::TEAM);
    view["state"] = json!({ "values": {} });
    match method {
        "views.publish" => {
            let user = body["user_id"].as_str().unwrap_or_default().to_owned();
            if view["type"] != "home" {
                return error("invalid_arguments");
            }
            world.homes.insert(user, view.clone());
        }
        "views.open" => {
            let trigger = body["trigger_id"].as_str().unwrap_or_default();
            let title = view["title"]["text"].as_str().map_or(0, |title| title.chars().count());
            match world.triggers.remove(trigger) {
                None => return error("invalid_trigger_id"),
                Some(since) if since.elapsed().as_secs() >= 3 => return error("expired_trigger_id"),
                Some(_) if view["type"] != "modal" || !(1..=24).contains(&title) => return error("invalid_arguments"),
                Some(_) => world.views.push(view.clone()),
            }
        }
        _ => {
            let Some(old) = world.views.iter_mut().find(|old| old["id"] == body["view_id"]) else {
                return error("not_found");
            };
            if body.get("hash").is_some_and(|hash| *hash != old["hash"]) {
                return error("hash_conflict");
            }
            view["id"] = old["id"].clone();
            *old = view.clone();
        }
    }
    json!({ "ok": true, "view": view })
}
