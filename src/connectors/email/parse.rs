//! A received mail as the rules read it.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use crate::domain::{Address, Attachment, InboxId, Keyring, Language, Message, Received, Scan, TicketId};
use crate::mail::{self, File, ParsedMail, Policy};

/// In-Reply-To and References together.
const MAX_REFERENCES: usize = 101;
/// Signatures checked per mail: a mail full of made-up tokens must not cost more.
const MAX_CHECKS: usize = 100;
/// Header fields desk rules can see, and how much of each.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_CHARS: usize = 300;
/// Fields with a place of their own in a message.
const ELSEWHERE: &[&str] = &[
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "reply-to",
    "mime-version",
];
/// How the names of fields begin that only say which way a mail came.
const TRANSPORT: &[&str] =
    &["received", "dkim-", "arc-", "authentication-results", "x-ms-exchange-", "content-", "x-google-"];
/// Body text looked through for a token.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Reads `received`, stored as `item_id`. Never fails: what cannot be read is told in `faults`.
#[must_use]
pub fn message(item_id: InboxId, received: &Received, policy: &Policy, keyring: &Keyring) -> Message {
    from_parsed(item_id, received, mail::parse(&received.raw, policy), keyring)
}

/// What [`message`] makes of a mail that is parsed already.
#[must_use]
pub fn from_parsed(item_id: InboxId, received: &Received, parsed: ParsedMail, keyring: &Keyring) -> Message {
    let tokens = tokens(&parsed, keyring);
    let mut faults = parsed.faults;
    if let Some(size) = received.full_size_bytes {
        faults.push(format!("oversized: the first {} of {size} bytes were read", received.raw.len()));
    }
    let headers = headers(parsed.headers);
    let reply_to = parsed.reply_to.filter(|reply_to| !reply_to.address.eq_ignore_ascii_case(&parsed.from.address));
    Message {
        inbox_id: item_id,
        channel: received.channel,
        source: received.source.clone(),
        message_id: parsed.message_id,
        references: references(&parsed.in_reply_to, &parsed.references),
        tokens,
        place: None,
        act: None,
        from: parsed.from,
        verified_mail: None,
        reply_to,
        to: parsed.to,
        cc: parsed.cc,
        headers,
        subject: parsed.subject,
        text: parsed.text,
        reply_text: parsed.reply_text,
        language: parsed.language.unwrap_or(Language::Ja),
        automatic: parsed.automatic,
        no_auto_answer: parsed.no_auto_answer,
        bounce: parsed.bounce,
        spam: parsed.spam,
        attachments: parsed.files.into_iter().map(attachment).collect(),
        sent_at: parsed.date,
        arrived_at: received.arrived_at,
        stale: received.stale,
        fingerprint: parsed.fingerprint,
        faults,
        warnings: parsed.warnings,
    }
}

/// The message that stands for a mail whose text is not at hand or cannot be read: it is filed, never answered.
#[must_use]
pub fn unreadable(item_id: InboxId, received: &Received, reason: &str) -> Message {
    let identity = if received.raw.is_empty() { received.external_id.as_bytes() } else { &received.raw[..] };
    Message {
        inbox_id: item_id,
        channel: received.channel,
        source: received.source.clone(),
        message_id: None,
        references: Vec::new(),
        tokens: Vec::new(),
        place: None,
        act: None,
        from: Address::default(),
        verified_mail: None,
        reply_to: None,
        to: Vec::new(),
        cc: Vec::new(),
        headers: Vec::new(),
        subject: "(unreadable mail)".to_owned(),
        text: String::new(),
        reply_text: String::new(),
        language: Language::Ja,
        automatic: None,
        no_auto_answer: Some("the mail could not be read".to_owned()),
        bounce: None,
        spam: false,
        attachments: Vec::new(),
        sent_at: None,
        arrived_at: received.arrived_at,
        stale: received.stale,
        fingerprint: hex::encode(Sha256::digest(identity)),
        faults: vec![reason.to_owned()],
        warnings: Vec::new(),
    }
}

/// The fields that tell something the message does not say elsewhere: not those of transport, which are long and many.
fn headers(fields: Vec<mail::Header>) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for field in fields {
        let name = field.name.to_ascii_lowercase();
        let is_said = ELSEWHERE.contains(&name.as_str()) || TRANSPORT.iter().any(|begin| name.starts_with(begin));
        if !is_said && headers.len() < MAX_HEADERS {
            headers.push((name, crate::text::cut(field.value.trim(), MAX_HEADER_CHARS).to_owned()));
        }
    }
    headers
}

fn attachment(file: File) -> Attachment {
    Attachment {
        name: file.name,
        media_type: file.media_type,
        size_bytes: i64::try_from(file.bytes.len()).unwrap_or(i64::MAX),
        inline: file.inline,
        sha256: file.sha256,
        scan: Scan::Off,
        warnings: file.warnings,
    }
}

/// In-Reply-To, then References from last to first, each once.
fn references(in_reply_to: &[String], references: &[String]) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = in_reply_to.iter().chain(references.iter().rev());
    all.filter(|id| seen.insert(id.as_str())).take(MAX_REFERENCES).cloned().collect()
}

