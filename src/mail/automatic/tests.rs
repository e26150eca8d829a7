use super::*;
use crate::domain::Address;
use crate::mail::Header;

/// A mail from `from` with `headers` (`Name: value` lines), `subject` and `text`.
fn mail(from: &str, headers: &str, subject: &str, text: &str) -> ParsedMail {
    let fields = headers.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| Header {
        name: name.to_owned(),
        raw: value.trim().as_bytes().to_vec(),
        value: value.trim().to_owned(),
    });
    let headers: Vec<Header> = fields.collect();
    let path = headers.iter().find(|header| header.name == "Return-Path");
    let reply_to = headers.iter().find(|header| header.name == "Reply-To");
    ParsedMail {
        return_path: path.map(|header| header.value.trim_matches(['<', '>']).to_owned()),
        reply_to: reply_to.map(|header| Address { name: String::new(), address: header.value.clone() }),
        headers,
        from: Address { name: String::new(), address: from.to_owned() },
        subject: subject.to_owned(),
        text: text.to_owned(),
        ..ParsedMail::default()
    }
}

fn policy() -> Policy {
    Policy { own_addresses: vec!["desk@help.example".to_owned()], authserv_id: None }
}

#[test]
fn machines_are_told_by_header_sender_subject_and_words() {
    use Automatic::{AutoReply, Bounce, Feedback, List, Notification, Own, Receipt};
    let cases: &[(Automatic, &str, &str, &str, &str)] = &[
        (AutoReply, "a@b.example", "Auto-Submitted: auto-replied", "Re: x", ""),
        (AutoReply, "a@b.example", "Auto-Submitted: auto-replied (vacation); owner=\"a\"", "x", ""),
        (AutoReply, "a@b.example", "Auto-Submitted: auto-generated", "自動応答: x", ""),
        (Notification, "a@b.example", "Auto-Submitted: auto-generated", "x", ""),
        (AutoReply, "a@b.example", "X-Autoreply: yes", "x", ""),
        (AutoReply, "a@b.example", "Precedence: auto_reply", "x", ""),
        (AutoReply, "a@b.example", "X-FC-MachineGenerated: true", "x", ""),
        (AutoReply, "a@b.example", "", "Automatic reply: x", "I am away."),
        (AutoReply, "a@b.example", "", "Out of Office: x", ""),
        (AutoReply, "a@b.example", "", "Abwesenheitsnotiz: x", ""),
        (AutoReply, "a@b.example", "", "Réponse automatique : x", ""),
        (AutoReply, "a@b.example", "", "自動応答: x", ""),
        (AutoReply, "a@b.example", "", "【不在通知】5/20～5/24", "出張中です。"),
        (AutoReply, "a@b.example", "", "【自動返信】受け付けました", ""),
        (AutoReply, "a@b.example", "", "Re: 契約", "※本メールは、受信の確認のため自動的に送信しております。"),
        (Notification, "a@b.example", "", "お振込", "お知らせ\n\nこのメールは送信専用アドレスから自動送信しています。"),
        (Notification, "a@b.example", "", "Receipt", "This is an automated message, please do not reply."),
        (List, "a@b.example", "List-Id: users <users.lists.example>", "[users] x", "hi"),
        (List, "a@b.example", "Precedence: list", "x", "hi"),
        (List, "a@b.example", "List-Unsubscribe: <https://b.example/u>", "News", "hi"),
        (List, "a@b.example", "X-ML-Name: users", "[users:01] x", "hi"),
        (Notification, "root@web01.b.example", "X-Cron-Env: <SHELL=/bin/sh>", "Cron <root@web01> x", "done"),
        (Notification, "zabbix@b.example", "", "障害: web01", "障害名: x"),
        (Notification, "nagios@b.example", "", "** PROBLEM Service Alert: db is CRITICAL **", "x"),
        (Notification, "no-reply@b.example", "", "通知", "x"),
        (Notification, "a@b.example", "Sender: Google Calendar <calendar-notification@google.com>", "招待状: x", ""),
        (
            Feedback,
            "fbl@b.example",
            "Content-Type: multipart/report; report-type=feedback-report; boundary=x",
            "FW: x",
            "",
        ),
        (
            Feedback,
            "staff@hotmail.com",
            "Content-Type: multipart/mixed; boundary=x",
            "complaint about message from 192.0.2.1",
            "",
        ),
        (
            Receipt,
            "a@b.example",
            "Content-Type: multipart/report; report-type=\"disposition-notification\"",
            "開封済み: x",
            "",
        ),
        (Bounce, "MAILER-DAEMON@b.example", "", "x", ""),
        (Bounce, "a@b.example", "Content-Type: multipart/report; boundary=x; report-type=delivery-status", "x", ""),
        (Bounce, "postmaster@b.example", "Return-Path: <>", "Undeliverable: x", ""),
        (Own, "Desk@help.example", "", "x", ""),
        (Own, "a@b.example", "X-Loop: desk@help.example", "x", ""),
    ];
    for (kind, from, headers, subject, text) in cases {
        let verdict = judge(&mail(from, headers, subject, text), &policy());
        assert_eq!(verdict.automatic, Some(*kind), "{from} {headers} {subject} {text}");
        assert!(verdict.no_auto_answer.is_some());
    }
}

