//! One message as Slack tells of it: in an event, in history, in a shortcut. Pure.
//!
//! `docs.slack.dev/reference/events/message` and the pages of its subtypes.

use serde_json::Value;

use super::json::{items, some_text, text};
use crate::domain::Timestamp;

/// What was done with the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Written,
    Edited,
    Deleted,
}

/// A message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    /// The message itself: its last known form when it was taken back.
    pub(super) body: &'a Value,
    pub(super) deed: Deed,
    pub(super) room: &'a str,
    /// Its id within the room.
    pub(super) ts: &'a str,
    /// The `ts` of the thread's first message, when it is in a thread.
    pub(super) thread: Option<&'a str>,
    /// When the deed was done, as Slack writes it.
    pub(super) at: &'a str,
    /// With the app alone.
    pub(super) direct: bool,
    /// In a group of people without a room.
    pub(super) group: bool,
}

impl<'a> Said<'a> {
    /// The message an event tells of. `Err` says why it is none that anybody wrote.
    pub(super) fn of_event(event: &'a Value) -> Result<Self, &'static str> {
        let (body, deed) = match text(event, "/subtype") {
            "" | "file_share" | "thread_broadcast" | "me_message" => (event, Deed::Written),
            "message_changed" => changed(event)?,
            "message_deleted" => (event.get("previous_message").ok_or("no previous message")?, Deed::Deleted),
            "bot_message" => return Err("bot"),
            _ => return Err("subtype"),
        };
        let ts = match deed {
            Deed::Deleted => some_text(event, "/deleted_ts").unwrap_or_else(|| text(body, "/ts")),
            Deed::Written | Deed::Edited => text(body, "/ts"),
        };
        let at = match deed {
            Deed::Written => ts,
            Deed::Edited => text(body, "/edited/ts"),
            Deed::Deleted => some_text(event, "/event_ts").unwrap_or_else(|| text(event, "/ts")),
        };
        let room = text(event, "/channel");
        Self { deed, ts, at, ..Self::found(body, room, text(event, "/channel_type")) }.checked()
    }

    /// A message that was looked up in `room`.
    pub(super) fn found(body: &'a Value, room: &'a str, room_kind: &str) -> Self {
        let ts = text(body, "/ts");
        Self {
            body,
            deed: Deed::Written,
            room,
            ts,
            thread: some_text(body, "/thread_ts"),
            at: ts,
            direct: room_kind == "im" || (room_kind.is_empty() && room.starts_with('D')),
            group: room_kind == "mpim",
        }
    }

    fn checked(self) -> Result<Self, &'static str> {
        if self.room.is_empty() || self.ts.is_empty() {
            return Err("no room or no ts");
        }
        if self.body.get("bot_id").is_some_and(|id| !id.is_null()) {
            return Err("bot");
        }
        if self.user().is_empty() || self.user() == "USLACKBOT" {
            return Err("nobody");
        }
        Ok(self)
    }

    /// Who wrote it.
    pub(super) fn user(&self) -> &'a str {
        text(self.body, "/user")
    }

    pub(super) fn is_reply(&self) -> bool {
        self.thread.is_some_and(|thread| thread != self.ts)
    }

    /// Messages with one key are handled in order: one person's threads in one room, or one direct conversation.
    pub(super) fn conversation(&self) -> String {
        if self.direct {
            return format!("slack:{}", self.room);
        }
        let author = if self.is_reply() { text(self.body, "/parent_user_id") } else { self.user() };
        let key = if author.is_empty() { self.thread.unwrap_or(self.ts) } else { author };
        format!("slack:{}:{key}", self.room)
    }

    /// The id it is stored under, once for each deed.
    pub(super) fn external_id(&self) -> String {
        let Self { room, ts, at, .. } = self;
        match self.deed {
            Deed::Written => format!("{room}/{ts}"),
            Deed::Edited => format!("{room}/{ts}#edited:{at}"),
            Deed::Deleted => format!("{room}/{ts}#deleted"),
        }
    }

    pub(super) fn has_files(&self) -> bool {
        !items(self.body, "/files").is_empty()
    }

    /// Whether `user` is mentioned in it.
    pub(super) fn mentions(&self, user: &str) -> bool {
        mentions(text(self.body, "/text"), user)
    }
}

/// Whether `<@user>` stands in `text`.
pub(super) fn mentions(text: &str, user: &str) -> bool {
    text.match_indices("<@").any(|(at, _)| {
        text[at + 2..].strip_prefix(user).is_some_and(|rest| rest.starts_with('>') || rest.starts_with('|'))
    })
}

