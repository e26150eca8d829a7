//! Reads the history of rooms for what was missed: after a start, and whenever a socket was gone or an event could not be stored.
//!
//! `docs.slack.dev/reference/methods/conversations.history` and `.replies`: newest first, and oldest first; pages by cursor; 429
//! with Retry-After. What was deleted meanwhile leaves no trace there: see [`super::again`].

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::ApiFault;
use super::core::Core;
use super::json::{items, some_text, text};
use super::reading::{self, Filing, Kind, Meaning};
use super::said::{instant, order, stamp};
use crate::connectors::NotStored;
use crate::domain::{Received, Timestamp};

/// How far back before the cursor is read again: what was on its way then may have been lost.
const OVERLAP_MS: i64 = 10 * 60_000;
/// Threads that began this long before the cursor are looked through for new replies.
const THREADS_MS: i64 = 7 * 24 * 3_600_000;
/// What is older is filed without an answer of the machine's own.
const STALE_MS: i64 = 24 * 3_600_000;
/// Messages of one page; Slack advises no more than 200.
pub(super) const PAGE: &str = "200";
/// Messages handed over together.
const BATCH: usize = 100;
/// How often a call that comes to nothing is made again.
const REPEATS: u32 = 2;
/// A pause that Slack asks for is kept up to this long; then the round is begun again later.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// The cursor of the workspace as a whole.
const WORKSPACE: &str = "*";

/// The name under which it is noted how far `room` was read.
pub(super) fn cursor_name(room: &str) -> String {
    format!("slack:{room}")
}

/// Why rooms cannot be read for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Api(#[from] ApiFault),
    #[error(transparent)]
    Store(#[from] NotStored),
    #[error("cannot read {what}: {reason}")]
    Desk { what: &'static str, reason: String },
}

impl Fault {
    /// The desk could not say `what`.
    pub(super) fn desk(what: &'static str) -> impl Fn(String) -> Self {
        move |reason| Self::Desk { what, reason }
    }
}

/// Reads history whenever something may have been missed, until `stop`.
pub(super) async fn keep_up(core: &Core, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = core.gap.notified() => {}
        }
        let mut failures = 0;
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = round(core) => done,
            };
            let Err(fault) = done else { break };
            failures += 1;
            let pause = failed(core, &fault, failures);
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(pause) => {}
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(core.api.pace.catch_up) => {}
        }
    }
}

fn failed(core: &Core, fault: &Fault, failures: u32) -> Duration {
    tracing::warn!(channel = "slack", failures, "history is not read for now: {fault}");
    let mut pause = core.api.pace.pause(failures);
    if let Fault::Api(fault) = fault {
        let operator = fault.operator();
        if operator.is_some() {
            pause = super::Pace::spread(core.api.pace.operator);
        }
        let reason = operator.as_ref().map_or_else(|| fault.to_string(), Clone::clone);
        core.history_is(Some((reason, operator.is_some())));
    }
    pause
}

/// Reads every room once.
async fn round(core: &Core) -> Result<(), Fault> {
    let gap = core.gaps();
    let started = (core.now)();
    let read = |room: &str| (core.desk.cursor)(cursor_name(room));
    let unknown = Fault::desk("how far a room was read");
    let workspace = read(WORKSPACE).await.map_err(&unknown)?;
    let mut complete = true;
    for room in rooms(core).await? {
        let id = text(&room, "/id");
        let own = read(id).await.map_err(&unknown)?;
        // Nothing was read before a first start: what was said before it is not for us.
        let Some(since) = own.into_iter().chain(workspace.clone()).max_by_key(|ts| order(ts)) else { continue };
        match read_room(core, &room, &since).await {
            // One room that is closed to us is no reason to leave the others.
            Err(Fault::Api(fault @ ApiFault::Refused { .. })) => {
                tracing::warn!(channel = "slack", room = id, "history is not read: {fault}");
                complete = false;
                core.history_is(Some((format!("room {id}: {fault}"), fault.operator().is_some())));
            }
            other => other?,
        }
    }
    if complete {
        core.intake.accept_up_to(Vec::new(), (cursor_name(WORKSPACE), stamp(started))).await?;
        core.history_is(None);
    }
    core.caught_up(gap);
    core.looks_again();
    Ok(())
}

/// The rooms the app is in.
async fn rooms(core: &Core) -> Result<Vec<Value>, Fault> {
    let kinds = "public_channel,private_channel,mpim,im";
    let arguments = [("types", kinds), ("exclude_archived", "true")];
    Ok(pages(core, "users.conversations", &arguments, "/channels").await?)
}

/// All items of a method that answers in pages.
async fn pages(core: &Core, method: &str, arguments: &[(&str, &str)], field: &str) -> Result<Vec<Value>, ApiFault> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut wanted = arguments.to_vec();
        wanted.push(("limit", PAGE));
        if !cursor.is_empty() {
            wanted.push(("cursor", &cursor));
        }
        let page = patiently(core, method, &wanted).await?;
        found.extend_from_slice(items(&page, field));
        let next = text(&page, "/response_metadata/next_cursor").to_owned();
        // A page that names itself as the next would never end.
        if next.is_empty() || next == cursor {
            return Ok(found);
        }
        cursor = next;
    }
}

