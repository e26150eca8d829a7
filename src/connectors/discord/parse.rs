//! A stored event as the rules read it, and the files that hang on it. Pure.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::asked::{self, shown_name};
use super::readable;
use super::wire::{self, Kept, snowflake};
use crate::config::DiscordSettings;
use crate::connectors::RemoteFile;
use crate::domain::{Act, Address, InboxId, Language, Message, Place, Received};
use crate::text::language::detect;

/// Why stored bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// They are not what this connector stores.
    #[error("not an event of Discord: {0}")]
    NotAnEvent(#[from] serde_json::Error),
    /// They are an event that carries no message.
    #[error("`{0}` is not an event that carries a message")]
    NoMessage(String),
}

/// What an event says, apart from who and where.
struct Said {
    message_id: String,
    references: Vec<String>,
    act: Option<Act>,
    text: String,
    subject: String,
    /// The thread an answer goes to, when it is not the one it was said in.
    answer_in: Option<String>,
}

/// The message in `received`. `bot_user` is our own user, 0 when it is not known now; `default` is the language of a text that
/// gives no hint.
///
/// # Errors
/// The bytes are not an event that this connector stored.
pub fn message(
    id: InboxId,
    received: &Received,
    settings: &DiscordSettings,
    bot_user: u64,
    default: Language,
) -> Result<Message, Unreadable> {
    let mut kept: Kept = serde_json::from_slice(&received.raw)?;
    if bot_user > 0 {
        kept.at.me = bot_user;
    }
    let said = said(&kept)?;
    let is_interaction = kept.t == "INTERACTION_CREATE";
    let hint = if is_interaction { asked::language(&kept.d) } else { default };
    let language = detect(&said.text).unwrap_or(hint);
    let fingerprint = hex::encode(Sha256::digest(format!("discord\n{}", received.external_id)));
    let sent_at = wire::time(&kept.d["edited_timestamp"]).or_else(|| wire::time(&kept.d["timestamp"]));
    Ok(Message {
        inbox_id: id,
        channel: received.channel,
        source: received.source.clone(),
        message_id: Some(said.message_id),
        references: said.references,
        tokens: Vec::new(),
        place: Some(place(&kept, settings, said.answer_in)),
        act: said.act,
        from: writer(&kept),
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: said.subject,
        reply_text: said.text.clone(),
        text: said.text,
        language,
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at,
        arrived_at: received.arrived_at,
        stale: received.stale,
        fingerprint,
        faults: Vec::new(),
        warnings: Vec::new(),
    })
}

/// The files of a message, in its order; none for what cannot be read.
#[must_use]
pub fn files(received: &Received) -> Vec<RemoteFile> {
    let Ok(kept) = serde_json::from_slice::<Kept>(&received.raw) else { return Vec::new() };
    let forwarded = snapshots(&kept.d).into_iter().map(|snapshot| &snapshot["attachments"]);
    let lists = std::iter::once(&kept.d["attachments"]).chain(forwarded);
    let file = |file: &Value| {
        Some(RemoteFile {
            name: readable::clean(file["filename"].as_str().unwrap_or("file")).replace('\n', " "),
            media_type: file["content_type"].as_str().unwrap_or("application/octet-stream").to_owned(),
            size_bytes: file["size"].as_i64().unwrap_or_default(),
            url: file["url"].as_str()?.to_owned(),
        })
    };
    lists.filter_map(Value::as_array).flatten().filter_map(file).collect()
}

fn said(kept: &Kept) -> Result<Said, Unreadable> {
    let d = &kept.d;
    let id = snowflake(&d["id"]).unwrap_or_default();
    let own = format!("discord:{id}");
    match kept.t.as_str() {
        "MESSAGE_CREATE" => Ok(Said {
            message_id: own.clone(),
            references: references(kept, &own),
            act: None,
            text: text(d, kept.at.me),
            subject: title(kept, id),
            answer_in: Some(id.to_string()),
        }),
        "MESSAGE_UPDATE" => Ok(Said {
            message_id: format!("{own}#edited:{}", d["edited_timestamp"].as_str().unwrap_or_default()),
            references: references(kept, ""),
            act: Some(Act::Edited { original: own }),
            text: text(d, kept.at.me),
            subject: String::new(),
            answer_in: Some(id.to_string()),
        }),
        "MESSAGE_DELETE" => Ok(Said {
            message_id: format!("{own}#deleted"),
            references: references(kept, ""),
            act: Some(Act::Deleted { original: own }),
            text: String::new(),
            subject: String::new(),
            answer_in: Some(id.to_string()),
        }),
        "INTERACTION_CREATE" => interaction(kept, id),
        other => Err(Unreadable::NoMessage(other.to_owned())),
    }
}