/// Slack also says "changed" when it adds a preview or counts replies; only what the writer changed is an edit.
fn changed(event: &Value) -> Result<(&Value, Deed), &'static str> {
    let now = event.get("message").ok_or("no message")?;
    if text(now, "/subtype") == "tombstone" {
        return Ok((event.get("previous_message").ok_or("no previous message")?, Deed::Deleted));
    }
    let edited = text(now, "/edited/ts");
    if edited.is_empty() || edited == text(event, "/previous_message/edited/ts") {
        return Err("not an edit");
    }
    Ok((now, Deed::Edited))
}

/// `1700000000.000100` as an instant; `None` when it is not such a number.
pub(super) fn instant(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let seconds: i64 = seconds.parse().ok().filter(|seconds| *seconds >= 0)?;
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(Timestamp(seconds.checked_mul(1_000)?.checked_add(micros / 1_000)?))
}

/// A `ts` as a pair that is ordered as Slack orders them; what is no `ts` comes first.
pub(super) fn order(ts: &str) -> (u64, u64) {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let micros = format!("{fraction:0<6}").get(..6).and_then(|micros| micros.parse().ok());
    (seconds.parse().unwrap_or(0), micros.unwrap_or(0))
}

/// An instant as Slack writes it.
pub(super) fn stamp(at: Timestamp) -> String {
    let ms = at.0.max(0);
    format!("{}.{:03}000", ms / 1_000, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_and_conversations_follow_the_deed_and_the_place() {
        let root =
            json!({"type":"message","channel":"C1","channel_type":"channel","user":"U1","text":"x","ts":"1.000001"});
        let said = Said::of_event(&root).unwrap();
        assert_eq!((said.external_id().as_str(), said.conversation().as_str()), ("C1/1.000001", "slack:C1:U1"));

        let reply =
            json!({"channel":"C1","user":"U2","text":"y","ts":"2.0","thread_ts":"1.000001","parent_user_id":"U1"});
        assert_eq!(Said::of_event(&reply).unwrap().conversation(), "slack:C1:U1");
        let orphan = json!({"channel":"C1","user":"U2","text":"y","ts":"2.0","thread_ts":"1.000001"});
        assert_eq!(Said::of_event(&orphan).unwrap().conversation(), "slack:C1:1.000001");
        let direct = json!({"channel":"D1","channel_type":"im","user":"U2","text":"y","ts":"2.0"});
        assert_eq!(Said::of_event(&direct).unwrap().conversation(), "slack:D1");

        let edit = json!({"subtype":"message_changed","channel":"C1","ts":"9.0",
            "message":{"user":"U1","text":"z","ts":"1.0","edited":{"user":"U1","ts":"8.0"}},
            "previous_message":{"user":"U1","text":"x","ts":"1.0"}});
        let said = Said::of_event(&edit).unwrap();
        assert_eq!((said.external_id().as_str(), said.deed), ("C1/1.0#edited:8.0", Deed::Edited));

        let gone = json!({"subtype":"message_deleted","channel":"C1","ts":"9.0","deleted_ts":"1.0",
            "previous_message":{"user":"U1","text":"x","ts":"1.0"}});
        assert_eq!(Said::of_event(&gone).unwrap().external_id(), "C1/1.0#deleted");
    }

    #[test]
    fn what_nobody_wrote_is_refused_with_its_reason() {
        for (event, reason) in [
            (json!({"channel":"C1","ts":"1.0","bot_id":"B1","user":"U1"}), "bot"),
            (json!({"subtype":"bot_message","channel":"C1","ts":"1.0"}), "bot"),
            (json!({"subtype":"channel_join","channel":"C1","ts":"1.0","user":"U1"}), "subtype"),
            (json!({"channel":"C1","ts":"1.0"}), "nobody"),
            (json!({"channel":"","ts":"1.0","user":"U1"}), "no room or no ts"),
            (
                // A preview was added: the text is as it was.
                json!({"subtype":"message_changed","channel":"C1","message":{"user":"U1","ts":"1.0","edited":{"ts":"2.0"}},
                    "previous_message":{"edited":{"ts":"2.0"}}}),
                "not an edit",
            ),
        ] {
            assert_eq!(Said::of_event(&event).unwrap_err(), reason, "{event}");
        }
    }

    #[test]
    fn times_are_read_and_written() {
        for (ts, ms) in [("1700000000.123456", 1_700_000_000_123), ("5", 5_000), ("5.5", 5_500)] {
            assert_eq!(instant(ts), Some(Timestamp(ms)), "{ts}");
        }
        for bad in ["", "x.1", "-1.0", "1.x", "99999999999999999999.0"] {
            assert_eq!(instant(bad), None, "{bad}");
        }
        assert!(
            order("999.9") < order("1000.000001") && order("") < order("1") && order("1.000002") < order("1.00001")
        );
        assert_eq!(stamp(Timestamp(1_700_000_000_123)), "1700000000.123000");
        assert!(mentions("<@U1> hi", "U1") && mentions("hi <@U1|x>", "U1") && !mentions("<@U12>", "U1"));
    }
}
