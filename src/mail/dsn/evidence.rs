//! Whether a mail is a bounce, from its header and words alone.

use super::super::ParsedMail;
use super::super::automatic::{is_daemon, is_reply_subject, report_type};

/// Whether `mail` is a delivery status notification or a bounce in another form.
///
/// Any one of: a delivery-status report, the mail system as sender, the header fields of Exim and Exchange, Amazon's
/// notification. Or two of: null return path or postmaster, a bounce's subject, a bounce's words.
pub(in crate::mail) fn is_bounce(mail: &ParsedMail) -> bool {
    let header = |name: &str| {
        mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.as_str())
    };
    if header("content-type").and_then(report_type).is_some_and(|kind| kind.contains("delivery-status")) {
        return true;
    }
    if header("x-ms-exchange-message-is-ndr").is_some() || header("x-failed-recipients").is_some() {
        return true;
    }
    if is_amazon_bounce(&mail.text) {
        return true;
    }
    let raw_from = header("from").unwrap_or_default();
    if is_daemon(&mail.from.address)
        || is_daemon_name(&mail.from.name)
        || (mail.from.address.is_empty() && is_daemon_name(raw_from))
    {
        return !is_vacation(mail) || is_bounce_subject(&mail.subject);
    }
    let path = mail.return_path.as_deref();
    // A list server that refuses a post.
    if header("x-mlserver").is_some()
        && ["not member", "not a member", "rejected"].iter().any(|word| mail.text.contains(word))
    {
        return true;
    }
    let null_path = path.is_some_and(|path| path.trim_matches(['<', '>', ' ']).is_empty() || is_daemon(path));
    let postmaster = is_postmaster(&mail.from.address);
    let subject = is_bounce_subject(&mail.subject);
    if is_reply_subject(&mail.subject) && !(null_path || postmaster) {
        return false;
    }
    // Most mail has none of these: its text is not searched.
    let signs = [null_path, postmaster, subject].into_iter().filter(|sign| *sign).count();
    signs >= 2 || (signs == 1 && is_bounce_text(&mail.text))
}

fn is_postmaster(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local).to_ascii_lowercase();
    let local: String = local.chars().filter(|c| !matches!(c, '_' | '-' | '.')).collect();
    local.starts_with("postmaster") || local.ends_with("postmaster") || local == "mmsmaster" || local == "mailadmin"
}

fn is_daemon_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["mailer-daemon", "mailer daemon", "mail delivery s", "mail deliver system", "system administrator <postmaster"]
        .iter()
        .any(|known| name.contains(known))
}

fn is_vacation(mail: &ParsedMail) -> bool {
    let subject = mail.subject.to_lowercase();
    ["out of office", "automatic reply", "自動応答", "自動返信", "不在"].iter().any(|word| subject.contains(word))
}

