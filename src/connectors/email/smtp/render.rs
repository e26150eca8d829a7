//! An outgoing message as RFC 5322 bytes. Pure: one `Outbound` always gives the same bytes, so a repeat is a copy.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MessageBuilder, SinglePart};

use super::address::to_wire;
use crate::connectors::SendError;
use crate::connectors::email::settings::ReplyTo;
use crate::domain::{Address, Outbound};

/// Longer subjects are cut.
const MAX_SUBJECT_CHARS: usize = 300;
/// Longer display names are cut.
const MAX_NAME_CHARS: usize = 100;
/// Longer ids would give a line beyond the 998 bytes of RFC 5322 §2.1.1.
const MAX_ID_BYTES: usize = 900;
/// References kept (first one always).
const MAX_REFERENCES: usize = 20;
/// What fits in front of the at sign (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

macro_rules! fixed_header {
    ($name:ident, $text:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone)]
        struct $name(&'static str);

        impl Header for $name {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($text)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Err("never read".into())
            }

            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), self.0.to_owned())
            }
        }
    };
}

fixed_header!(AutoSubmitted, "Auto-Submitted", "RFC 3834 §5.");
fixed_header!(SuppressResponses, "X-Auto-Response-Suppress", "MS-OXCMAIL 2.1.3.2.20.");
fixed_header!(Precedence, "Precedence", "RFC 3834 §2: many responders stay silent on bulk mail.");

/// `outbound` as bytes with CRLF line ends, ready for DATA before dot-stuffing. Date is its `send_at`. With [`ReplyTo::Plus`] and a
/// reply token in its Message-ID, Reply-To carries the token.
///
/// # Errors
/// [`SendError::Permanent`] when no recipient has a usable address, [`SendError::NeedsOperator`] when `from` has none.
pub fn render(outbound: &Outbound, from: &Address, desk_name: &str, reply_to: ReplyTo) -> Result<Vec<u8>, SendError> {
    let sender = to_wire(&from.address)
        .ok_or_else(|| SendError::NeedsOperator { reason: "the mailbox has no usable address".to_owned() })?;
    let to: Vec<Mailbox> = outbound.to.iter().filter_map(mailbox).collect();
    let cc: Vec<Mailbox> = outbound.cc.iter().filter_map(mailbox).collect();
    let Some(first) = to.first().or_else(|| cc.first()) else {
        return Err(SendError::Permanent { reason: "none of the recipients has a usable mail address".to_owned() });
    };
    // The envelope is made when the mail is sent; the library wants one that is not empty.
    let envelope = lettre::address::Envelope::new(Some(sender.clone()), vec![first.email.clone()]);
    let envelope = envelope.map_err(|error| SendError::Permanent { reason: error.to_string() })?;
    let mut builder = Message::builder()
        .envelope(envelope)
        .date(UNIX_EPOCH + Duration::from_millis(u64::try_from(outbound.send_at.0).unwrap_or(0)))
        .from(Mailbox::new(display_name(desk_name), sender));
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    for mailbox in cc {
        builder = builder.cc(mailbox);
    }
    if let Some(address) = plus_address(outbound, &from.address, reply_to) {
        builder = builder.reply_to(Mailbox::new(display_name(desk_name), address));
    }
    let message = threading(builder, outbound)
        .subject(one_line(&outbound.subject, MAX_SUBJECT_CHARS))
        .singlepart(SinglePart::plain(body(&outbound.text)))
        .map_err(|error| SendError::Permanent { reason: format!("cannot be written as a mail: {error}") })?;
    Ok(message.formatted())
}

/// `support+T1042.1.SIG@…` for a Message-ID that begins with `T1042.1.SIG`; `None` when there is no token, or no room for it in front
/// of the at sign.
fn plus_address(outbound: &Outbound, from: &str, reply_to: ReplyTo) -> Option<lettre::Address> {
    if reply_to == ReplyTo::From || outbound.ticket.is_none() {
        return None;
    }
    let (id, _) = outbound.message_id.split_once('@')?;
    let parts: Vec<&str> = id.split('.').take(3).collect();
    let is_plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if parts.len() < 3 || !parts.iter().all(is_plain) {
        return None;
    }
    let (local, domain) = from.rsplit_once('@')?;
    let user = local.split_once('+').map_or(local, |(user, _)| user);
    let detailed = format!("{user}+{}", parts.join("."));
    if detailed.len() > MAX_LOCAL_BYTES { None } else { to_wire(&format!("{detailed}@{domain}")) }
}

/// Message-ID, what it answers, and what tells machines that a machine wrote it.
fn threading(mut builder: MessageBuilder, outbound: &Outbound) -> MessageBuilder {
    if let Some(id) = usable_id(&outbound.message_id) {
        builder = builder.message_id(Some(id));
    }
    if let Some(id) = outbound.in_reply_to.as_deref().and_then(usable_id) {
        builder = builder.in_reply_to(id);
    }
    let references: Vec<String> = outbound.references.iter().filter_map(|id| usable_id(id)).collect();
    if !references.is_empty() {
        builder = builder.references(keep_ends(references).join(" "));
    }
    if outbound.kind.is_automatic() {
        builder =
            builder.header(AutoSubmitted("auto-replied")).header(SuppressResponses("All")).header(Precedence("bulk"));
    }
    builder
}

/// The first id and the last ones.
fn keep_ends(mut references: Vec<String>) -> Vec<String> {
    if references.len() > MAX_REFERENCES {
        let last = references.split_off(references.len() - (MAX_REFERENCES - 1));
        references.truncate(1);
        references.extend(last);
    }
    references
}

/// The id in angle brackets, when it can stand in a header as it is.
fn usable_id(id: &str) -> Option<String> {
    let id = id.trim();
    let id = id.strip_prefix('<').unwrap_or(id);
    let id = id.strip_suffix('>').unwrap_or(id);
    let plain = id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>');
    (plain && !id.is_empty() && id.len() <= MAX_ID_BYTES).then(|| format!("<{id}>"))
}

fn mailbox(address: &Address) -> Option<Mailbox> {
    Some(Mailbox::new(display_name(&address.name), to_wire(&address.address)?))
}

fn display_name(name: &str) -> Option<String> {
    let name = one_line(name, MAX_NAME_CHARS);
    (!name.is_empty()).then_some(name)
}

/// Without controls and direction marks, spaces joined, cut to `max_chars`.
fn one_line(text: &str, max_chars: usize) -> String {
    let clean: String = text
        .chars()
        .map(|letter| if letter.is_control() || is_line_separator(letter) { ' ' } else { letter })
        .filter(|letter| !is_direction_mark(*letter))
        .collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max_chars).collect()
}

/// Newline and tab are the only controls a body has; other line ends become newlines.
fn body(text: &str) -> String {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    unified.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

const fn is_line_separator(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Marks that turn the reading direction and can hide what a name or subject says (UTR 36).
const fn is_direction_mark(letter: char) -> bool {
    matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
