use super::*;
use crate::domain::Address;

fn mail(from: &str, content_type: &str, subject: &str, text: &str) -> ParsedMail {
    let header = |name: &str, value: &str| Header { name: name.to_owned(), raw: value.into(), value: value.to_owned() };
    ParsedMail {
        headers: vec![header("From", from), header("Content-Type", content_type)],
        from: Address { name: String::new(), address: from.to_owned() },
        return_path: Some(String::new()),
        subject: subject.to_owned(),
        text: text.to_owned(),
        ..ParsedMail::default()
    }
}

fn part(media_type: &str, body: &str) -> Part {
    Part { media_type: media_type.to_owned(), headers: Vec::new(), body: body.as_bytes().to_vec() }
}

const REPORT: &str = "multipart/report; report-type=delivery-status; boundary=x";

#[test]
fn a_report_names_recipient_status_action_and_the_returned_message() {
    let fields = "Reporting-MTA: dns; mx.b.example\n\nOriginal-Recipient: rfc822;ok@c.example\nFinal-Recipient: rfc822; ok@c.example\nAction: delivered\nStatus: 2.0.0\n\nFinal-Recipient: RFC822; <bad@c.example>\nAction: failed (permanent)\nStatus: 5.0.0 (other)\nDiagnostic-Code: smtp; 550-5.1.1 no such\n user\n";
    let parts = [
        part("text/plain", "It failed."),
        part("message/delivery-status", fields),
        part("message/rfc822", "Return-Path: <a@b.example>\nMessage-ID:\n <id-1@b.example>\nSubject: x\n\nbody"),
    ];
    let bounce = read(&mail("MAILER-DAEMON@b.example", REPORT, "Undelivered", "It failed."), &parts).unwrap();
    assert_eq!(bounce.recipient.as_deref(), Some("bad@c.example"));
    assert_eq!(bounce.status.as_deref(), Some("5.1.1"));
    assert_eq!(bounce.action.as_deref(), Some("failed"));
    assert_eq!(bounce.original_message_id.as_deref(), Some("id-1@b.example"));
}

#[test]
fn a_delay_is_not_a_failure() {
    let parts = [
        part("message/delivery-status", "Final-Recipient: rfc822; a@c.example\nAction: delayed\nStatus: 4.4.1\n"),
        part("text/rfc822-headers", "Message-Id: <id-2@b.example>\n"),
    ];
    let bounce = read(&mail("MAILER-DAEMON@b.example", REPORT, "Delayed Mail", ""), &parts).unwrap();
    assert_eq!((bounce.action.as_deref(), bounce.status.as_deref()), (Some("delayed"), Some("4.4.1")));
    assert_eq!(bounce.original_message_id.as_deref(), Some("id-2@b.example"));
}

/// Subject, text, recipient, status.
const IN_WORDS: &[(&str, &str, &str, &str)] = &[
    (
        "Undeliverable Mail",
        "a@c.example: mailbox full, we gave up.\n\nOriginal message follows.\n\nMessage-ID: <id@h.example>\n\nIt says 550 5.7.1 denied.",
        "a@c.example",
        "5.2.2",
    ),
    (
        "failure notice",
        "Hi. This is the qmail-send program at ns.b.example.\n\n<a@c.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <d@h.example>\nMessage-ID: <id@h.example>\n",
        "a@c.example",
        "5.1.1",
    ),
    (
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.b.example.\n\n<a@c.example>: host mx.c.example[198.51.100.20] said: 552\n    5.2.2 Mailbox full (in reply to end of DATA command)\n",
        "a@c.example",
        "5.2.2",
    ),
    (
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\n  a@c.example\n    SMTP error from remote mail server after RCPT TO:<a@c.example>:\n    host mx.c.example [192.0.2.1]: 550 unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <id@h.example>\n",
        "a@c.example",
        "5.1.1",
    ),
    (
        "Returned mail: User unknown",
        "   ----- The following addresses had permanent fatal errors -----\n<a@c.example>\n\n   ----- Transcript of session follows -----\n>>> RCPT To:<a@c.example>\n<<< 550 <a@c.example>... User unknown\n   ----- Original message follows -----\nMessage-Id: <id@h.example>\n",
        "a@c.example",
        "5.1.1",
    ),
    (
        "Returned mail: User unknown",
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n<a@docomo.example>\n550 Unknown user a@docomo.example\n",
        "a@docomo.example",
        "5.1.1",
    ),
    (
        "Mail System Error - Returned Mail",
        "The user(s) account is disabled.\n\n<a@ezweb.example>: 550 user unknown\n",
        "a@ezweb.example",
        "5.1.1",
    ),
    (
        "配信不能: x",
        "a@c.example へのメッセージを配信できませんでした。\n\n状態コード: 550 5.1.10\n",
        "a@c.example",
        "5.1.10",
    ),
    (
        "Undeliverable: x",
        "Your message did not reach the following recipient(s):\n\na@c.example on Mon, 1 Jan 2024\n    The e-mail account does not exist.  <mx.b.example #5.1.1>\n",
        "a@c.example",
        "5.1.1",
    ),
    (
        "Warning: could not send message for past 4 hours",
        "** THIS IS A WARNING MESSAGE ONLY **\n<a@c.example>... Deferred: Connection timed out\n",
        "a@c.example",
        "4.4.1",
    ),
    (
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n<a@c.example>:\n552: Quota exceeded\n",
        "a@c.example",
        "5.2.2",
    ),
    (
        "Delivery Notification",
        "Your mail sent on: Thu, 29 Apr 2010\nCould not be delivered to:\n<a@c.example>\nAs their mailbox is full.\n",
        "a@c.example",
        "5.2.2",
    ),
    ("Mail delivery failed", "Version 5.5.2650.21 at 10.5.5.1 gave up on a@c.example\n", "a@c.example", "5.0.0"),
];

#[test]
fn bounces_in_words_are_read() {
    for (subject, text, recipient, status) in IN_WORDS {
        let bounce = read(&mail("MAILER-DAEMON@b.example", "text/plain", subject, text), &[]).unwrap();
        assert_eq!(bounce.recipient.as_deref(), Some(*recipient), "{text}");
        assert_eq!(bounce.status.as_deref(), Some(*status), "{text}");
        if text.contains("<id@h.example>") {
            assert_eq!(bounce.original_message_id.as_deref(), Some("id@h.example"), "{text}");
        }
    }
}

#[test]
fn amazon_tells_by_json() {
    let text = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@c.example","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 unknown"}]}}"#;
    let mut mail = mail("no-reply@sns.amazonaws.example", "text/plain", "AWS Notification Message", text);
    mail.return_path = Some("x@amazonses.example".to_owned());
    let bounce = read(&mail, &[]).unwrap();
    assert_eq!((bounce.recipient.as_deref(), bounce.status.as_deref()), (Some("a@c.example"), Some("5.1.1")));
}

#[test]
fn people_who_forward_or_describe_a_bounce_send_none() {
    let cases = [
        ("taro@c.example", "Fwd: Undelivered Mail Returned to Sender", "This is the mail system at host x."),
        ("taro@c.example", "メールが届きません", "This is the mail system at host x. User unknown"),
        ("postmaster@c.example", "移転の相談", "サーバーを移転します。"),
    ];
    for (from, subject, text) in cases {
        let mut mail = mail(from, "text/plain", subject, text);
        mail.return_path = Some(from.to_owned());
        let parts =
            [part("message/delivery-status", "Final-Recipient: rfc822; a@c.example\nAction: failed\nStatus: 5.1.1\n")];
        assert_eq!(read(&mail, &parts), None, "{from} {subject}");
    }
}
