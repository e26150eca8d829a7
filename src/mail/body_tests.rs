use super::*;
use crate::mail::limits;

fn read(raw: &str) -> Collected {
    collect(raw.replace('\n', "\r\n").as_bytes())
}

fn names(collected: Collected) -> Vec<String> {
    collected.files.into_vec().into_iter().map(|file| file.name).collect()
}

fn mixed(parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
    format!("Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n{}--b--\n", parts.concat())
}

#[test]
fn the_body_is_chosen_among_forms() {
    let alternative = |plain: &str, html: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\n{plain}\n--a\nContent-Type: text/html\n\n{html}\n--a--\n"
        )
    };
    for (raw, wanted) in [
        ("Subject: s\n\nplain\n".to_owned(), "plain"),
        ("Content-Type: text/html\n\n<p>only <b>html</b></p>\n".to_owned(), "only html"),
        (alternative("plain", "<p>html</p>"), "plain"),
        (alternative("", "<p>html</p>"), "html"),
        (alternative("  \n", "<p>html</p>"), "html"),
        (
            alternative("Your mail program cannot show HTML.", &format!("<p>{}</p>", "word ".repeat(40).trim())),
            &"word ".repeat(40),
        ),
        (mixed(&["\none", "Content-Type: text/html\n\n<p>two</p>"]), "one\n\ntwo"),
        (mixed(&["Content-Type: text/plain; name=a.txt\n\nonly a file"]), "only a file"),
        (
            mixed(&[
                "Content-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:Meeting\\, weekly\nDTSTART:20261122T010000Z\nEND:VEVENT",
            ]),
            "Meeting, weekly\nDTSTART: 20261122T010000Z",
        ),
        (mixed(&["Content-Type: image/png; name=a.png\n\nPNG"]), ""),
    ] {
        assert_eq!(read(&raw).text, wanted.trim(), "{raw}");
    }
}

#[test]
fn the_html_form_is_kept_for_showing() {
    let raw = "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\nContent-Type: text/html\n\n<p>html</p>\n--a--\n";
    assert_eq!(read(raw).html.unwrap().trim(), "<p>html</p>");
    assert_eq!(read("Subject: s\n\nplain").html, None);
}

#[test]
fn flowed_text_is_joined() {
    let raw = "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n\nこれは \n日本語 \nです。\n次の行\n";
    assert_eq!(read(raw).text, "これは日本語です。\n次の行");
}

#[test]
fn transfer_encodings_are_read_under_odd_names() {
    for encoding in ["base64", "\"base64\"", "base64 ; x", "BASE64"] {
        assert_eq!(read(&format!("Content-Transfer-Encoding: {encoding}\n\naGVsbG8=\n")).text, "hello", "{encoding}");
    }
    assert_eq!(read("Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n#0V%T\n`\nend\n").text, "Cat");
    assert_eq!(read("Content-Transfer-Encoding: 8-bit-foo\n\nbody\n").text, "body");
}

#[test]
fn files_are_found_with_safe_and_unique_names() {
    let raw = mixed(&[
        "\nbody\nbegin 644 ../uu.txt\n#0V%T\n`\nend",
        "Content-Type: application/pdf; name=\"a.pdf\"\nContent-Disposition: attachment\n\nPDF",
        "Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''%E8%A6%8B%E7%A9%8D.pdf\n\nPDF2",
        "Content-Type: application/pdf; name=\"/tmp/A.PDF\"\n\nPDF3",
        "Content-Type: image/png\nContent-ID: <i@x>\nContent-Disposition: inline\n\nPNG",
        "Content-Type: message/external-body; access-type=URL; URL=\"http://169.254.169.254/\"\n\nContent-Type: text/plain\n\n",
        "Content-Type: message/partial; id=1; number=1; total=2\n\nSubject: x\n\nx",
    ]);
    let collected = read(&raw);
    assert_eq!(collected.text, "body");
    assert_eq!(
        names(collected),
        ["uu.txt", "a.pdf", "見積.pdf", "A-2.PDF", "attachment.png", "attachment.bin", "attachment.eml"]
    );
}

#[test]
fn a_picture_the_html_shows_is_inline() {
    let raw = "Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<img src=\"cid:i@x\">text\n--r\nContent-Type: image/png; name=a.png\nContent-ID: <i@x>\nContent-Disposition: attachment\n\nPNG\n--r--\n";
    assert!(read(raw).files.into_vec()[0].inline);
}

#[test]
fn messages_inside_are_opened_and_kept_as_files() {
    let inner = "From: in@b.example\nSubject: inner\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\ninner text\n--c\nContent-Type: application/pdf; name=in.pdf\n\nPDF\n--c--";
    let encoded = "RnJvbTogaW5AYi5leGFtcGxlClN1YmplY3Q6IGVuY29kZWQKCmVuY29kZWQgdGV4dAo=";
    let raw = mixed(&[
        "\nouter",
        &format!("Content-Type: message/rfc822\n\n{inner}"),
        &format!("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}"),
        "Content-Type: application/pdf; name=out.pdf\n\nPDF",
    ]);
    let collected = read(&raw);
    assert_eq!(collected.text, "outer");
    assert!(collected.nested_text.contains("Subject: inner\n\ninner text"), "{}", collected.nested_text);
    assert!(collected.nested_text.contains("encoded text"));
    assert_eq!(names(collected), ["inner.eml", "in.pdf", "encoded.eml", "out.pdf"]);
}

#[test]
fn the_returned_message_is_no_text_of_a_report() {
    let raw = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nCould not be delivered\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nStatus: 5.1.1\n--b\nContent-Type: message/rfc822\n\nSubject: orig\n\noriginal\n--b--\n";
    let collected = read(raw);
    assert_eq!((collected.text.as_str(), collected.nested_text.as_str()), ("Could not be delivered", ""));
    let kinds: Vec<&str> = collected.reports.iter().map(|part| part.media_type.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "message/delivery-status", "message/rfc822"]);
}

#[test]
fn nesting_and_numbers_are_bounded() {
    let deep = "Content-Type: message/rfc822\n\n".repeat(1_000) + "Subject: deep\n\nx\n";
    let collected = read(&deep);
    assert!(collected.faults.iter().any(|fault| fault.contains("nested deeper")), "{:?}", collected.faults);
    assert_eq!(names(collected).len(), limits::MESSAGE_DEPTH + 1);
    let many = mixed(&["Content-Type: application/pdf; name=a.pdf\n\nPDF"; 150]);
    let collected = read(&many);
    assert!(collected.faults.iter().any(|fault| fault.contains("50 files")), "{:?}", collected.faults);
    assert_eq!(collected.files.into_vec().len(), limits::FILES);
}

#[test]
fn an_unreadable_tnef_stays_a_file() {
    let raw = mixed(&["Content-Type: application/ms-tnef; name=winmail.dat\n\nrubbish"]);
    assert_eq!(names(read(&raw)), ["winmail.dat"]);
}

#[test]
fn html_names_its_charset_when_the_part_does_not() {
    let mut raw = b"Content-Type: text/html\r\n\r\n<meta charset=\"shift_jis\">".to_vec();
    raw.extend_from_slice(b"\x95\x5c\x8e\xa6");
    assert_eq!(collect(&raw).text, "表示");
}
