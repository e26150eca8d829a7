//! Posts messages: in the requester's thread, in a room, or by direct message. Each post once, whatever happens in between.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use serenity::http::{LightMethod, Route};
use serenity::model::id::{ChannelId, MessageId};
use sha2::{Digest, Sha256};

use super::api::{Api, ApiError, DISCORD, code};
use super::escape;
use super::offers::{components, cut};
use super::wire::snowflake;
use crate::config::DiscordSettings;
use crate::connectors::{Posted, RemoteFile, SendError};
use crate::domain::{Outbound, Place};

/// No previews of links: an address in a text shows nothing that its reader did not ask for.
const NO_PREVIEWS: u64 = 1 << 2;
/// Characters of a thread's name.
const THREAD_NAME: usize = 100;
/// Minutes without a message after which a thread goes to the archive; a message brings it back.
const ARCHIVE_AFTER: u32 = 10_080;
/// One message, with all of its posts and threads.
const LONGEST: Duration = Duration::from_mins(2);
/// Hosts that Discord keeps files on.
const CDN: &[&str] = &["cdn.discordapp.com", "media.discordapp.net"];

/// Sends through one Discord bot.
pub struct Sender {
    api: Api,
    files: reqwest::Client,
    api_url: String,
}

/// The nonce of post number `part` of the message with this key: 25 characters, the most Discord takes.
#[must_use]
pub fn nonce(dedupe_key: &str, part: usize) -> String {
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{dedupe_key}\n{part}")));
    hash.chars().take(25).collect()
}