/// One reading call. A pause that Slack asks for is kept; a call that comes to nothing is made again before all of a round is.
pub(super) async fn patiently(core: &Core, method: &str, arguments: &[(&str, &str)]) -> Result<Value, ApiFault> {
    let mut failures = 0;
    loop {
        match core.api.read(method, arguments).await {
            Err(ApiFault::RateLimited { retry_after, .. }) if retry_after <= LONGEST_PAUSE => sleep(retry_after).await,
            Err(ApiFault::Unreachable { .. }) if failures < REPEATS => {
                failures += 1;
                sleep(core.api.pace.pause(failures)).await;
            }
            answer => return answer,
        }
    }
}

async fn read_room(core: &Core, room: &Value, since: &str) -> Result<(), Fault> {
    let id = text(room, "/id");
    let floor = instant(since).unwrap_or_default().plus_ms(-OVERLAP_MS);
    let (oldest, roots_since) = (stamp(floor), stamp(floor.plus_ms(-THREADS_MS)));
    let arguments = [("channel", id), ("oldest", roots_since.as_str()), ("inclusive", "true")];
    let roots = pages(core, "conversations.history", &arguments, "/messages").await?;
    let mut events = Vec::new();
    for root in &roots {
        told(room, root, &oldest, &mut events);
        if order(text(root, "/latest_reply")) >= order(&oldest) {
            let arguments =
                [("channel", id), ("ts", text(root, "/ts")), ("oldest", oldest.as_str()), ("inclusive", "true")];
            for reply in pages(core, "conversations.replies", &arguments, "/messages").await? {
                // The first message of the thread comes with every page of it.
                if text(&reply, "/ts") != text(root, "/ts") {
                    told(room, &reply, &oldest, &mut events);
                }
            }
        }
    }
    events.sort_by_cached_key(|(at, _)| order(at));
    for batch in events.chunks(BATCH) {
        hand_over(core, id, batch).await?;
    }
    Ok(())
}

/// The events that `message` would have been told by, when they are not older than `oldest`.
fn told(room: &Value, message: &Value, oldest: &str, events: &mut Vec<(String, Value)>) {
    let ts = text(message, "/ts");
    let is = |field: &str| room.get(field).and_then(Value::as_bool) == Some(true);
    let kind = if is("is_im") {
        "im"
    } else if is("is_mpim") {
        "mpim"
    } else {
        "channel"
    };
    if order(ts) >= order(oldest) {
        let mut event = message.clone();
        event["type"] = json!("message");
        event["channel"] = room["id"].clone();
        event["channel_type"] = json!(kind);
        events.push((ts.to_owned(), json!({ "type": "event_callback", "event": event })));
    }
    if let Some(edited) = some_text(message, "/edited/ts").filter(|edited| order(edited) >= order(oldest)) {
        events.push((edited.to_owned(), changed(text(room, "/id"), kind, message)));
    }
}

/// The event that would have told of the last change of `message`.
pub(super) fn changed(room: &str, kind: &str, message: &Value) -> Value {
    let edited = text(message, "/edited/ts");
    let event = json!({ "type": "message", "subtype": "message_changed", "channel": room, "channel_type": kind,
        "ts": edited, "event_ts": edited, "message": message });
    json!({ "type": "event_callback", "event": event })
}

/// Stores a batch, oldest first, and with it how far the room was read.
async fn hand_over(core: &Core, room: &str, batch: &[(String, Value)]) -> Result<(), Fault> {
    let now = (core.now)();
    let mut received = Vec::new();
    for (_, payload) in batch {
        if let Some(filing) = wanted(core, payload).await? {
            received.push(aged(filing.received(payload, now), now));
        }
    }
    let Some((furthest, _)) = batch.last() else { return Ok(()) };
    core.counters.caught_up.fetch_add(received.len() as u64, Ordering::Relaxed);
    core.intake.accept_up_to(received, (cursor_name(room), furthest.clone())).await?;
    Ok(())
}

async fn wanted(core: &Core, payload: &Value) -> Result<Option<Filing>, ApiFault> {
    let Some(bot) = core.bot() else { return Ok(None) };
    match reading::meaning(Kind::Event, payload, &core.settings, bot) {
        Meaning::Store { filing, .. } => Ok(Some(filing)),
        Meaning::IfOurs { filing, room, thread } => {
            Ok(core.look_ups.is_ours(&core.api, bot, (&room, &thread)).await?.then_some(filing))
        }
        Meaning::Ignore(_) | Meaning::LookUp { .. } | Meaning::Direct { .. } | Meaning::Show(_) | Meaning::Tell(_) => {
            Ok(None)
        }
    }
}

pub(super) fn aged(received: Received, now: Timestamp) -> Received {
    Received { stale: received.arrived_at.plus_ms(STALE_MS) < now, ..received }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_tells_of_messages_and_of_later_edits() {
        let room = json!({"id": "D1", "is_im": true});
        let mut events = Vec::new();
        told(&room, &json!({"ts":"100.0","user":"U1","text":"x","edited":{"ts":"150.0"}}), "90.0", &mut events);
        told(&room, &json!({"ts":"50.0","user":"U1","text":"y","edited":{"ts":"95.0"}}), "90.0", &mut events);
        told(&room, &json!({"ts":"50.0","user":"U1","text":"z"}), "90.0", &mut events);
        let seen: Vec<(&str, &str)> =
            events.iter().map(|(at, event)| (at.as_str(), text(event, "/event/subtype"))).collect();
        assert_eq!(seen, [("100.0", ""), ("150.0", "message_changed"), ("95.0", "message_changed")]);
        assert_eq!(text(&events[0].1, "/event/channel_type"), "im");
    }
}
