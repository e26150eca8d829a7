//! Whole mails: one case for each thing the parser crate leaves to us, and any bytes at all.

use proptest::prelude::*;

use super::*;

fn read(raw: &[u8]) -> ParsedMail {
    parse(raw, &Policy::default())
}

#[test]
fn bytes_without_a_header_are_text() {
    let mail = read(b"hello world\r\nsecond line\r\n");
    assert_eq!(
        (mail.text.as_str(), mail.faults.as_slice()),
        ("hello world\nsecond line", &["no header".to_owned()][..])
    );
    assert_eq!(read(b"").faults, ["no header"]);
    assert!(!read(b"").fingerprint.is_empty());
}

#[test]
fn old_line_ends_and_leading_lines_do_not_hide_the_header() {
    for raw in [
        &b"From: a@b.example\rSubject: s\r\rbody\r"[..],
        b"\r\nFrom: a@b.example\r\nSubject: s\r\n\r\nbody",
        b"From: a@b.example\nSubject: s\n\nbody\n",
    ] {
        let mail = read(raw);
        assert_eq!(
            (mail.from.address.as_str(), mail.subject.as_str(), mail.text.as_str()),
            ("a@b.example", "s", "body"),
            "{raw:?}"
        );
    }
}

#[test]
fn the_first_of_two_fields_counts_and_the_sender_is_doubted() {
    let mail = read(b"From: a@b.example\r\nFrom: evil@c.example\r\nSubject: one\r\nSubject: two\r\nMessage-ID: <1@x>\r\nMessage-ID: <2@x>\r\n\r\nx");
    assert_eq!(
        (mail.from.address.as_str(), mail.subject.as_str(), mail.message_id.as_deref()),
        ("a@b.example", "one", Some("1@x"))
    );
    assert_eq!(mail.warnings, ["two From fields: the sender cannot be trusted"]);
    assert_eq!(mail.faults.len(), 3);
}

#[test]
fn a_header_cannot_be_injected() {
    let mail = read(b"From: =?utf-8?Q?x=0D=0ABcc:_v@c.example?= <a@b.example>\r\nSubject: =?utf-8?Q?hi=0D=0ABcc:_v@c.example=00?=\r\n\r\nx\0y");
    assert_eq!(mail.subject, "hi Bcc: v@c.example");
    assert_eq!(mail.from.name, "x Bcc: v@c.example");
    assert_eq!(mail.text, "xy");
}

#[test]
fn the_header_is_read() {
    let mail = read(
        "Return-Path: <>\r\nDelivered-To: Desk@A.example\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\nFrom: 山田 <y@b.example>\r\nTo: desk@a.example, \"B\" <b@b.example>\r\nCc: c@b.example\r\nReply-To: r@b.example\r\nMessage-ID: <m@x>\r\nIn-Reply-To: <p@x>\r\nReferences: <r@x>\r\n <p@x>\r\nSubject: =?utf-8?B?5Lu25ZCN?=\r\n\r\nThank you for your help with this.\r\n"
            .as_bytes(),
    );
    assert_eq!(mail.return_path.as_deref(), Some(""));
    assert_eq!(mail.delivered_to, ["desk@a.example"]);
    assert_eq!(mail.date.unwrap().rfc3339(), "2026-11-22T01:00:00.000Z");
    assert_eq!(mail.from, Address { name: "山田".to_owned(), address: "y@b.example".to_owned() });
    assert_eq!(mail.to.len() + mail.cc.len(), 3);
    assert_eq!(mail.reply_to.as_ref().unwrap().address, "r@b.example");
    assert_eq!((mail.in_reply_to.join(" "), mail.references.join(" ")), ("p@x".to_owned(), "r@x p@x".to_owned()));
    assert_eq!(mail.subject, "件名");
    assert_eq!(mail.language, Some(Language::En));
    assert_eq!(read(b"Date: yesterday\r\n\r\n").date, None);
    assert_eq!(read(b"Date: Sun, 22 Nov 9999 10:00:00 +0900\r\n\r\n").date, None);
    assert_eq!(read(b"Subject: s\r\n\r\n").return_path, None);
}

const WITH_FILE: &[u8] = b"From: a@b.example\r\nMessage-ID: <1@x>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello  there\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nUERG\r\n--b--\r\n";

#[test]
fn a_file_is_cut_out_by_its_sum() {
    let sum = &read(WITH_FILE).files[0].sha256;
    assert_eq!(file(WITH_FILE, sum).unwrap().bytes, b"PDF");
    assert_eq!(file(WITH_FILE, "00"), None);
}