#[test]
fn people_whose_mail_looks_automatic_are_people() {
    let cases: &[(&str, &str, &str, &str, bool)] = &[
        (
            "a@b.example",
            "Auto-Submitted: no",
            "「このメールは送信専用です」に返信しました",
            "このメールは自動送信です と書いてありました。",
            false,
        ),
        ("a@b.example", "", "Re: 自動返信メールが届きません", "自動返信メールが届きません。", false),
        (
            "a@b.example",
            "",
            "Re: 【自動返信】受け付けました",
            "追加です。\n\n> ※このメールは自動送信しています。",
            false,
        ),
        ("a@b.example", "", "来週の不在について", "来週は不在にします。", false),
        ("a@b.example", "", "Out of office の設定方法", "How do I set an automatic reply?", false),
        (
            "a@b.example",
            "",
            "Fwd: Undelivered Mail Returned to Sender",
            "戻ってきました。\n\n---------- Forwarded message ---------\nThis is the mail system at host x.",
            false,
        ),
        ("a@b.example", "", "メールが届かない", "user unknown と返ってきます。", false),
        ("a@b.example", "", "Re: 障害: web01", "直しました。\n\n> 障害名: x", false),
        ("a@b.example", "", "質問", "このメールは自動的に転送されますか？", false),
        (
            "postmaster@b.example",
            "Return-Path: <postmaster@b.example>",
            "サーバー移転の相談",
            "postmaster の山田です。",
            false,
        ),
        ("a@b.example", "X-Auto-Response-Suppress: DR, RN, NRN", "x", "x", false),
        ("a@b.example", "X-Auto-Response-Suppress: All", "x", "x", true),
        ("a@b.example", "X-Auto-Response-Suppress: DR, OOF, AutoReply", "x", "x", true),
        ("a@b.example", "Return-Path: <>", "x", "x", true),
        ("a@b.example", "List-Id: <desk.help.example>", "x", "x", true),
        ("a@b.example", "List-Post: <mailto:desk@help.example>\nPrecedence: list", "x", "x", true),
        ("noreply@form.example", "Reply-To: customer@b.example", "お問い合わせ", "x", true),
        ("", "", "x", "x", true),
    ];
    for (from, headers, subject, text, suppressed) in cases {
        let verdict = judge(&mail(from, headers, subject, text), &policy());
        assert_eq!(verdict.automatic, None, "{from} {headers} {subject}");
        assert_eq!(verdict.no_auto_answer.is_some(), *suppressed, "{from} {headers} {subject}");
    }
}

#[test]
fn a_mail_that_went_round_in_circles_gets_no_answer() {
    let headers = "Received: from x\n".repeat(51);
    let verdict = judge(&mail("a@b.example", &headers, "x", "x"), &policy());
    assert_eq!(verdict.automatic, None);
    assert!(verdict.no_auto_answer.is_some());
}
