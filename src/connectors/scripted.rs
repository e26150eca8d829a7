//! Chat without a chat service: JSON lines from a file or the terminal, for the demo, for tests and for `ingest`.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Posted;
use crate::domain::{Act, Address, Channel, InboxId, Language, Message, Outbound, Place, Received, Timestamp};

/// One chat or form message. Only `text` must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The message's own id; a hash of the line when absent.
    #[serde(default)]
    pub id: Option<String>,
    /// Who: a user id or a mail address.
    #[serde(default)]
    pub user: String,
    /// Display name.
    #[serde(default)]
    pub name: String,
    /// Where it was said.
    #[serde(default)]
    pub room: String,
    /// The thread it continues; messages of one user in one thread belong together.
    #[serde(default)]
    pub thread: Option<String>,
    /// Subject of a form.
    #[serde(default)]
    pub subject: String,
    /// What was said.
    pub text: String,
    /// RFC 3339.
    #[serde(default)]
    pub ts: Option<String>,
    /// Where it was said, when the line plays a chat service with threads and buttons.
    #[serde(default)]
    pub place: Option<Place>,
    /// What was done, when it is not simply a new message.
    #[serde(default)]
    pub act: Option<Act>,
    /// The writer's mail address as the service vouches for it.
    #[serde(default)]
    pub verified_mail: Option<String>,
    /// How long the line is held for what follows it.
    #[serde(default)]
    pub hold_ms: i64,
}

impl Line {
    /// The thread's key, the same for every message of one person in one thread.
    #[must_use]
    pub fn thread_key(&self) -> String {
        if self.place.is_some() {
            return format!("web:{}:{}", self.room, self.thread.as_deref().unwrap_or(&self.user));
        }
        let thread = self.thread.as_deref().or(self.id.as_deref()).unwrap_or("");
        format!("web:{}:{}:{thread}", self.room, self.user)
    }
}

/// Why a line cannot be taken in.
#[derive(Debug, thiserror::Error)]
#[error("not a chat message: {0}; a line looks like {{\"user\":\"u1\",\"text\":\"…\"}}")]
pub struct NotALine(#[from] serde_json::Error);

/// A line as it goes into the inbox. `external_id` names it when it has no id of its own.
///
/// # Errors
/// The line is not such JSON.
pub fn received(raw: &[u8], source: &str, external_id: &str, now: Timestamp) -> Result<Received, NotALine> {
    let line: Line = serde_json::from_slice(raw)?;
    Ok(Received {
        channel: Channel::Web,
        source: source.to_owned(),
        external_id: line.id.clone().unwrap_or_else(|| external_id.to_owned()),
        conversation: line.thread_key(),
        raw: raw.to_vec(),
        full_size_bytes: None,
        arrived_at: said_at(&line).unwrap_or(now),
        hold_ms: if line.act.is_none() { line.hold_ms } else { 0 },
        stale: false,
    })
}

fn said_at(line: &Line) -> Option<Timestamp> {
    line.ts.as_deref().and_then(|ts| chrono::DateTime::parse_from_rfc3339(ts).ok()).map(Timestamp::from)
}

/// A stored line as the rules read it. `detect` tells the language.
///
/// # Errors
/// The line is not such JSON.
pub fn message(id: InboxId, received: &Received, default: Language) -> Result<Message, NotALine> {
    let line: Line = serde_json::from_slice(&received.raw)?;
    let clean = |text: &str| -> String {
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(20_000).collect()
    };
    let text = clean(&line.text);
    let thread = line.thread_key();
    let sent_at = said_at(&line);
    let fingerprint = hex::encode(Sha256::digest(format!("web\n{}\n{}", received.source, received.external_id)));
    Ok(Message {
        inbox_id: id,
        channel: received.channel,
        source: received.source.clone(),
        message_id: Some(format!("web:{}", received.external_id)),
        references: match (&line.place, &line.thread) {
            (None, _) => vec![thread],
            (Some(_), Some(root)) => vec![root.clone()],
            (Some(_), None) => Vec::new(),
        },
        tokens: Vec::new(),
        place: line.place,
        act: line.act,
        from: Address { name: clean(&line.name), address: line.user.to_lowercase() },
        verified_mail: line.verified_mail.as_ref().map(|mail| mail.to_lowercase()),
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: clean(&line.subject).replace('\n', " "),
        language: crate::text::language::detect(&text).unwrap_or(default),
        reply_text: text.clone(),
        text,
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

/// A chat service that is played: it keeps what is posted, and changes posts like a real one.
#[derive(Debug, Default)]
pub struct Stage(Mutex<Vec<Post>>);

/// Something that stands on the stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its id there.
    pub reference: String,
    /// What stands there now.
    pub outbound: Outbound,
    /// How often it was changed.
    pub changes: u32,
}

impl Stage {
    /// Puts `outbound` up, or changes the post `replaces` into it. The same message is put up once, however often it comes.
    pub fn post(&self, outbound: &Outbound, replaces: Option<&str>) -> Posted {
        let mut posts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = posts
            .iter_mut()
            .find(|post| Some(post.reference.as_str()) == replaces || post.outbound.dedupe_key == outbound.dedupe_key);
        if let Some(post) = there {
            post.changes += u32::from(post.outbound != *outbound);
            post.outbound = outbound.clone();
            return Posted { reference: post.reference.clone(), thread: None };
        }
        let reference = format!("web:post-{}", posts.len() + 1);
        posts.push(Post { reference: reference.clone(), outbound: outbound.clone(), changes: 0 });
        Posted { reference, thread: None }
    }

    /// Everything that stands there, oldest first.
    pub fn posts(&self) -> Vec<Post> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_thread_share_a_key_and_each_has_its_own_fingerprint() {
        let first =
            received(br#"{"user":"u1","room":"r","thread":"t","text":"a"}"#, "chat", "1", Timestamp(5)).unwrap();
        let second =
            received(br#"{"user":"u1","room":"r","thread":"t","text":"a"}"#, "chat", "2", Timestamp(5)).unwrap();
        assert_eq!(first.conversation, second.conversation);
        let read = |item: &Received| message(InboxId(1), item, Language::Ja).unwrap();
        assert_eq!(read(&first).references, read(&second).references);
        assert_ne!(read(&first).fingerprint, read(&second).fingerprint);
    }

    #[test]
    fn a_line_that_is_not_a_message_is_refused_with_an_example() {
        let fault = received(b"{\"txt\":1}", "chat", "1", Timestamp(0)).unwrap_err();
        assert!(fault.to_string().contains("a line looks like"), "{fault}");
    }
}
