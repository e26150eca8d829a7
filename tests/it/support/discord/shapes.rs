//! Objects as Discord's reference shows them.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::{APPLICATION, BOT, GUILD};

/// Milliseconds of 2015-01-01, the first of Discord's ids.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// The `id` of an object.
pub fn id(object: &Value) -> u64 {
    object["id"].as_str().expect("an id").parse().expect("a number")
}

/// The time in an id, as the API writes times.
pub fn timestamp(id: u64) -> String {
    let ms = i64::try_from((id >> 22) + EPOCH_MS).expect("a time");
    DateTime::from_timestamp_millis(ms).expect("a time").to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// The first id of a millisecond since 1970.
pub fn id_at(ms: u64) -> u64 {
    (ms - EPOCH_MS) << 22
}

pub fn person(user: u64) -> Value {
    json!({
        "id": user.to_string(), "username": format!("user{user}"), "discriminator": "0", "global_name": format!("User {user}"),
        "avatar": null, "public_flags": 0,
    })
}

pub fn bot() -> Value {
    json!({
        "id": BOT.to_string(), "username": "madoguchi", "discriminator": "1337", "global_name": null, "avatar": null,
        "bot": true, "verified": true, "email": null, "flags": 64, "public_flags": 64, "mfa_enabled": true,
    })
}

pub fn member(user: u64) -> Value {
    json!({
        "nick": null, "avatar": null, "roles": [], "joined_at": "2015-04-26T06:26:56.936000+00:00", "deaf": false,
        "mute": false, "flags": 0, "pending": false, "premium_since": null, "communication_disabled_until": null,
        "user": person(user),
    })
}

/// A message. `author` decides whether it has a member.
pub fn message(id: u64, channel: u64, author: &Value, content: &str) -> Value {
    json!({
        "id": id.to_string(), "channel_id": channel.to_string(), "author": author, "content": content,
        "timestamp": timestamp(id), "edited_timestamp": null, "tts": false, "mention_everyone": false,
        "mentions": [], "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
        "flags": 0, "components": [],
    })
}

pub fn channel(id: u64, kind: u64, name: &str, last: Option<u64>) -> Value {
    json!({
        "id": id.to_string(), "guild_id": GUILD.to_string(), "name": name, "type": kind, "position": 6,
        "permission_overwrites": [], "rate_limit_per_user": 0, "nsfw": false, "topic": null, "parent_id": null,
        "last_message_id": last.map(|last| last.to_string()), "default_auto_archive_duration": 60, "flags": 0,
    })
}

pub fn thread(id: u64, parent: u64, name: &str) -> Value {
    json!({
        "id": id.to_string(), "guild_id": GUILD.to_string(), "parent_id": parent.to_string(), "owner_id": BOT.to_string(),
        "name": name, "type": 11, "last_message_id": null, "message_count": 1, "member_count": 5, "rate_limit_per_user": 0,
        "thread_metadata": {
            "archived": false, "auto_archive_duration": 1440, "archive_timestamp": timestamp(id), "locked": false,
        },
        "total_message_sent": 1, "flags": 0,
    })
}

pub fn direct(id: u64, user: u64, last: Option<u64>) -> Value {
    json!({ "id": id.to_string(), "type": 1, "last_message_id": last.map(|last| last.to_string()), "recipients": [person(user)] })
}

/// A server; `everyone` are the permissions of all its members.
pub fn guild(everyone: u64) -> Value {
    let role = json!({
        "id": GUILD.to_string(), "name": "@everyone", "color": 0, "hoist": false, "icon": null, "unicode_emoji": null,
        "position": 0, "permissions": everyone.to_string(), "managed": false, "mentionable": false, "flags": 0,
    });
    let guild = json!({
        "id": GUILD.to_string(), "name": "Discord Testers", "icon": null, "splash": null, "discovery_splash": null,
        "features": ["COMMUNITY"], "emojis": [], "stickers": [], "owner_id": "53908099506183680",
        "application_id": null, "region": null, "afk_channel_id": null, "afk_timeout": 300, "system_channel_id": null,
        "roles": [role],
    });
    let settings = json!({
        "verification_level": 1, "default_message_notifications": 1, "mfa_level": 0, "explicit_content_filter": 0,
        "max_presences": null, "max_members": 250_000, "vanity_url_code": null, "description": null, "banner": null,
        "premium_tier": 0, "premium_subscription_count": 0, "system_channel_flags": 0, "preferred_locale": "en-US",
        "rules_channel_id": null, "public_updates_channel_id": null, "safety_alerts_channel_id": null, "nsfw_level": 0,
        "premium_progress_bar_enabled": false, "widget_enabled": false,
    });
    with(guild, &settings)
}

fn with(mut object: Value, more: &Value) -> Value {
    for (key, value) in more.as_object().expect("fields") {
        object[key] = value.clone();
    }
    object
}

/// The event after READY: the server with everything in it.
pub fn guild_create(everyone: u64, channels: &[Value], threads: &[Value]) -> Value {
    let more = json!({
        "joined_at": "2015-04-26T06:26:56.936000+00:00", "large": false, "unavailable": false, "member_count": 3,
        "voice_states": [], "members": [], "channels": channels, "threads": threads, "presences": [],
        "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
    });
    with(guild(everyone), &more)
}

pub fn ready(session: &str, gateway: &str) -> Value {
    json!({
        "v": 10, "user": bot(), "guilds": [{ "id": GUILD.to_string(), "unavailable": true }], "session_id": session,
        "resume_gateway_url": gateway, "shard": [0, 1], "application": { "id": APPLICATION.to_string(), "flags": 1 << 19 },
    })
}

/// The answer to a request over the limit.
pub fn limited(retry_after: f64) -> Value {
    json!({ "message": "You are being rate limited.", "retry_after": retry_after, "global": false })
}

/// An error with Discord's code.
pub fn error(code: u64, message: &str) -> Value {
    json!({ "message": message, "code": code })
}