/// The tickets whose token the mail carries, strongest place first: an address only our mails name, then the ids of
/// mails it answers, then its text (RFC 5322 §3.6.4, RFC 5233).
fn tokens(parsed: &ParsedMail, keyring: &Keyring) -> Vec<TicketId> {
    let to = parsed.to.iter().chain(&parsed.cc).map(|address| address.address.as_str());
    let tags = to.chain(parsed.delivered_to.iter().map(String::as_str)).filter_map(plus_tag);
    let ids = parsed.in_reply_to.iter().chain(parsed.references.iter().rev()).map(|id| before_at(id));
    let text = in_text(&parsed.subject).chain(in_text(&parsed.text));
    let mut found: Vec<TicketId> = Vec::new();
    for candidate in tags.chain(ids).chain(text).filter(|text| looks_like_token(text)).take(MAX_CHECKS) {
        if let Some(ticket) = keyring.verify(candidate)
            && !found.contains(&ticket)
        {
            found.push(ticket);
        }
    }
    found
}

/// `support+T1.1.SIG@host` → `T1.1.SIG`.
fn plus_tag(address: &str) -> Option<&str> {
    before_at(address).split_once('+').map(|(_, tag)| tag)
}

fn before_at(text: &str) -> &str {
    text.split_once('@').map_or(text, |(before, _)| before)
}

fn in_text(text: &str) -> impl Iterator<Item = &str> {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end]
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.')
        .map(|word| word.trim_end_matches('.'))
}

/// `T1042.1.…`: cheap to tell, so that only candidates cost a signature check.
fn looks_like_token(text: &str) -> bool {
    let mut parts = text.splitn(4, '.');
    let digits =
        |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    digits(parts.next().and_then(|part| part.strip_prefix(['T', 't'])))
        && digits(parts.next())
        && parts.next().is_some_and(|part| part.len() == 16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Channel, Timestamp};

    fn ring() -> Keyring {
        Keyring::new(vec![(1, b"key".to_vec())])
    }

    fn token(ticket: i64) -> String {
        ring().sign(TicketId(ticket))
    }

    fn at(address: String) -> Address {
        Address { name: String::new(), address }
    }

    fn received(raw: &[u8]) -> Received {
        Received {
            channel: Channel::Email,
            source: "support".to_owned(),
            external_id: "support/INBOX/1/2".to_owned(),
            conversation: "c".to_owned(),
            raw: raw.to_vec(),
            full_size_bytes: None,
            arrived_at: Timestamp(5),
            hold_ms: 0,
            stale: true,
        }
    }

    #[test]
    fn tokens_come_from_the_strongest_place_first_and_forged_ones_do_not_count() {
        let parsed = ParsedMail {
            to: vec![
                at(format!("support+{}@example.test", token(3))),
                at("support+T9.1.AAAAAAAAAAAAAAAA@x".to_owned()),
            ],
            delivered_to: vec![format!("support+{}@example.test", token(4).to_lowercase())],
            in_reply_to: vec![format!("{}.reply-5-0@desk", token(5))],
            references: vec![format!("{}.reply-6-0@desk", token(6)), format!("{}.reply-7-0@desk", token(7))],
            subject: format!("Re: [{}] hello", token(8)),
            text: format!("hi\n> 受付 {}。\n({}).", token(9), token(3)),
            ..ParsedMail::default()
        };
        assert_eq!(tokens(&parsed, &ring()), [3, 4, 5, 7, 6, 8, 9].map(TicketId));
        assert!(tokens(&parsed, &Keyring::new(vec![(1, b"other".to_vec())])).is_empty());
    }

    #[test]
    fn references_begin_with_what_is_answered_and_are_bounded() {
        let many: Vec<String> = (0..500).map(|n| format!("m{n}")).collect();
        let found = references(&["m499".to_owned(), "x".to_owned()], &many);
        assert_eq!((found.len(), &found[..4]), (101, &["m499", "x", "m498", "m497"].map(str::to_owned)[..]));
    }

    #[test]
    fn what_the_connector_knows_is_kept() {
        let parsed = ParsedMail {
            from: at("a@example.com".to_owned()),
            reply_to: Some(at("A@EXAMPLE.com".to_owned())),
            files: vec![File {
                name: "a.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                inline: false,
                content_id: None,
                sha256: "00".to_owned(),
                bytes: vec![1, 2, 3],
                warnings: Vec::new(),
            }],
            ..ParsedMail::default()
        };
        let long = Received { full_size_bytes: Some(9_000), ..received(b"abc") };
        let message = from_parsed(InboxId(7), &long, parsed, &ring());
        assert_eq!((message.inbox_id, message.arrived_at, message.stale), (InboxId(7), Timestamp(5), true));
        assert_eq!(
            (message.reply_to, message.attachments[0].size_bytes, message.attachments[0].scan),
            (None, 3, Scan::Off)
        );
        assert_eq!(message.faults, ["oversized: the first 3 of 9000 bytes were read"]);
    }

    #[test]
    fn an_unreadable_mail_is_filed_apart_from_others_and_never_answered() {
        let one = unreadable(InboxId(1), &received(b""), "why");
        let mut other = received(b"");
        other.external_id = "support/INBOX/1/3".to_owned();
        assert_ne!(one.fingerprint, unreadable(InboxId(2), &other, "why").fingerprint);
        assert!(one.no_auto_answer.is_some());
    }
}
