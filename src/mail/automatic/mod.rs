//! Whether a person wrote a mail to the desk, and whether a machine may answer it (RFC 3834 §2, RFC 5230 §4.6).
//!
//! A mail is called automatic on evidence that people's mail does not carry. Weaker signs only forbid the automatic
//! answer: Exchange puts `X-Auto-Response-Suppress` on mail people wrote, and a mailbox behind a group carries `List-Id`.

mod signs;
#[cfg(test)]
mod tests;
mod words;

use super::{ParsedMail, Policy, dsn};
use crate::domain::Automatic;
use signs::{Headers, is_machine_sender, is_no_reply};
pub(super) use signs::{is_daemon, report_type};
pub(super) use words::is_reply_subject;

/// What [`judge`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why it was not written by a person to the desk; `None` when it was.
    pub automatic: Option<Automatic>,
    /// Why it must not get an automatic answer; always set when `automatic` is.
    pub no_auto_answer: Option<String>,
}

impl Verdict {
    fn automatic(kind: Automatic, reason: &str) -> Self {
        Self { automatic: Some(kind), no_auto_answer: Some(reason.to_owned()) }
    }

    fn written(reason: Option<&str>) -> Self {
        Self { automatic: None, no_auto_answer: reason.map(str::to_owned) }
    }
}

/// Judges `mail` by its headers first and its words last. Reads `headers`, `from`, `reply_to`, `return_path`, `subject`
/// and `text`, nothing that depends on this verdict.
#[must_use]
pub fn judge(mail: &ParsedMail, policy: &Policy) -> Verdict {
    let headers = Headers::new(&mail.headers);
    if let Some(reason) = own(mail, &headers, policy) {
        return Verdict::automatic(Automatic::Own, reason);
    }
    match headers.report_type().as_deref() {
        Some("feedback-report") => return Verdict::automatic(Automatic::Feedback, "abuse report (RFC 5965)"),
        Some("disposition-notification") => return Verdict::automatic(Automatic::Receipt, "read receipt (RFC 8098)"),
        _ => {}
    }
    if signs::is_feedback(mail, &headers) {
        return Verdict::automatic(Automatic::Feedback, "abuse report");
    }
    if signs::is_receipt(mail, &headers) {
        return Verdict::automatic(Automatic::Receipt, "read receipt");
    }
    if dsn::is_bounce(mail) {
        return Verdict::automatic(Automatic::Bounce, "bounce (RFC 3464)");
    }
    by_header(mail, &headers, policy)
        .or_else(|| by_sender(mail, &headers))
        .or_else(|| by_words(mail, &headers))
        .unwrap_or_else(|| Verdict::written(suppressed(mail, &headers, policy)))
}