#[test]
fn the_html_is_made_safe_only_when_asked_for() {
    let raw = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p onclick=x>hi <a href=\"http://evil.example/\">www.bank.example</a></p>";
    assert_eq!(read(raw).html, None);
    let mail = parse_with_html(raw, &Policy::default());
    assert!(mail.html.unwrap().starts_with("<p>hi <a href="));
    assert_eq!(mail.warnings.len(), 1);
}

#[test]
fn the_fingerprint_survives_a_rewritten_mail_and_nothing_else() {
    let of = |raw: &[u8]| read(raw).fingerprint;
    let text = String::from_utf8(WITH_FILE.to_vec()).unwrap();
    let base = of(WITH_FILE);
    for same in [
        text.replace("boundary=b", "boundary=\"qq\"").replace("--b", "--qq"),
        text.replace("\r\n\r\nHello  there", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nHello =\r\nthere"),
        text.replace("Content-Type: multipart", "Received: by x\r\nContent-Type: multipart"),
        text.replace("\r\n", "\n"),
    ] {
        assert_eq!(of(same.as_bytes()), base, "{same}");
    }
    for other in [
        text.replace("<1@x>", "<2@x>"),
        text.replace("10:00:00", "10:00:01"),
        text.replace("a@b.example", "c@b.example"),
        text.replace("there", "where"),
        text.replace("UERG", "UERH"),
    ] {
        assert_ne!(of(other.as_bytes()), base, "{other}");
    }
    assert_ne!(of(b"\x00\x01"), of(b"\x00\x02"));
}

#[test]
fn an_attached_message_is_read_but_does_not_judge_the_mail() {
    let inner = "From: MAILER-DAEMON@c.example\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n\r\nCould not be delivered.";
    let mail = |words: &str| {
        let raw = format!(
            "From: a@b.example\r\nSubject: question\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{words}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
        );
        read(raw.as_bytes())
    };
    let own = mail("Why does this come back?");
    assert_eq!((own.reply_text.as_str(), own.automatic), ("Why does this come back?", None));
    assert!(own.text.ends_with("Could not be delivered."), "{}", own.text);
    assert!(mail("").reply_text.ends_with("Could not be delivered."));
}

/// Pieces mails are made of, so that random joins reach deep.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&'static [u8]> = vec![
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"--b\r\n",
        b"--b--\r\n",
        b"From: ",
        b"Subject: ",
        b"To: ",
        b"Date: ",
        b"Message-ID: <a@b>\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/alternative; boundary=\"b\"\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: message/delivery-status\r\n",
        b"Content-Type: text/html; charset=iso-2022-jp\r\n",
        b"Content-Type: text/plain; format=flowed; delsp=yes\r\n",
        b"Content-Type: application/ms-tnef\r\n",
        b"Content-Type: text/plain; charset=utf-7\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%E3%8; filename*1*=2\r\n",
        b"=?utf-8?B?44OG?=",
        b"=?iso-2022-jp?Q?=1B$B?=",
        b"\x1b$B",
        b"\x1b(B",
        b"\x1b$G",
        b"\x83\x5c",
        b"\xe3\x83",
        b"<a@b.example>",
        b"\"",
        b"(",
        b"<",
        b">",
        b",",
        b"begin 644 x\n#0V%T\n",
        b"end\n",
        b"<blockquote>",
        b"</div>",
        b"<pre>",
        b"&amp;",
        b"&#x41;",
        b"PK\x03\x04",
        b"\x78\x9f\x3e\x22",
        b"=3D",
        b"=\r\n",
        b"On Monday X wrote:\n> q\n",
    ];
    prop_oneof![4 => prop::sample::select(known).prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 0..12)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read(raw in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse_with_html(&raw, &Policy::default());
        let _ = thread_key(&raw);
    }

    #[test]
    fn anything_like_a_mail_is_read(pieces in prop::collection::vec(piece(), 0..60)) {
        let raw = pieces.concat();
        let mail = parse_with_html(&raw, &Policy::default());
        let _ = thread_key(&raw);
        prop_assert_eq!(&mail.fingerprint, &parse(&raw, &Policy::default()).fingerprint);
        for text in [&mail.subject, &mail.from.name, &mail.from.address] {
            prop_assert!(!text.chars().any(char::is_control), "{:?}", text);
        }
        prop_assert!(!mail.text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
        for file in &mail.files {
            prop_assert!(!file.name.is_empty() && !file.name.contains(['/', '\\']));
        }
    }
}
