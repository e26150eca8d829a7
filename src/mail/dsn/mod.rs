//! Bounces: what a delivery status notification (RFC 3464, in a RFC 6522 report) or a bounce in another form says about
//! the message that could not be delivered.

mod evidence;
mod fields;
#[cfg(test)]
mod tests;
mod text;

use super::{Header, ParsedMail};
use crate::domain::Bounce;

pub(super) use evidence::is_bounce;

/// A part of a mail, in order of appearance, nested ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Lower case: `message/delivery-status`.
    pub media_type: String,
    /// The part's own header fields.
    pub headers: Vec<Header>,
    /// The decoded body; of `message/rfc822` the whole message inside.
    pub body: Vec<u8>,
}

/// Reports hold little text; the copy of the original message may be large and is not needed whole.
const MAX_PART_BYTES: usize = 256 * 1024;

/// The details of a bounce: of several recipients the first that failed, else the first. `None` when `mail` is not a
/// bounce. The status is always set: when the report names none it is read from the reply code or the words, and
/// `5.0.0` or `4.0.0` (RFC 3463 §3: other undefined status) stands for a failure or delay that gives no reason.
#[must_use]
pub fn read(mail: &ParsedMail, parts: &[Part]) -> Option<Bounce> {
    if !is_bounce(mail) {
        return None;
    }
    let mut reports = parts.iter().filter(|part| {
        matches!(part.media_type.as_str(), "message/delivery-status" | "message/global-delivery-status")
    });
    let mut bounce = reports.find_map(|part| fields::read(&lossy(&part.body))).unwrap_or_default();
    let body = body_text(mail, parts);
    let told = text::read(&body, &mail.subject);
    bounce.recipient = bounce.recipient.or_else(|| failed_header(mail)).or(told.recipient);
    bounce.action = bounce.action.or(told.action);
    bounce.status = bounce.status.or(told.status);
    bounce.original_message_id =
        returned_id(parts).or(bounce.original_message_id).or(told.original_message_id).or_else(|| answered_id(mail));
    Some(bounce)
}

fn lossy(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(MAX_PART_BYTES)]).into_owned()
}

/// The readable text; some bounces have none but a part nobody labelled.
fn body_text(mail: &ParsedMail, parts: &[Part]) -> String {
    if !mail.text.trim().is_empty() {
        return mail.text.clone();
    }
    let plain = parts.iter().find(|part| part.media_type.starts_with("text/") && !part.body.is_empty());
    plain.map(|part| lossy(&part.body)).unwrap_or_default()
}

/// Exim and Gmail name the address in a header field of the bounce.
fn failed_header(mail: &ParsedMail) -> Option<String> {
    let header = mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case("x-failed-recipients"))?;
    text::address_in(&header.value)
}

/// Message-ID of the returned message or of its header (RFC 6522 §2).
fn returned_id(parts: &[Part]) -> Option<String> {
    let mut returned = parts.iter().filter(|part| {
        matches!(
            part.media_type.as_str(),
            "message/rfc822"
                | "text/rfc822-headers"
                | "message/global"
                | "message/global-headers"
                | "message/rfc822-headers"
        )
    });
    let own = |part: &Part| {
        let header = part.headers.iter().find(|header| header.name.eq_ignore_ascii_case("message-id"))?;
        text::id_in(&header.value)
    };
    returned.find_map(|part| text::message_id(&lossy(&part.body)).or_else(|| own(part)))
}

/// Some systems only name the message in the bounce's own threading fields.
fn answered_id(mail: &ParsedMail) -> Option<String> {
    mail.in_reply_to.first().or_else(|| mail.references.last()).cloned()
}