fn interaction(kept: &Kept, id: u64) -> Result<Said, Unreadable> {
    let Some((act, text)) = asked::read(&kept.d).act() else { return Err(Unreadable::NoMessage(kept.t.clone())) };
    // A press is about the message it was under; what is said of it goes below that message.
    let pressed = snowflake(&kept.d["message"]["id"]);
    let is_press = matches!(act, Some(Act::Pressed { .. }));
    let mut refs: Vec<String> = pressed.map(|message| format!("discord:{message}")).into_iter().collect();
    for reference in references(kept, "") {
        if !refs.contains(&reference) {
            refs.push(reference);
        }
    }
    Ok(Said {
        message_id: format!("discord:act:{id}"),
        references: refs,
        act,
        text: readable::clean(&text).trim().to_owned(),
        subject: String::new(),
        answer_in: pressed.filter(|_| is_press).map(|message| message.to_string()),
    })
}

/// The message quoted first, then the thread, whose id is that of the message it was opened on. `own` is left out.
fn references(kept: &Kept, own: &str) -> Vec<String> {
    const FORWARD: u64 = 1;
    let quoted = &kept.d["message_reference"];
    let quoted = if quoted["type"].as_u64() == Some(FORWARD) { None } else { snowflake(&quoted["message_id"]) };
    let mut references: Vec<String> = Vec::new();
    for id in quoted.map(|id| id.to_string()).into_iter().chain(kept.at.thread.clone()) {
        let reference = format!("discord:{id}");
        if reference != own && !references.contains(&reference) {
            references.push(reference);
        }
    }
    references
}

/// The title of a forum post is the subject of its first message.
fn title(kept: &Kept, id: u64) -> String {
    let is_first = kept.at.thread.as_ref().is_some_and(|thread| *thread == id.to_string());
    let title = kept.at.title.as_deref().filter(|_| is_first).unwrap_or_default();
    readable::clean(title).replace('\n', " ").trim().to_owned()
}

fn place(kept: &Kept, settings: &DiscordSettings, answer_in: Option<String>) -> Place {
    let at = &kept.at;
    let thread = if at.direct { None } else { at.thread.clone().or(answer_in) };
    Place { room: at.room.clone(), thread, direct: at.direct, triage: settings.triage.as_ref() == Some(&at.room) }
}

fn writer(kept: &Kept) -> Address {
    let d = &kept.d;
    let user = if kept.t == "INTERACTION_CREATE" { asked::user(d) } else { &d["author"] };
    let id = snowflake(&user["id"]).map(|id| id.to_string()).or_else(|| kept.author.clone()).unwrap_or_default();
    let nick = d["member"]["nick"].as_str().filter(|nick| !nick.is_empty());
    let name = nick.map_or_else(|| shown_name(user, ""), str::to_owned);
    Address { name: readable::clean(&name).replace('\n', " "), address: format!("discord:{id}") }
}

/// What a person wrote, forwarded, or put in the place of words.
fn text(d: &Value, me: u64) -> String {
    let mut lines: Vec<String> = vec![readable::text(d["content"].as_str().unwrap_or_default(), d, me)];
    for snapshot in snapshots(d) {
        lines.push(readable::text(snapshot["content"].as_str().unwrap_or_default(), snapshot, me));
    }
    if let Some(question) = d["poll"]["question"]["text"].as_str() {
        lines.push(readable::clean(question));
    }
    let stickers = d["sticker_items"].as_array().into_iter().flatten();
    lines.extend(
        stickers.filter_map(|sticker| sticker["name"].as_str()).map(|name| format!("[{}]", readable::clean(name))),
    );
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// The messages that a forward carries.
fn snapshots(d: &Value) -> Vec<&Value> {
    let list = d["message_snapshots"].as_array().into_iter().flatten();
    list.map(|snapshot| if snapshot["message"].is_object() { &snapshot["message"] } else { snapshot }).collect()
}

#[cfg(test)]
mod tests;
