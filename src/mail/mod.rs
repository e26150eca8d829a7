//! Mail bytes to a [`ParsedMail`]. Never fails, never touches a network or a clock; bounded in time, depth and memory.

mod address;
mod archive;
mod authentication;
/// Automatic mail and what must not be answered by a machine.
pub mod automatic;
mod body;
mod charset;
mod charset_guess;
mod clean;
/// Bounces.
pub mod dsn;
mod encoded_word;
mod file_name;
mod files;
mod fingerprint;
mod flowed;
mod headers;
mod hops;
mod html;
mod html_text;
mod jis;
mod limits;
mod message_id;
mod parameters;
mod parts;
/// What a person newly wrote.
pub mod quotes;
mod read;
mod repair;
mod signature;
#[cfg(test)]
mod tests;
mod thread_key;
mod tnef;
mod transfer;
mod uuencode;

pub use read::{date_of, file, parse, parse_with_html, sender_of};
pub use thread_key::thread_key;

use crate::domain::{Address, Automatic, Bounce, Language, Timestamp};

/// What of the desk's own setting the parser must know.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The desk's own addresses, lower case: mail from them is our own.
    pub own_addresses: Vec<String>,
    /// `authserv-id` of the mail server in front of us (RFC 8601 §5); `None`: no Authentication-Results is trusted.
    pub authserv_id: Option<String>,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Name as written.
    pub name: String,
    /// Unfolded raw bytes of the value, without the line end.
    pub raw: Vec<u8>,
    /// The value decoded to text (RFC 2047, raw 8-bit detected), without control characters.
    pub value: String,
}

/// A file found in a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Safe, unique file name.
    pub name: String,
    /// Lower case: `application/pdf`.
    pub media_type: String,
    /// Shown inside the text.
    pub inline: bool,
    /// Content-ID without angle brackets (RFC 2392).
    pub content_id: Option<String>,
    /// SHA-256 of `bytes`, lower-case hex.
    pub sha256: String,
    /// Decoded bytes.
    pub bytes: Vec<u8>,
    /// What an agent should know before opening it.
    pub warnings: Vec<String>,
}

/// A mail as it was read. Strings hold no control characters but newline and tab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedMail {
    /// All header fields of the outermost message, in order.
    pub headers: Vec<Header>,
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Without angle brackets.
    pub in_reply_to: Vec<String>,
    /// Without angle brackets; first and last 50 at most.
    pub references: Vec<String>,
    /// First usable of From, Sender, Reply-To, Return-Path.
    pub from: Address,
    /// Where answers should go.
    pub reply_to: Option<Address>,
    /// Envelope sender: `None` without a Return-Path field, `Some("")` for the null path `<>`.
    pub return_path: Option<String>,
    /// To.
    pub to: Vec<Address>,
    /// Cc.
    pub cc: Vec<Address>,
    /// Addresses the envelope was delivered to (Delivered-To, X-Original-To), lower case.
    pub delivered_to: Vec<String>,
    /// Date header.
    pub date: Option<Timestamp>,
    /// Decoded, one line.
    pub subject: String,
    /// Whole readable body.
    pub text: String,
    /// What the person newly wrote.
    pub reply_text: String,
    /// Sanitised HTML body; only set by [`parse_with_html`].
    pub html: Option<String>,
    /// Language of `reply_text`, when it can be told.
    pub language: Option<Language>,
    /// The files.
    pub files: Vec<File>,
    /// Not written by a person to the desk: why.
    pub automatic: Option<Automatic>,
    /// Must not get an automatic answer: why.
    pub no_auto_answer: Option<String>,
    /// Details of a bounce.
    pub bounce: Option<Bounce>,
    /// Marked as spam in front of the desk.
    pub spam: bool,
    /// Equal for two copies of one mail; lower-case hex.
    pub fingerprint: String,
    /// What was wrong with it.
    pub faults: Vec<String>,
    /// What an agent should be careful about.
    pub warnings: Vec<String>,
}