/// The desk's own mail coming back.
fn own(mail: &ParsedMail, headers: &Headers<'_>, policy: &Policy) -> Option<&'static str> {
    let is_own = |address: &str| policy.own_addresses.iter().any(|own| own.eq_ignore_ascii_case(address.trim()));
    if is_own(&mail.from.address) {
        return Some("from the desk's own address");
    }
    headers
        .all("x-loop")
        .any(|value| is_own(value.trim_matches(['<', '>', ' '])))
        .then_some("X-Loop with the desk's own address")
}

/// Header fields that machines put on what they write.
fn by_header(mail: &ParsedMail, headers: &Headers<'_>, policy: &Policy) -> Option<Verdict> {
    let reply = words::is_reply_subject(&mail.subject);
    let submitted = headers.first("auto-submitted").map(signs::keyword).filter(|word| !word.is_empty() && word != "no");
    if let Some(word) = submitted {
        let notice = word == "auto-generated" || word == "auto-notified";
        let away = words::is_away_subject(&mail.subject) || (reply && headers.first("in-reply-to").is_some());
        let kind = if notice && !away { Automatic::Notification } else { Automatic::AutoReply };
        let kind = if notice && headers.is_from_list(policy) { Automatic::List } else { kind };
        return Some(Verdict::automatic(kind, "Auto-Submitted (RFC 3834 §5)"));
    }
    if signs::is_autoresponder(headers) {
        return Some(Verdict::automatic(Automatic::AutoReply, "autoresponder header"));
    }
    if let Some(name) = signs::machine_header(headers) {
        return Some(Verdict::automatic(Automatic::Notification, name));
    }
    if headers.is_from_list(policy) {
        return Some(Verdict::automatic(Automatic::List, "mailing list (RFC 2919, RFC 2369)"));
    }
    let precedence = headers.first("precedence").map(signs::keyword).unwrap_or_default();
    match precedence.as_str() {
        "auto_reply" | "auto-reply" => Some(Verdict::automatic(Automatic::AutoReply, "Precedence: auto_reply")),
        "bulk" | "junk" if words::says_automatic(&mail.text) || words::is_away_subject(&mail.subject) => {
            Some(Verdict::automatic(Automatic::AutoReply, "Precedence: bulk"))
        }
        "bulk" | "junk" | "list" if !headers.is_own_list(policy) => {
            Some(Verdict::automatic(Automatic::List, "Precedence (RFC 3834 §2)"))
        }
        _ => None,
    }
}

/// Senders nobody answers from.
fn by_sender(mail: &ParsedMail, headers: &Headers<'_>) -> Option<Verdict> {
    // A web form writes as no-reply@ for the person named in Reply-To.
    let speaks_for = mail.reply_to.as_ref().is_some_and(|to| {
        !to.address.is_empty()
            && !to.address.eq_ignore_ascii_case(&mail.from.address)
            && !is_no_reply(&to.address)
            && !is_machine_sender(&to.address)
    });
    let sender = headers.first("sender").unwrap_or_default();
    let reply = words::is_reply_subject(&mail.subject);
    if (is_machine_sender(&mail.from.address) || signs::is_machine_agent(sender)) && !reply {
        let relayed = speaks_for && !signs::is_machine_agent(sender);
        return (!relayed).then(|| Verdict::automatic(Automatic::Notification, "machine sender"));
    }
    if is_no_reply(&mail.from.address) && !speaks_for {
        let kind = if words::is_away_subject(&mail.subject) { Automatic::AutoReply } else { Automatic::Notification };
        return Some(Verdict::automatic(kind, "no-reply sender"));
    }
    None
}

/// What the mail says of itself. Subjects that answer or forward something are another mail's words.
fn by_words(mail: &ParsedMail, headers: &Headers<'_>) -> Option<Verdict> {
    // RFC 3834 §5: somebody took the trouble to say that a person wrote it.
    if headers.first("auto-submitted").map(signs::keyword).as_deref() == Some("no") {
        return None;
    }
    if words::is_away_subject(&mail.subject) {
        return Some(Verdict::automatic(Automatic::AutoReply, "subject of an automatic reply"));
    }
    if words::is_alert_subject(&mail.subject) && words::is_alert_text(&mail.text) {
        return Some(Verdict::automatic(Automatic::Notification, "monitoring alert"));
    }
    if words::says_automatic(&mail.text) {
        let reply = words::is_reply_subject(&mail.subject) || headers.first("in-reply-to").is_some();
        let kind = if reply { Automatic::AutoReply } else { Automatic::Notification };
        return Some(Verdict::automatic(kind, "says that it was sent automatically"));
    }
    None
}

/// Why a mail a person may have written must not be answered by a machine.
fn suppressed(mail: &ParsedMail, headers: &Headers<'_>, policy: &Policy) -> Option<&'static str> {
    if mail.from.address.is_empty() {
        return Some("no sender address");
    }
    if mail.return_path.as_deref().is_some_and(|path| path.is_empty() || path.eq_ignore_ascii_case("mailer-daemon")) {
        return Some("null return path (RFC 3834 §2)");
    }
    let suppress = headers.all("x-auto-response-suppress").flat_map(|value| value.split([',', ';']));
    let blocks = |word: &str| ["all", "oof", "autoreply"].iter().any(|known| word.trim().eq_ignore_ascii_case(known));
    if suppress.into_iter().any(blocks) {
        return Some("X-Auto-Response-Suppress (MS-OXCMAIL)");
    }
    let path = mail.return_path.as_deref().unwrap_or_default();
    if [mail.from.address.as_str(), path].iter().any(|address| is_no_reply(address) || signs::is_list_address(address))
    {
        return Some("sender that takes no answers (RFC 3834 §2)");
    }
    if is_machine_sender(&mail.from.address) || signs::is_daemon(&mail.from.address) {
        return Some("machine sender");
    }
    if headers.is_own_list(policy) {
        return Some("through a mailing list (RFC 3834 §2)");
    }
    if headers.all("x-loop").next().is_some() {
        return Some("X-Loop");
    }
    // RFC 5321 §6.3: a mail that went through this many hosts is going round in circles.
    (headers.all("received").count() > super::hops::MAX_RECEIVED)
        .then_some("more than 50 Received fields (RFC 5321 §6.3)")
}