/// Amazon SES tells of bounces by JSON (SNS) and, to its receivers, by mail.
fn is_amazon_bounce(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{')
        && ["\"notificationType\"", "\"eventType\""].iter().any(|key| text.contains(key))
        && (text.contains("\"bounceType\"") || text.contains("\"smtpResponse\""))
}

/// Beginnings of subjects mail systems write, lower case.
const SUBJECTS: &[&str] = &[
    "undeliver",
    "undelivered",
    "returned mail",
    "mail delivery fail",
    "mail delivery system",
    "mail delivery status",
    "mail delivery problem",
    "mail delivery error",
    "mail delivery notification",
    "delivery status notification",
    "delivery notification",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "delivery report",
    "delivery delayed",
    "delivery delay",
    "delivery problem",
    "failure notice",
    "failed mail",
    "failed delivery",
    "failure delivery",
    "failed to deliver",
    "message delivery",
    "message could not be delivered",
    "message not delivered",
    "mail could not be delivered",
    "mail not delivered",
    "mail system error",
    "mail failure",
    "mail error",
    "warning: message",
    "warning: could not send",
    "warning--could not send",
    "warning from mail",
    "delayed mail",
    "non remis",
    "non delivery",
    "nondeliverable",
    "non-deliverable",
    "non-delivery",
    "permanent delivery failure",
    "permanent failure",
    "unzustellbar",
    "nicht zustellbar",
    "zustellung fehlgeschlagen",
    "mail zurück",
    "échec de",
    "non délivr",
    "impossible de remettre",
    "no se puede entregar",
    "no se pudo entregar",
    "error de entrega",
    "mancato recapito",
    "impossibile recapitare",
    "onbestelbaar",
    "niet bezorgd",
    "ошибка доставки",
    "ваше сообщение не доставлено",
    "недоставленное",
    "не удалось доставить",
    "недоставлено",
    "não entregue",
    "falha na entrega",
    "配信不能",
    "配信不可",
    "配信エラー",
    "配送エラー",
    "配送できなかった",
    "配信できなかった",
    "配信できません",
    "配送不能",
    "送信エラー",
    "送信できません",
    "送信不能",
    "未配信",
    "メール配信エラー",
    "メール送信エラー",
    "メールを配信できません",
    "メールシステムエラー",
    "エラーメール",
    "宛先不明",
    "配達不能",
    "配信に失敗",
    "送信に失敗",
    "メッセージを配信できません",
    "undeliverable",
    "email delivery failure",
    "e-mail delivery",
    "could not deliver",
    "couldn't deliver",
    "unable to deliver",
    "не доставлен",
    "退信",
    "系统退信",
    "无法投递",
    "郵件無法",
    "rejected mail",
    "mail rejected",
    "your message could not",
    "your mail could not",
    "message you sent blocked",
    "there was an error sending your mail",
    "email bounce",
    "bounced",
    "[postmaster] email delivery",
    "message status - undeliverable",
    "mail system error - returned mail",
    "delivery-status",
    "delivery status",
    "returned e-mail",
    "returned email",
    "returned to sender",
    "return mail",
];

/// Subjects of mail systems, at the start only: people write the words further on.
pub(super) fn is_bounce_subject(subject: &str) -> bool {
    let subject = subject.trim().trim_start_matches(['*', '[', '【', '<', ' ', '!', '#', '-']).to_lowercase();
    SUBJECTS.iter().any(|start| subject.starts_with(start))
        || ["mail delivery failed", "returning message to sender", "returned to sender"]
            .iter()
            .any(|phrase| subject.contains(phrase))
}

/// Said above the returned message, lower case.
const PHRASES: &[&str] = &[
    "this is the mail system at host",
    "this is the qmail-send program",
    "i'm afraid i wasn't able to deliver your message",
    "message could not be delivered",
    "could not be delivered to",
    "couldn't be delivered",
    "was not delivered to",
    "has not been delivered",
    "undeliverable",
    "unable to deliver message",
    "unable to deliver your message",
    "failed to deliver",
    "delivery to the following recipient",
    "delivery has failed to these",
    "delivery failed",
    "the following address",
    "the following recipient",
    "following addresses had",
    "permanent fatal errors",
    "transient non-fatal errors",
    "fatal errors",
    "delivery errors",
    "had delivery problems",
    "an email you sent was rejected",
    "your message to the following",
    "your message did not reach",
    "did not reach the following recipient",
    "could not send message for",
    "message has been rejected",
    "your message was rejected",
    "this is a permanent error",
    "no such user here",
    "invalid user address",
    "user unknown",
    "unknown user",
    "mailbox is full",
    "mailbox full",
    "mailbox unavailable",
    "recipient address rejected",
    "requested action not taken",
    "no valid recipients",
    "mail delivery subsystem",
    "the original message was received at",
    "this message was created automatically by mail delivery",
    "reporting-mta:",
    "final-recipient:",
    "error message below",
    "as their mailbox is full",
    "message from yahoo",
    "sorry, we were unable to deliver",
    "permanently rejected",
    "the user(s) account is",
    "invalid recipient",
    "konnte nicht zugestellt werden",
    "nicht zugestellt",
    "n'a pas pu être remis",
    "n'a pas pu être délivré",
    "no se pudo entregar",
    "non è stato possibile recapitare",
    "не может быть доставлено",
    "не было доставлено",
    "was undeliverable",
    "kon niet worden bezorgd",
    "あて先へのメッセージはエラー",
    "送信できませんでした",
    "配信できませんでした",
    "配送できませんでした",
    "届けることができませんでした",
    "お届けできませんでした",
    "配信することができませんでした",
    "配送することができませんでした",
    "送信先メールアドレスが見つからない",
    "宛先が見つかりません",
    "宛先不明",
    "配信に失敗",
    "配送に失敗",
    "送信に失敗しました",
    "未送信",
    "送信されませんでした",
    "お送りできませんでした",
];

/// What mail systems write above the returned message. Looked for in the beginning only, outside of quotes.
fn is_bounce_text(text: &str) -> bool {
    let mut end = text.len().min(6000);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let lower = text[..end].to_lowercase();
    PHRASES.iter().any(|phrase| lower.contains(phrase))
}
