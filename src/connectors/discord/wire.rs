//! What is kept of an event, and the received message it becomes. Pure.
//!
//! Events are read as JSON and not through a model, so that a message with one field of an unknown shape is still a message.

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SOURCE;
use crate::domain::{Channel, Received, Timestamp};

/// 2015-01-01, from which ids count (Discord's reference, "Snowflakes").
const EPOCH_MS: i64 = 1_420_070_400_000;
/// Bits of an id below its time.
const TIME_SHIFT: u32 = 22;
/// Types of messages that people write: a plain one and a reply. The others are Discord's own notes and bots' answers.
const WRITTEN: &[u64] = &[0, 19];

/// An id, which Discord writes as text.
pub(super) fn snowflake(value: &Value) -> Option<u64> {
    value.as_str().map_or_else(|| value.as_u64(), |text| text.parse().ok()).filter(|id| *id > 0)
}

/// When the thing with this id was made.
pub(super) fn made_at(id: u64) -> Timestamp {
    Timestamp(EPOCH_MS + i64::try_from(id >> TIME_SHIFT).unwrap_or_default())
}

/// The id, `ms` milliseconds earlier.
pub(super) const fn earlier(id: u64, ms: u64) -> u64 {
    id.saturating_sub(ms << TIME_SHIFT)
}

/// A time as Discord writes it.
pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(Timestamp::from)
}

/// Where an event happened, as routing found it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spot {
    /// The channel; of a thread, the channel or forum it is in.
    pub(super) room: String,
    /// The thread.
    pub(super) thread: Option<String>,
    /// A conversation with the bot alone.
    pub(super) direct: bool,
    /// The thread's name.
    #[serde(default)]
    pub(super) title: Option<String>,
    /// Our own user; 0 when it was not known yet.
    pub(super) me: u64,
}

impl Spot {
    /// The channel that messages are posted in.
    pub(super) fn channel(&self) -> &str {
        self.thread.as_deref().unwrap_or(&self.room)
    }

    fn conversation(&self, author: &str) -> String {
        match &self.thread {
            Some(thread) => format!("discord:{thread}"),
            None if self.direct => format!("discord:{}", self.room),
            None => format!("discord:{}:{author}", self.room),
        }
    }
}

/// The bytes of a received message: the event and where it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The event's name.
    pub(super) t: String,
    /// The event.
    pub(super) d: Value,
    /// Where.
    pub(super) at: Spot,
    /// Who wrote the message it is about, when the event does not say.
    #[serde(default)]
    pub(super) author: Option<String>,
}

/// The id of a message's author.
pub(super) fn author(d: &Value) -> Option<u64> {
    snowflake(&d["author"]["id"])
}

/// Written by a person and not by a bot, a webhook, ourselves or Discord itself.
pub(super) fn is_written_by_a_person(d: &Value, me: u64) -> bool {
    let Some(author) = author(d) else { return false };
    let machine = d["author"]["bot"].as_bool().unwrap_or(false)
        || d["author"]["system"].as_bool().unwrap_or(false)
        || snowflake(&d["webhook_id"]).is_some();
    !machine && author != me && d["type"].as_u64().is_none_or(|kind| WRITTEN.contains(&kind))
}

/// A new message. `None` when no person wrote it.
pub(super) fn created(d: &Value, at: &Spot, hold_ms: i64) -> Option<Received> {
    let id = snowflake(&d["id"])?;
    if !is_written_by_a_person(d, at.me) {
        return None;
    }
    let is_plain = !has_files(d) && d["content"].as_str().is_some_and(|text| !text.is_empty());
    let kept = Kept { t: "MESSAGE_CREATE".into(), d: d.clone(), at: at.clone(), author: None };
    let hold_ms = if is_plain { hold_ms } else { 0 };
    Some(received(id.to_string(), at.conversation(&author(d)?.to_string()), made_at(id), (&kept, hold_ms)))
}

/// A changed message. `None` when nothing that a person wrote has changed: Discord also reports link previews and pins.
pub(super) fn edited(d: &Value, at: &Spot, known_author: Option<u64>) -> Option<Received> {
    let id = snowflake(&d["id"])?;
    d["edited_timestamp"].as_str()?;
    d["content"].as_str()?;
    if author(d).is_some() && !is_written_by_a_person(d, at.me) {
        return None;
    }
    let author = author(d).or(known_author).map(|author| author.to_string());
    let conversation = at.conversation(author.as_deref().unwrap_or(&id.to_string()));
    let changed_at = time(&d["edited_timestamp"]).unwrap_or_else(|| made_at(id));
    let kept = Kept { t: "MESSAGE_UPDATE".into(), d: d.clone(), at: at.clone(), author };
    // By its moment: the gateway and the REST API do not write it alike.
    Some(received(format!("{id}#edited:{}", changed_at.0), conversation, changed_at, (&kept, 0)))
}

/// A message that was taken back.
pub(super) fn deleted(id: u64, at: &Spot, known_author: Option<u64>) -> Received {
    let author = known_author.map(|author| author.to_string());
    let conversation = at.conversation(author.as_deref().unwrap_or(&id.to_string()));
    let d = json!({ "id": id.to_string(), "channel_id": at.channel() });
    let kept = Kept { t: "MESSAGE_DELETE".into(), d, at: at.clone(), author };
    // Discord does not say when; what it was said of is the nearest time there is.
    received(format!("{id}#deleted"), conversation, made_at(id), (&kept, 0))
}

/// A button, a menu, a form or a slash command. The token that answers it is not kept: it is a secret and soon worthless.
pub(super) fn interaction(d: &Value, at: &Spot) -> Option<Received> {
    let id = snowflake(&d["id"])?;
    let user = snowflake(&d["member"]["user"]["id"]).or_else(|| snowflake(&d["user"]["id"]))?;
    let mut d = d.clone();
    if let Some(fields) = d.as_object_mut() {
        fields.remove("token");
        // Our own message as it stands: only its id is of use.
        let pressed = fields.get("message").map(|message| message["id"].clone()).unwrap_or_default();
        fields.insert("message".into(), json!({ "id": pressed }));
    }
    let kept = Kept { t: "INTERACTION_CREATE".into(), d, at: at.clone(), author: None };
    Some(received(format!("act:{id}"), at.conversation(&user.to_string()), made_at(id), (&kept, 0)))
}

/// Whether the message hides its text from us: no person sends nothing at all.
pub(super) fn is_blank(d: &Value) -> bool {
    let none = |key: &str| d[key].as_array().is_none_or(Vec::is_empty);
    d["content"].as_str().is_none_or(str::is_empty)
        && ["attachments", "embeds", "sticker_items", "components", "message_snapshots"].iter().all(|key| none(key))
        && d["poll"].is_null()
}

fn has_files(d: &Value) -> bool {
    d["attachments"].as_array().is_some_and(|files| !files.is_empty())
}

fn received(id: String, conversation: String, arrived_at: Timestamp, (kept, hold_ms): (&Kept, i64)) -> Received {
    Received {
        channel: Channel::Discord,
        source: SOURCE.to_owned(),
        external_id: id,
        conversation,
        raw: serde_json::to_vec(kept).unwrap_or_default(),
        full_size_bytes: None,
        arrived_at,
        hold_ms,
        stale: false,
    }
}
