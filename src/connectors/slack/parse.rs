//! A stored payload as the rules read it. Pure: what had to be looked up was looked up before it was stored.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::button::Travelling;
use super::form::{self, Origin};
use super::json::{items, some_text, text};
use super::reading::{FOUND, place, pressed_where, references};
use super::said::{Deed, Said, instant};
use super::{home, mrkdwn};
use crate::config::SlackSettings;
use crate::connectors::{Profile, RemoteFile};
use crate::domain::{Act, Address, Button, Channel, InboxId, Language, Message, Place, Received};

/// Characters of one message; Slack itself allows 40,000.
const TEXT_CHARS: usize = 40_000;

/// Why a stored payload cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotSlack {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is none of the payloads that are stored.
    #[error("not a payload of Slack that is stored: {0}")]
    Shape(&'static str),
}

/// What a payload says, before it is a message.
struct Read {
    /// `U…`
    user: String,
    text: String,
    place: Option<Place>,
    act: Option<Act>,
    /// The message's own id, when it is not that of the row.
    id: Option<String>,
    references: Vec<String>,
    sent: String,
}

/// Who writes, when Slack is asked: `slack:U…` without the prefix. `None` when the payload is none that is stored.
#[must_use]
pub fn writer(received: &Received, bot_user: &str) -> Option<String> {
    let payload = serde_json::from_slice(&received.raw).ok()?;
    read(&payload, None, bot_user).ok().map(|read| read.user)
}

/// A stored payload as a message. `profile` is that of [`writer`], `bot_user` the app's own user; `default` is the language when
/// neither the text nor the profile tells it.
///
/// # Errors
/// It is not a payload that this connector stores.
pub fn message(
    about: (InboxId, &Received),
    profile: Option<&Profile>,
    settings: &SlackSettings,
    bot_user: &str,
    default: Language,
) -> Result<Message, NotSlack> {
    let (id, received) = about;
    let payload: Value = serde_json::from_slice(&received.raw)?;
    let read = read(&payload, profile, bot_user)?;
    let said: String = read.text.chars().take(TEXT_CHARS).collect();
    let language = crate::text::language::detect(&said).or_else(|| profile.and_then(|known| known.language));
    let place = read.place.map(|place| Place { triage: settings.triage.as_ref() == Some(&place.room), ..place });
    let name = profile.map(|known| known.who.name.clone()).unwrap_or_default();
    let digest = Sha256::digest(format!("slack\n{}\n{}", received.source, received.external_id));
    Ok(Message {
        inbox_id: id,
        channel: Channel::Slack,
        source: received.source.clone(),
        message_id: Some(read.id.unwrap_or_else(|| format!("slack:{}", received.external_id))),
        references: read.references,
        tokens: Vec::new(),
        place,
        act: read.act,
        from: Address { name, address: format!("slack:{}", read.user) },
        verified_mail: profile.and_then(|known| known.mail.clone()),
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: String::new(),
        reply_text: said.clone(),
        text: said,
        language: language.unwrap_or(default),
        automatic: None,
        no_auto_answer: None,
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: instant(&read.sent),
        arrived_at: received.arrived_at,
        stale: received.stale,
        fingerprint: hex::encode(digest),
        faults: Vec::new(),
        warnings: Vec::new(),
    })
}

/// The files of a stored message, in order. Those that Slack no longer has, or that lie elsewhere, are left out.
#[must_use]
pub fn files(received: &Received) -> Vec<RemoteFile> {
    let Ok(payload) = serde_json::from_slice::<Value>(&received.raw) else { return Vec::new() };
    let looked_up = format!("/{FOUND}/message/files");
    let places = [looked_up.as_str(), "/event/message/files", "/event/files", "/message/files"];
    let Some(found) = places.iter().map(|at| items(&payload, at)).find(|found| !found.is_empty()) else {
        return Vec::new();
    };
    found
        .iter()
        .filter(|file| !matches!(text(file, "/mode"), "tombstone" | "hidden_by_limit" | "external"))
        .filter_map(|file| {
            let url = some_text(file, "/url_private_download").or_else(|| some_text(file, "/url_private"))?;
            Some(RemoteFile {
                name: some_text(file, "/name").or_else(|| some_text(file, "/title")).unwrap_or("file").to_owned(),
                media_type: some_text(file, "/mimetype").unwrap_or("application/octet-stream").to_lowercase(),
                size_bytes: file.get("size").and_then(Value::as_i64).unwrap_or(0),
                url: url.to_owned(),
            })
        })
        .collect()
}

fn read(payload: &Value, profile: Option<&Profile>, bot: &str) -> Result<Read, NotSlack> {
    if payload.get("event").is_some() {
        return event(payload, profile, bot);
    }
    if payload.get("command").is_some() {
        return command(payload);
    }
    match text(payload, "/type") {
        "block_actions" => pressed(payload),
        "view_submission" => Ok(submitted(payload)),
        "message_action" => {
            let said = Said::found(&payload["message"], text(payload, "/channel/id"), "");
            Ok(wanted(&said, text(payload, "/user/id"), text(payload, "/action_ts"), profile))
        }
        _ => Err(NotSlack::Shape("unknown type")),
    }
}