impl Sender {
    /// A sender; nothing is connected before it is used.
    ///
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(settings: &DiscordSettings) -> Result<Self, String> {
        let files = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|fault| format!("cannot make a client: {}", fault.without_url()))?;
        Ok(Self { api: Api::new(settings)?, files, api_url: settings.api_url.clone() })
    }

    /// Posts `outbound`, or changes the post `replaces` (a [`Posted::reference`]). A repeat within a few minutes posts nothing:
    /// Discord knows it by its nonce.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, outbound: &Outbound, replaces: Option<&str>) -> Result<Posted, SendError> {
        let sent = tokio::time::timeout(LONGEST, self.send_all(outbound, replaces)).await;
        sent.unwrap_or_else(|_| {
            // serenity waits out a limit by itself; a very long one is waited for in the outbox.
            let reason = "Discord's limits keep the message back".to_owned();
            Err(SendError::Transient { reason, retry_after_ms: Some(60_000) })
        })
    }

    async fn send_all(&self, outbound: &Outbound, replaces: Option<&str>) -> Result<Posted, SendError> {
        let Some(place) = &outbound.place else {
            return Err(SendError::Permanent { reason: "the message names no place in Discord".into() });
        };
        let room = self.room(place).await?;
        if let Some(post) = replaces.and_then(post_id) {
            let channel =
                place.thread.as_deref().filter(|_| !place.direct).and_then(|id| id.parse().ok()).unwrap_or(room);
            if let Some(posted) = self.change(outbound, (channel, room), post).await? {
                return Ok(posted);
            }
        }
        let bodies = bodies(outbound)?;
        match place.thread.as_ref().filter(|_| !place.direct).map(|thread| thread.parse::<u64>()) {
            Some(Ok(thread)) => self.post_in_thread(outbound, (room, thread), bodies).await,
            Some(Err(_)) => Err(SendError::Permanent { reason: "the thread's id is not a number".into() }),
            None => self.post_in_room(outbound, room, bodies).await,
        }
    }

    /// The channel; a direct one is opened when only the person is known.
    async fn room(&self, place: &Place) -> Result<u64, SendError> {
        let Some(user) = place.room.strip_prefix("user:") else {
            return place
                .room
                .parse()
                .map_err(|_| SendError::Permanent { reason: "the room's id is not a number".into() });
        };
        let opened = self.api.post(Route::UserMeDmChannels, &json!({ "recipient_id": user })).await.map_err(refusal)?;
        snowflake(&opened["id"]).ok_or_else(no_id)
    }

    /// Changes an earlier post. `None` when it is no longer there: it is posted anew.
    async fn change(
        &self,
        outbound: &Outbound,
        (channel, room): (u64, u64),
        post: u64,
    ) -> Result<Option<Posted>, SendError> {
        let mut body = bodies(outbound)?.into_iter().next().unwrap_or_default();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("nonce");
            fields.remove("enforce_nonce");
            fields.insert("components".into(), json!(components(outbound.ticket, &outbound.offers, outbound.language)));
        }
        let mut channels = vec![channel];
        if channel != room {
            channels.push(room);
        }
        for channel in channels {
            let route = Route::ChannelMessage {
                channel_id: ChannelId::new(channel.max(1)),
                message_id: MessageId::new(post.max(1)),
            };
            match self.api.change(LightMethod::Patch, route, &body).await {
                Ok(_) => return Ok(Some(Posted { reference: format!("discord:{post}"), thread: None })),
                Err(fault) if matches!(fault.code, code::UNKNOWN_MESSAGE | code::UNKNOWN_CHANNEL) => {}
                Err(fault) => return Err(refusal(fault)),
            }
        }
        Ok(None)
    }

    /// Posts into a thread; one that is the requester's own message is opened when it is not there yet.
    async fn post_in_thread(
        &self,
        outbound: &Outbound,
        (room, thread): (u64, u64),
        bodies: Vec<Value>,
    ) -> Result<Posted, SendError> {
        let reference =
            |id: u64| Posted { reference: format!("discord:{id}"), thread: Some(format!("discord:{thread}")) };
        match self.post_all(thread, &bodies).await {
            Ok(id) => return Ok(reference(id)),
            Err(fault) if fault.code == code::UNKNOWN_CHANNEL => {}
            Err(fault) if fault.code == code::THREAD_ARCHIVED => {
                let route = Route::Channel { channel_id: ChannelId::new(thread.max(1)) };
                self.api.change(LightMethod::Patch, route, &json!({ "archived": false })).await.map_err(refusal)?;
                return self.post_all(thread, &bodies).await.map(reference).map_err(refusal);
            }
            Err(fault) => return Err(refusal(fault)),
        }
        match self.open_thread(outbound, (room, thread)).await {
            Ok(()) => self.post_all(thread, &bodies).await.map(reference).map_err(refusal),
            Err(fault) if code::NO_THREAD.contains(&fault.code) => {
                tracing::warn!(room, "no thread can be opened, answered in the room: {fault}");
                let mut bodies = bodies;
                if let Some(first) = bodies.first_mut() {
                    first["message_reference"] =
                        json!({ "message_id": thread.to_string(), "fail_if_not_exists": false });
                }
                let id = self.post_all(room, &bodies).await.map_err(refusal)?;
                Ok(Posted { reference: format!("discord:{id}"), thread: None })
            }
            Err(fault) => Err(refusal(fault)),
        }
    }

    /// Posts into a room or a direct channel. What is about a ticket gets a thread of its own in a room, so that what is said
    /// about it has a place.
    async fn post_in_room(&self, outbound: &Outbound, room: u64, bodies: Vec<Value>) -> Result<Posted, SendError> {
        let id = self.post_all(room, &bodies).await.map_err(refusal)?;
        let is_direct = outbound.place.as_ref().is_some_and(|place| place.direct);
        let mut thread = None;
        if outbound.ticket.is_some() && !is_direct {
            match self.open_thread(outbound, (room, id)).await {
                Ok(()) => thread = Some(format!("discord:{id}")),
                // The message is out. A repeat would not post it again, and opens the thread.
                Err(fault) if fault.is_passing() => return Err(refusal(fault)),
                Err(fault) => tracing::warn!(room, "no thread below our post: {fault}"),
            }
        }
        Ok(Posted { reference: format!("discord:{id}"), thread })
    }

    async fn open_thread(&self, outbound: &Outbound, (room, message): (u64, u64)) -> Result<(), ApiError> {
        let route = Route::ChannelMessageThreads {
            channel_id: ChannelId::new(room.max(1)),
            message_id: MessageId::new(message.max(1)),
        };
        let body = json!({ "name": thread_name(outbound), "auto_archive_duration": ARCHIVE_AFTER });
        match self.api.post(route, &body).await {
            Ok(_) => Ok(()),
            Err(fault) if fault.code == code::THREAD_THERE => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Posts every part in order. Returns the id of the last, which carries the buttons.
    async fn post_all(&self, channel: u64, bodies: &[Value]) -> Result<u64, ApiError> {
        let mut last = None;
        for body in bodies {
            let route = Route::ChannelMessages { channel_id: ChannelId::new(channel.max(1)) };
            last = snowflake(&self.api.post(route, body).await?["id"]);
        }
        last.ok_or_else(|| ApiError { status: None, code: 0, reason: "Discord's answer names no message".into() })
    }

    /// Fetches a file that hangs on a message, from Discord's hosts only.
    ///
    /// # Errors
    /// Permanent when it is elsewhere, larger than `max_bytes`, or gone: addresses of files end after a day.
    pub async fn fetch(&self, file: &RemoteFile, max_bytes: usize) -> Result<Vec<u8>, SendError> {
        let permanent = |reason: &str| SendError::Permanent { reason: reason.to_owned() };
        let url = reqwest::Url::parse(&file.url).map_err(|_| permanent("the file's address is not one"))?;
        if !self.is_discords(&url) {
            return Err(permanent("the file is not on one of Discord's hosts"));
        }
        let passing = |fault: reqwest::Error| SendError::Transient {
            reason: format!("the file was not fetched: {}", fault.without_url()),
            retry_after_ms: None,
        };
        let mut response = self.files.get(url).send().await.map_err(passing)?;
        let status = response.status();
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(SendError::Transient { reason: format!("Discord answered {status}"), retry_after_ms: None });
        }
        if !status.is_success() {
            return Err(permanent(&format!("the file is not there: Discord answered {status}")));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(passing)? {
            if bytes.len() + chunk.len() > max_bytes {
                return Err(permanent(&format!("the file is larger than {max_bytes} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn is_discords(&self, url: &reqwest::Url) -> bool {
        let is_cdn = url.scheme() == "https" && url.host_str().is_some_and(|host| CDN.contains(&host));
        let origin = reqwest::Url::parse(&self.api_url).map(|api| api.origin());
        is_cdn || (self.api_url != DISCORD && origin.is_ok_and(|origin| origin == url.origin()))
    }
}

/// The posts of a message: its text in parts, the buttons under the last.
fn bodies(outbound: &Outbound) -> Result<Vec<Value>, SendError> {
    let buttons = components(outbound.ticket, &outbound.offers, outbound.language);
    let mut texts = escape::parts(&outbound.text);
    if texts.is_empty() && !buttons.is_empty() {
        // Buttons alone are refused.
        texts.push("\u{2800}".to_owned());
    }
    if texts.is_empty() {
        return Err(SendError::Permanent { reason: "there is nothing in the message".into() });
    }
    let body = |(part, text): (usize, &String)| {
        json!({
            "content": text,
            "nonce": nonce(&outbound.dedupe_key, part),
            "enforce_nonce": true,
            "allowed_mentions": { "parse": [] },
            "flags": NO_PREVIEWS,
        })
    };
    let mut bodies: Vec<Value> = texts.iter().enumerate().map(body).collect();
    if let Some(last) = bodies.last_mut().filter(|_| !buttons.is_empty()) {
        last["components"] = json!(buttons);
    }
    Ok(bodies)
}

fn thread_name(outbound: &Outbound) -> String {
    let ticket = outbound.ticket.map(|ticket| ticket.to_string()).unwrap_or_default();
    cut(&format!("{ticket} {}", outbound.subject), THREAD_NAME)
}

/// The id in a [`Posted::reference`].
fn post_id(reference: &str) -> Option<u64> {
    reference.strip_prefix("discord:")?.parse().ok()
}

fn no_id() -> SendError {
    SendError::Transient { reason: "Discord's answer names no channel".into(), retry_after_ms: None }
}

/// What a failed request means for the message.
fn refusal(fault: ApiError) -> SendError {
    let later = |ms| SendError::Transient { reason: fault.reason.clone(), retry_after_ms: ms };
    match (fault.code, fault.status) {
        (code::SLOW_MODE | code::WRITE_LIMIT | code::OVERLOADED, _) => later(Some(10_000)),
        (code::OLD_EDITS, _) => later(Some(600_000)),
        (code::MISSING_ACCESS | code::MISSING_PERMISSION, _) => SendError::NeedsOperator {
            reason: format!(
                "{}; let the bot see the channel, send, and create threads there (`doctor` names what is missing)",
                fault.reason
            ),
        },
        (_, Some(401)) => SendError::NeedsOperator { reason: super::phrases::TOKEN_REFUSED.to_owned() },
        (_, Some(429)) => later(Some(1000)),
        // Without a code of Discord's own it is a proxy in front of it.
        (0, Some(403)) => later(Some(60_000)),
        (_, None | Some(500..)) => later(None),
        _ => SendError::Permanent { reason: fault.reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_the_same_for_a_repeat_and_differs_for_parts() {
        assert_eq!(nonce("reply:1:0", 0), nonce("reply:1:0", 0));
        assert_ne!(nonce("reply:1:0", 0), nonce("reply:1:0", 1));
        assert_eq!(nonce(&"長い".repeat(400), 3).len(), 25);
    }

    #[test]
    fn faults_say_what_can_be_done() {
        let fault = |status, code| ApiError { status: Some(status), code, reason: "x".into() };
        for (status, code, expected) in [
            (404, 10003, "permanent"),
            (404, 10008, "permanent"),
            (403, 50001, "operator"),
            (403, 50013, "operator"),
            (403, 50007, "permanent"),
            (400, 50035, "permanent"),
            (401, 0, "operator"),
            (403, 0, "passing"),
            (429, 0, "passing"),
            (429, 20028, "passing"),
            (503, 0, "passing"),
        ] {
            let seen = match refusal(fault(status, code)) {
                SendError::Transient { .. } => "passing",
                SendError::Permanent { .. } => "permanent",
                SendError::NeedsOperator { .. } => "operator",
            };
            assert_eq!(seen, expected, "{status}/{code}");
        }
    }
}
