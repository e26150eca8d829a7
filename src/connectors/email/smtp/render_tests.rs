use super::*;
use crate::domain::{Channel, Language, OutboundKind, TicketId, Timestamp};

fn outbound(kind: OutboundKind) -> Outbound {
    Outbound {
        dedupe_key: "reply:1042:0".to_owned(),
        ticket: Some(TicketId(1042)),
        channel: Channel::Email,
        source: "support".to_owned(),
        kind,
        place: None,
        offers: Vec::new(),
        replaces: None,
        notice: None,
        to: vec![Address { name: "山田 太郎".to_owned(), address: "taro..y.@docomo.ne.jp".to_owned() }],
        cc: Vec::new(),
        subject: "Re: 請求書について".to_owned(),
        text: "お問い合わせありがとうございます。\n受付番号は T-1042 です。\n".to_owned(),
        language: Language::Ja,
        message_id: "T1042.1.ABCDEFGHIJKLMNOP.reply-1042-0@desk.example.test".to_owned(),
        in_reply_to: Some("question@example.com".to_owned()),
        references: vec!["first@example.com".to_owned(), "question@example.com".to_owned()],
        send_at: Timestamp(1_790_814_600_000),
    }
}

fn desk() -> Address {
    Address { name: String::new(), address: "support@example.test".to_owned() }
}

fn text_of(outbound: &Outbound) -> String {
    String::from_utf8(render(outbound, &desk(), "サポート窓口", ReplyTo::From).unwrap()).unwrap()
}

/// The header fields, unfolded.
fn fields(text: &str) -> Vec<String> {
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

#[test]
fn an_automatic_answer_looks_like_this() {
    let golden = "\
Date: Thu, 01 Oct 2026 00:30:00 +0000
From: =?utf-8?b?44K144Od44O844OI56qT5Y+j?= <support@example.test>
To: =?utf-8?b?5bGx55SwIOWkqumDjg==?= <\"taro..y.\"@docomo.ne.jp>
Message-ID: <T1042.1.ABCDEFGHIJKLMNOP.reply-1042-0@desk.example.test>
In-Reply-To: <question@example.com>
References: <first@example.com> <question@example.com>
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
Precedence: bulk
Subject: Re: =?utf-8?b?6KuL5rGC5pu444Gr44Gk44GE44Gm?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

44GK5ZWP44GE5ZCI44KP44Gb44GC44KK44GM44Go44GG44GU44GW44GE44G+44GZ44CCDQrlj5fk
u5jnlarlj7fjga8gVC0xMDQyIOOBp+OBmeOAgg0K
";
    let text = text_of(&outbound(OutboundKind::Acknowledgement));
    assert_eq!(text, golden.replace('\n', "\r\n"));
}

#[test]
fn what_a_person_wrote_carries_no_mark_of_a_machine() {
    let text = text_of(&outbound(OutboundKind::AgentReply));
    for name in ["Auto-Submitted", "X-Auto-Response-Suppress", "Precedence"] {
        assert!(!text.contains(name), "{name}");
    }
}

#[test]
fn one_outbound_gives_the_same_bytes_each_time() {
    let outbound = outbound(OutboundKind::Answer);
    assert_eq!(
        render(&outbound, &desk(), "a", ReplyTo::Plus).unwrap(),
        render(&outbound, &desk(), "a", ReplyTo::Plus).unwrap()
    );
}

#[test]
fn hostile_values_add_no_header_and_no_overlong_line() {
    let plain = fields(&text_of(&outbound(OutboundKind::Answer))).len();
    let evil = "x\r\nBcc: victim@example.com\r\n\r\nbody\0\u{202E}\u{85}\u{2028}y";
    let mut hostile = outbound(OutboundKind::Answer);
    hostile.subject = evil.to_owned();
    hostile.to[0].name = evil.to_owned();
    hostile.in_reply_to = Some(evil.to_owned());
    hostile.references = vec![evil.to_owned(), "ok@example.com".to_owned(), "a".repeat(2_000), "日本@x".to_owned()];
    hostile.message_id = format!("<{}>", hostile.message_id);
    hostile.cc.push(Address { name: String::new(), address: evil.to_owned() });
    hostile.text = format!("{}\r\rbare\rcr\0\u{7}\n.\nend", "長".repeat(5_000));
    let text = String::from_utf8(render(&hostile, &desk(), evil, ReplyTo::From).unwrap()).unwrap();
    let fields = fields(&text);
    // In-Reply-To is unusable and left out.
    assert_eq!(fields.len(), plain - 1, "{fields:#?}");
    assert!(!fields.iter().any(|field| field.to_lowercase().starts_with("bcc")));
    assert!(fields.contains(&"References: <ok@example.com>".to_owned()), "{fields:#?}");
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n', '\0'])));
    for (name, subject) in [("\"a\" <b@c>", "日".repeat(400)), ("a, b; c", "x".repeat(3_000)), ("", String::new())] {
        let mut odd = outbound(OutboundKind::Answer);
        odd.to[0].name = name.to_owned();
        odd.subject = subject;
        let text = text_of(&odd);
        assert!(text.split("\r\n").all(|line| line.len() <= 998), "{name}");
        assert!(text.is_ascii());
    }
}

#[test]
fn long_threads_keep_the_first_reference_and_the_last() {
    let mut long = outbound(OutboundKind::Answer);
    long.references = (0..50).map(|n| format!("m{n}@example.com")).collect();
    let fields = fields(&text_of(&long));
    let references = fields.iter().find(|field| field.starts_with("References")).unwrap();
    assert_eq!(references.matches('<').count(), 20);
    assert!(references.contains("<m0@") && references.contains("<m49@") && !references.contains("<m10@"));
}

#[test]
fn a_mail_to_nobody_is_refused() {
    let mut nobody = outbound(OutboundKind::Answer);
    nobody.to = vec![Address { name: String::new(), address: "U024BE7LH".to_owned() }];
    assert!(matches!(render(&nobody, &desk(), "", ReplyTo::From), Err(SendError::Permanent { .. })));
    let unnamed = Address { name: String::new(), address: String::new() };
    assert!(matches!(
        render(&outbound(OutboundKind::Answer), &unnamed, "", ReplyTo::From),
        Err(SendError::NeedsOperator { .. })
    ));
}

#[test]
fn answers_are_asked_for_at_an_address_that_names_the_ticket() {
    let id = "T1042.1.ABCDEFGHIJKLMNOP.reply-1042-0@desk.example.test";
    let long = format!("{}@example.test", "s".repeat(40));
    for (id, from, wanted) in [
        (id, "support@example.test", Some("support+T1042.1.ABCDEFGHIJKLMNOP@example.test")),
        (id, "support+desk@example.test", Some("support+T1042.1.ABCDEFGHIJKLMNOP@example.test")),
        ("1042@desk.example.test", "support@example.test", None),
        ("a.b.c d@desk.example.test", "support@example.test", None),
        (id, long.as_str(), None),
    ] {
        let outbound = Outbound { message_id: id.to_owned(), ..outbound(OutboundKind::Acknowledgement) };
        let from = Address { name: String::new(), address: from.to_owned() };
        let text = String::from_utf8(render(&outbound, &from, "", ReplyTo::Plus).unwrap()).unwrap();
        let field = fields(&text).into_iter().find_map(|field| field.strip_prefix("Reply-To: ").map(str::to_owned));
        assert_eq!(field.as_deref(), wanted, "{id} {}", from.address);
    }
}