fn event(payload: &Value, profile: Option<&Profile>, bot: &str) -> Result<Read, NotSlack> {
    let event = &payload["event"];
    if text(event, "/type") == "reaction_added" {
        let found = payload.pointer(&format!("/{FOUND}/message")).ok_or(NotSlack::Shape("no message was looked up"))?;
        let said = Said::found(found, text(event, "/item/channel"), "");
        return Ok(wanted(&said, text(event, "/user"), text(event, "/event_ts"), profile));
    }
    let said = Said::of_event(event).map_err(NotSlack::Shape)?;
    let own_id = format!("slack:{}/{}", said.room, said.ts);
    let all = references(&said);
    let (act, references) = match said.deed {
        Deed::Written => (None, all[1..].to_vec()),
        Deed::Edited => (Some(Act::Edited { original: own_id }), all),
        Deed::Deleted => (Some(Act::Deleted { original: own_id }), all),
    };
    let own = mrkdwn::without_call(text(said.body, "/text"), bot);
    Ok(Read {
        user: said.user().to_owned(),
        text: mrkdwn::message_text(said.body, own, &names(&said, profile)),
        place: Some(place(&said, false)),
        act,
        id: None,
        references,
        sent: said.at.to_owned(),
    })
}

fn names<'a>(said: &Said<'a>, profile: Option<&'a Profile>) -> Vec<(&'a str, &'a str)> {
    profile.map(|known| (said.user(), known.who.name.as_str())).into_iter().collect()
}

/// Somebody wants a ticket of a message. It is the ticket of who wrote it; of who asks when a machine wrote it.
fn wanted(said: &Said<'_>, asks: &str, at: &str, profile: Option<&Profile>) -> Read {
    let by_machine = said.user().is_empty() || said.body.get("bot_id").is_some_and(|id| !id.is_null());
    let all = references(said);
    Read {
        user: if by_machine { asks } else { said.user() }.to_owned(),
        text: mrkdwn::message_text(said.body, text(said.body, "/text"), &names(said, profile)),
        place: Some(place(said, false)),
        act: Some(Act::WantsTicket),
        id: all.first().cloned(),
        references: all,
        sent: at.to_owned(),
    }
}

fn command(payload: &Value) -> Result<Read, NotSlack> {
    let written = mrkdwn::plain(text(payload, "/text").trim(), &[]);
    let (act, said) = match text(payload, "/command") {
        "/ask" => (None, written),
        "/link" => (Some(Act::Links { code: Some(written).filter(|code| !code.is_empty()) }), String::new()),
        _ => return Err(NotSlack::Shape("unknown command")),
    };
    Ok(Read {
        user: text(payload, "/user_id").to_owned(),
        text: said,
        place: Some(direct(payload, text(payload, "/user_id"))),
        act,
        id: None,
        references: Vec::new(),
        sent: String::new(),
    })
}

/// The person's direct conversation with the app, as it was looked up; a post to the person's id gets there as well.
fn direct(payload: &Value, user: &str) -> Place {
    let room = some_text(payload, &format!("/{FOUND}/direct")).unwrap_or(user).to_owned();
    Place { room, thread: None, direct: true, triage: false }
}

fn pressed(payload: &Value) -> Result<Read, NotSlack> {
    let action = items(payload, "/actions").first().ok_or(NotSlack::Shape("no action"))?;
    let user = text(payload, "/user/id");
    let sent = text(action, "/action_ts").to_owned();
    if text(action, "/action_id") == home::LANGUAGE {
        let language = match text(action, "/selected_option/value") {
            home::FOLLOW => None,
            word => Some(word.parse().map_err(|_| NotSlack::Shape("unknown language"))?),
        };
        let place = Some(direct(payload, user));
        let act = Some(Act::Speaks { language });
        return Ok(Read {
            user: user.to_owned(),
            text: String::new(),
            place,
            act,
            id: None,
            references: Vec::new(),
            sent,
        });
    }
    let Travelling { ticket, button } = Travelling::read(action).ok_or(NotSlack::Shape("unknown button"))?;
    let (room, ts) = pressed_where(payload);
    let mut said = Said::found(&payload["message"], room, "");
    said.ts = ts;
    let named = some_text(action, "/selected_user").filter(|_| button == Button::Assign);
    Ok(Read {
        user: user.to_owned(),
        text: named.map(|chosen| format!("slack:{chosen}")).unwrap_or_default(),
        place: Some(place(&said, false)),
        act: Some(Act::Pressed { ticket, button }),
        id: None,
        references: references(&said),
        sent,
    })
}

fn submitted(payload: &Value) -> Read {
    let user = text(payload, "/user/id");
    let origin = Origin::of_view(&payload["view"]);
    let (act, free) = form::filled(&payload["view"]);
    Read {
        user: user.to_owned(),
        text: free,
        place: Some(origin.place.unwrap_or_else(|| direct(payload, user))),
        act: Some(act),
        id: None,
        references: origin.references,
        sent: String::new(),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
