//! Bounces that say it in words: qmail (QSBMF), Postfix, exim, sendmail, Exchange, Notes, Amazon JSON, Japanese carriers.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::Bounce;

const MAX_BYTES: usize = 128 * 1024;

type Lazy = LazyLock<Option<Regex>>;

/// `550 5.1.1`, `550-5.1.1`, `(#5.1.1)`, `Status: 5.1.1`: the code where mail systems put it.
static PLACED: Lazy = Lazy::new(|| {
    Regex::new(r#"(?i)(?:[245]\d\d[ -]{1,2}\(?#?|#|status(?:"| code)?"?[:=]\s*"?(?:[245]\d\d )?)([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s)"#).ok()
});
/// The code anywhere, but not as part of an address or a version number.
static LOOSE: Lazy = Lazy::new(|| Regex::new(r"(?:^|[^\d.\w-])([245]\.[0-7]\.\d{1,3})(?:[^\d.\w]|\.?$|\.\s)").ok());
/// The field of a report that was pasted into the text.
static FIELD: Lazy = Lazy::new(|| Regex::new(r"(?im)^[>\s]*status:\s*([245]\.\d{1,3}\.\d{1,3})").ok());
/// A reply code (RFC 5321 §4.2) at the start of a line or of what the other server said.
static REPLY: Lazy = Lazy::new(|| {
    Regex::new(r"(?mi)(?:^\s*|<<<\s*|>>>\s*|said:\s*|:\s+|reply[^\n:]{0,40}:\s*|error[^\n\d]{0,24}|code\s*:?\s*|[(\[]\s*|; )([45])\d\d(?:[ \-,):\]]|$)").ok()
});
static ADDRESS: Lazy = Lazy::new(|| Regex::new(r#"[^\s<>"'(),:;\[\]{}]+@[A-Za-z0-9.-]+[A-Za-z0-9]"#).ok());
static ANGLED: Lazy = Lazy::new(|| Regex::new(r"(?m)^[ \t>*-]*<([^\s<>]+@[^\s<>]+)>").ok());
static MESSAGE_ID: Lazy = Lazy::new(|| Regex::new(r"(?im)^[>\s]*message-id:\s*(?:\r?\n\s+)?<([^<>\s]+)>").ok());
static JSON_ADDRESS: Lazy = Lazy::new(|| Regex::new(r#""emailAddress"\s*:\s*"([^"]+@[^"]+)""#).ok());

/// What `body` says: recipient, status, the returned message's id, and the action as far as the words tell.
pub(super) fn read(body: &str, subject: &str) -> Bounce {
    let body = bounded(body);
    let own = before_copy(body);
    let delayed = is_delay(subject, own);
    let action = if own.contains("\"smtpResponse\"") && !own.contains("\"bounceType\"") {
        "delivered"
    } else if delayed {
        "delayed"
    } else {
        "failed"
    };
    Bounce {
        recipient: recipient(own).or_else(|| recipient(body)),
        status: Some(status(own, body, delayed)),
        original_message_id: message_id(&body[own.len()..]).or_else(|| message_id(body)),
        action: Some(action.to_owned()),
    }
}

/// The first enhanced status code (RFC 3463) in a field's value or a sentence.
pub(super) fn status_in(value: &str) -> Option<String> {
    first(&PLACED, value).or_else(|| first(&LOOSE, value))
}

/// `5.0.0` for a reply code that begins with 5, `4.0.0` for one with 4.
pub(super) fn reply_class(value: &str) -> Option<&'static str> {
    match first(&REPLY, value)?.as_str() {
        "4" => Some("4.0.0"),
        _ => Some("5.0.0"),
    }
}

/// The first address in a field's value, after an address type (`rfc822; `) or inside angle brackets.
pub(super) fn address_in(value: &str) -> Option<String> {
    let value = value.split_once(';').map_or(value, |(_, address)| address);
    let regex = ADDRESS.as_ref()?;
    regex.find(value).map(|found| found.as_str().trim_matches(['.', '*']).to_owned())
}

/// The id in a Message-ID value, without angle brackets.
pub(super) fn id_in(value: &str) -> Option<String> {
    let id = value.trim().trim_start_matches('<').split(['>', ' ', '\t']).next().unwrap_or_default();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The id of the first Message-ID field on a line of its own.
pub(super) fn message_id(text: &str) -> Option<String> {
    first(&MESSAGE_ID, bounded(text))
}

fn status(own: &str, body: &str, delayed: bool) -> String {
    let placed = first(&PLACED, own).or_else(|| first(&LOOSE, own));
    if let Some(code) = placed.or_else(|| first(&FIELD, body)) {
        return code;
    }
    let by_words = by_words(own);
    if delayed {
        return by_words.map_or_else(|| "4.0.0".to_owned(), |code| code.replacen('5', "4", 1));
    }
    match (reply_class(own), by_words) {
        (Some(class), Some(code)) if class[..1] == code[..1] => code.to_owned(),
        (Some(class), _) => class.to_owned(),
        (None, Some(code)) => code.to_owned(),
        (None, None) => "5.0.0".to_owned(),
    }
}

/// Status codes with the words that mean them, the more telling first.
const REASONS: &[(&str, &[&str])] = &[
    (
        "5.2.2",
        &[
            "mailbox is full",
            "mailbox full",
            "over quota",
            "overquota",
            "quota exceeded",
            "exceeded storage",
            "out of storage",
            "user is over",
            "容量を超",
            "いっぱい",
            "容量オーバー",
        ],
    ),
    ("5.3.4", &["message too large", "message size exceeds", "too big", "サイズが大き", "サイズの制限"]),
    (
        "5.1.1",
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "no mailbox here",
            "does not exist",
            "doesn't have a",
            "invalid recipient",
            "unknown recipient",
            "invalid user",
            "no such recipient",
            "not listed in",
            "mailbox unavailable",
            "宛先が見つか",
            "アドレスが見つか",
            "存在しない",
            "宛先不明",
            "user not found",
            "recipient not found",
            "not a valid mailbox",
        ],
    ),
    (
        "5.1.2",
        &[
            "host unknown",
            "host not found",
            "unknown host",
            "domain not found",
            "no such domain",
            "name lookup failure",
            "couldn't find any host",
        ],
    ),
    (
        "5.2.1",
        &[
            "account is disabled",
            "account has been disabled",
            "mailbox disabled",
            "inactive",
            "suspended",
            "account disabled",
        ],
    ),
    ("5.7.1", &["relay", "spam", "blocked", "blacklist", "denied", "rejected", "policy", "ブロック", "拒否"]),
    (
        "5.4.7",
        &[
            "cannot send message for",
            "queue too long",
            "retry timeout exceeded",
            "delivery time expired",
            "message expired",
        ],
    ),
    ("5.4.1", &["connection timed out", "connection refused", "no answer from host", "could not connect"]),
];

/// Reasons in words (RFC 3463 §3), the more telling first.
fn by_words(own: &str) -> Option<&'static str> {
    let lower = own.to_lowercase();
    REASONS.iter().find(|(_, words)| words.iter().any(|word| lower.contains(word))).map(|(code, _)| *code)
}

/// A warning: the mail is still being tried.
fn is_delay(subject: &str, own: &str) -> bool {
    let subject = subject.to_lowercase();
    if ["delayed", "(delay)", "warning", "遅延", "still being retried", "cannot send message for"]
        .iter()
        .any(|word| subject.contains(word))
    {
        return !own.contains("permanent fatal errors");
    }
    let lower = own.to_lowercase();
    [
        "warning message only",
        "this is a warning only",
        "do not need to resend your message",
        "will continue to try",
        "配信が遅れ",
        "再送を続け",
        "will be retried for",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

fn recipient(own: &str) -> Option<String> {
    if own.trim_start().starts_with('{') {
        return first(&JSON_ADDRESS, own);
    }
    if let Some(address) = first(&ANGLED, own) {
        return Some(address.trim_matches('"').to_owned());
    }
    let regex = ADDRESS.as_ref()?;
    let is_system = |address: &str| {
        let lower = address.to_ascii_lowercase();
        ["postmaster", "mailer-daemon", "mail-daemon", "abuse@", "support@"].iter().any(|name| lower.contains(name))
    };
    let found = regex.find_iter(own).take(20).map(|found| found.as_str());
    found.map(|address| address.trim_matches(['.', '*', '='])).find(|address| !is_system(address)).map(str::to_owned)
}

/// The bounce's own words: everything above the copy of the returned message.
fn before_copy(body: &str) -> &str {
    const COPIES: &[&str] = &[
        "below this line is a copy of the message",
        "this is a copy of the message",
        "original message follows",
        "original message headers follow",
        "unsent message below",
        "message header follows",
        "message headers follow",
        "message text follows",
        "included is a copy of the message header",
        "original message header",
        "original message headers:",
        "----- original message -----",
        "--- 送信されたメールのヘッダー",
        "the header of the original message",
        "received message follows",
        "return-path:",
        "\nreceived: from",
        "\nreceived: by",
    ];
    let lower = body.to_ascii_lowercase();
    let end = COPIES.iter().filter_map(|mark| lower.find(mark)).filter(|at| *at > 10).min();
    end.map_or(body, |end| &body[..end])
}

fn first(regex: &Lazy, text: &str) -> Option<String> {
    regex.as_ref()?.captures(text)?.get(1).map(|found| found.as_str().to_owned())
}

fn bounded(text: &str) -> &str {
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
