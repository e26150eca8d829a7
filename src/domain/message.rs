//! Messages: as they arrive ([`Received`]) and as the rules read them ([`Message`]).

use serde::{Deserialize, Serialize};

use super::chat::{Act, Place};
use super::words::{Channel, Language, words};
use super::{InboxId, TicketId, Timestamp};

/// What a connector hands over: the bytes, and how to know them again. Stored before anything reads the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which kind of connector it came from.
    pub channel: Channel,
    /// The configured mailbox or workspace: `support`.
    pub source: String,
    /// Unique for each message of the channel: `support/INBOX/17/4711` (mailbox, folder, UIDVALIDITY, UID).
    pub external_id: String,
    /// Messages with one key are handled one after the other, oldest first.
    pub conversation: String,
    /// The message exactly as it came (RFC 5322 bytes for mail, JSON for chat).
    pub raw: Vec<u8>,
    /// Bytes on the server when `raw` holds only the beginning of an oversized message.
    pub full_size_bytes: Option<i64>,
    /// When the channel took it in (IMAP INTERNALDATE, chat timestamp).
    pub arrived_at: Timestamp,
    /// Decided no earlier than this long after it is stored, so that what the same person writes next is read with it.
    /// 0 for everything but text written in chat.
    pub hold_ms: i64,
    /// Older than the mailbox's limit for answering by itself: filed, but never answered by the machine.
    pub stale: bool,
}

/// A mailbox address with its display name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Display name, decoded; empty when there is none.
    pub name: String,
    /// `local@domain`, domain in lower case; for chat the user's id.
    pub address: String,
}

words! {
    /// Why a message was not written by a person to the desk.
    Automatic {
        /// Out-of-office and other automatic replies (RFC 3834).
        AutoReply = "auto_reply",
        /// Delivery status notification or a bounce in another form (RFC 3464).
        Bounce = "bounce",
        /// Abuse report (RFC 5965).
        Feedback = "feedback",
        /// Mailing list or bulk mail (RFC 2919, RFC 2369).
        List = "list",
        /// Machine-made notices: monitoring, cron, other ticket systems.
        Notification = "notification",
        /// Read receipt (RFC 8098).
        Receipt = "receipt",
        /// Written by this desk.
        Own = "own",
    }
}

/// What a bounce says about the message that could not be delivered (RFC 3464 §2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    /// The address that failed.
    pub recipient: Option<String>,
    /// Enhanced status code, `5.1.1` (RFC 3463).
    pub status: Option<String>,
    /// Message-ID of the returned message, without angle brackets.
    pub original_message_id: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`, when stated.
    pub action: Option<String>,
}

words! {
    /// What the virus scanner said of an attachment.
    Scan {
        /// No scanner is configured.
        Off = "off",
        /// Nothing found.
        Clean = "clean",
        /// Something found: never released.
        Infected = "infected",
        /// The scanner failed or refused it: held back and scanned again later.
        Unscanned = "unscanned",
    }
}

/// A file that came with a message. The bytes stay in the raw message and are cut out on demand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Safe file name: no path, no control characters, at most 255 bytes, unique within the message.
    pub name: String,
    /// `application/pdf`, lower case.
    pub media_type: String,
    /// Decoded size.
    pub size_bytes: i64,
    /// Shown inside the text (Content-Disposition: inline or referenced by Content-ID).
    pub inline: bool,
    /// SHA-256 of the decoded bytes, lower-case hex.
    pub sha256: String,
    /// What the scanner said.
    pub scan: Scan,
    /// What an agent should know before opening it: `dangerous type`, `encrypted archive` …
    pub warnings: Vec<String>,
}

/// A message as the rules read it. Strings hold no control characters but newline and tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The row it was stored in.
    pub inbox_id: InboxId,
    /// Where it came from.
    pub channel: Channel,
    /// The configured mailbox or workspace.
    pub source: String,
    /// Its own Message-ID without angle brackets, or the chat message's id.
    pub message_id: Option<String>,
    /// In-Reply-To first, then References from last to first; at most 101.
    pub references: Vec<String>,
    /// Tickets whose signed reply token it carries, strongest place first (To address, In-Reply-To, References, body).
    pub tokens: Vec<TicketId>,
    /// Where it was said, in chat.
    pub place: Option<Place>,
    /// What was done, when it is not simply a new message.
    pub act: Option<Act>,
    /// Who wrote it. In chat the address is `slack:U…` or `discord:…`.
    pub from: Address,
    /// The writer's mail address as the chat service vouches for it, lower case.
    pub verified_mail: Option<String>,
    /// Where they want the answer, when not at `from`.
    pub reply_to: Option<Address>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Header fields of a mail that have no place of their own in here: name in lower case, value. Empty in chat.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// Subject, decoded.
    pub subject: String,
    /// The whole readable body.
    pub text: String,
    /// What the person newly wrote: quotes, signature and disclaimer cut.
    pub reply_text: String,
    /// The language it is answered in.
    pub language: Language,
    /// Not written by a person to the desk: why.
    pub automatic: Option<Automatic>,
    /// Must not get an automatic answer although a person may have written it (RFC 3834 §2): why.
    pub no_auto_answer: Option<String>,
    /// Details when it is a bounce.
    pub bounce: Option<Bounce>,
    /// A spam filter in front of the desk marked it.
    pub spam: bool,
    /// The files.
    pub attachments: Vec<Attachment>,
    /// The Date header; `None` when absent or unreadable.
    pub sent_at: Option<Timestamp>,
    /// When the channel took it in.
    pub arrived_at: Timestamp,
    /// See [`Received::stale`].
    pub stale: bool,
    /// Equal for two copies of one message, over mailboxes and folders; lower-case hex.
    pub fingerprint: String,
    /// What was wrong with it and how it was read all the same.
    pub faults: Vec<String>,
    /// Warnings for agents: display name spoofs, Reply-To elsewhere, DMARC failure.
    pub warnings: Vec<String>,
}
