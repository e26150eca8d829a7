//! What is missing, drafts, what needs care, and labels that contradict each other, on a desk.

use std::fs;

use serde_json::Value;

use crate::desk::harness::{Database, Desk, write};
use crate::desk::letter::Letter;
use crate::desk::on_both;

on_both! {
    unanswered_questions_become_a_gap_and_a_draft
    what_needs_care_is_told_with_what_to_do
    contradicting_corrections_are_shown
}

const JAPANESE: &[&str] = &[
    "お世話になっております。総務部の高橋です。\n会議室プロジェクター PJ-20934 の映像が映りません。直し方を教えてください。\n電話 03-1234-5678\nよろしくお願いいたします。",
    "会議室のプロジェクターの映像が映りません。直し方を教えてください。",
    "会議室のプロジェクターの映像が映らないのですが、直し方を教えてください。",
];
const ENGLISH: &[&str] = &[
    "Hello,\n\nthe projector in the meeting room shows no picture. How can I fix the projector?\n\nBest regards,\nMaria Lopez",
    "The projector in the meeting room shows no picture, how can I fix it?",
];
const ANSWER: &str = "高橋様\n\nお問い合わせありがとうございます。\n\n入力の切り替えで映ります。\n1. リモコンの「入力」を押します。\n2. HDMI 1 を選びます。\n\nよろしくお願いいたします。";

/// A desk with everything that ships, and questions about a projector it has no article for.
async fn asked(database: Database) -> Desk {
    let desk = Desk::new(database, "desk@example.test").await;
    desk.keep_all().await;
    let mail = desk.path("mail");
    for (number, text) in JAPANESE.iter().chain(ENGLISH).enumerate() {
        let letter = Letter {
            from: format!("高橋 一郎 <u{number}@client.test>"),
            subject: String::new(),
            text: (*text).to_owned(),
            ..Letter::request(number)
        };
        write(&mail.join(format!("{number}.eml")), &String::from_utf8(letter.raw()).unwrap());
    }
    // Answered, and one that people deal with by its type.
    for (number, text) in [
        "パスワードを忘れてしまい、ログインできません。再設定の方法を教えてください。",
        "web01 の再起動をお願いいたします。",
    ]
    .iter()
    .enumerate()
    {
        let letter = Letter { text: (*text).to_owned(), subject: String::new(), ..Letter::request(50 + number) };
        write(&mail.join(format!("x{number}.eml")), &String::from_utf8(letter.raw()).unwrap());
    }
    desk.json(&["ingest", &mail.display().to_string(), "--answer-old"]).await;
    desk
}

fn gap<'v>(gaps: &'v Value, language: &str) -> &'v Value {
    let about =
        |gap: &Value| ["projector", "プロジェクター"].iter().any(|word| gap["examples"].to_string().contains(word));
    let found = gaps["gaps"].as_array().unwrap().iter().find(|gap| gap["language"] == language && about(gap));
    found.unwrap_or_else(|| panic!("{gaps:#}"))
}

async fn unanswered_questions_become_a_gap_and_a_draft(database: Database) {
    let desk = asked(database).await;
    let before = desk.json(&["kb", "gaps", "--since", "3650d"]).await;
    let ja = gap(&before, "ja");
    assert_eq!((&ja["count"], &ja["minutes"]), (&3.into(), &0.into()), "{before:#}");
    assert_eq!(gap(&before, "en")["count"], 2, "{before:#}");
    assert!(ja["nearest"]["why"].is_string() && ja["decisions"].is_object(), "{ja}");
    let shown = before.to_string();
    for gone in ["高橋", "Lopez", "1234", "PJ-20934", "client.test", "再起動", "パスワードを忘れ"] {
        assert!(!shown.contains(gone), "{gone}: {before:#}");
    }
    assert!(before["for_people"].as_u64().unwrap() >= 1, "{before:#}");
    // An agent answers one of them: the work counts, and the reply becomes the answer of a draft.
    let ticket = ja["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .min_by_key(|id| id.len())
        .unwrap()
        .to_owned();
    desk.json(&["ticket", "reply", &ticket, ANSWER, "--resolve", "--agent", "aoki"]).await;
    let after = desk.json(&["kb", "gaps", "--since", "3650d"]).await;
    let ja = gap(&after, "ja");
    assert!(ja["minutes"].as_i64().unwrap() >= 5, "{after:#}");
    assert_eq!(after["gaps"][0]["id"], ja["id"], "what took most time comes first");
    let id = ja["id"].as_str().unwrap().to_owned();
    let said = desk.run(&["kb", "gaps", "--since", "3650d"]).await;
    let table = String::from_utf8(said.stdout).unwrap();
    assert!(table.contains(&id) && table.contains("プロジェクター"), "{table}");

    let written = desk.json(&["kb", "draft", &id, "--since", "3650d", "--write"]).await;
    let article = &written["article"];
    assert!(article["title"].as_str().unwrap().contains("プロジェクター"), "{article}");
    assert_eq!(
        (&article["status"], &article["visibility"], &article["answer_alone"]),
        (&"draft".into(), &"internal".into(), &false.into())
    );
    assert!(article["body"].as_str().unwrap().starts_with("入力の切り替えで映ります。"), "{article}");
    assert!(!written.to_string().contains("高橋") && !written.to_string().contains("aoki"), "{written}");
    assert_eq!(desk.run(&["check"]).await.status.code(), Some(0), "a draft passes check");
    let file = written["file"].as_str().unwrap().to_owned();
    let again = desk.run(&["kb", "draft", &id, "--since", "3650d", "--write"]).await;
    assert_eq!(again.status.code(), Some(1), "a file that is there is never written over");
    a_draft_answers_nothing_until_it_is_approved(&desk, article["id"].as_str().unwrap(), &file).await;
    // From a single ticket, to the terminal and into a file of one's own.
    let printed = desk.run(&["kb", "draft", &ticket]).await;
    assert!(String::from_utf8(printed.stdout).unwrap().starts_with("+++\n"));
    let out = desk.path("my-projector.md");
    let own = desk.json(&["kb", "draft", &ticket, "--out", &out.display().to_string()]).await;
    assert_eq!(own["article"]["id"], "my-projector");
    for (arguments, word) in
        [(["kb", "draft", "G-999"], "G-999"), (["kb", "draft", "T-999"], "T-999"), (["kb", "draft", "x"], "G-1042")]
    {
        let said = desk.run(&arguments).await;
        assert_eq!(said.status.code(), Some(1), "{arguments:?}");
        assert!(String::from_utf8_lossy(&said.stderr).contains(word), "{arguments:?}");
    }
}

/// Not even its own question; approved it is found.
async fn a_draft_answers_nothing_until_it_is_approved(desk: &Desk, id: &str, file: &str) {
    let question = "会議室のプロジェクターの映像が映りません。直し方を教えてください。";
    let drafted = desk.json(&["ask", question]).await;
    let named = |answer: &Value| answer["candidates"].to_string().contains(id);
    assert!(!named(&drafted), "{drafted}");
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("# draft of"), "{text}");
    let approved = text
        .replace("status = \"draft\"\n", "")
        .replace("\"internal\"", "\"public\"")
        .replace("answer_alone = false", "answer_alone = true");
    fs::write(file, approved).unwrap();
    assert!(named(&desk.json(&["ask", question]).await));
}

async fn what_needs_care_is_told_with_what_to_do(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    let ja = desk.path("knowledge-base/ja/password-reset.md");
    let text = fs::read_to_string(&ja).unwrap();
    write(&ja, &text.replace("2027-04-01", "2026-01-31"));
    let twin = text.replace("id = \"password-reset\"", "id = \"password-again\"").replace("12文字以上", "8文字以上");
    write(&desk.path("knowledge-base/ja/password-again.md"), &twin);
    write(
        &desk.path("knowledge-base/ja/old-draft.md"),
        &text.replace("id = \"password-reset\"", "id = \"old-draft\"\nstatus = \"draft\""),
    );
    let health = desk.json(&["kb", "health"]).await;
    let has = |article: &str, trouble: &str| {
        health["findings"].as_array().unwrap().iter().any(|one| {
            one["article"] == article && one["trouble"] == trouble && !one["advice"]["ja"].as_str().unwrap().is_empty()
        })
    };
    for (article, trouble) in [
        ("password-reset", "overdue"),
        ("password-again", "contradiction"),
        ("password-again", "missing_translation"),
        ("old-draft", "draft_waiting"),
    ] {
        assert!(has(article, trouble), "{article} {trouble}: {health:#}");
    }
    let [japanese, english] = [vec!["kb", "health"], vec!["kb", "health", "--lang", "en"]];
    let japanese = String::from_utf8(desk.run(&japanese).await.stdout).unwrap();
    assert!(japanese.contains("見直し期限") && japanese.contains("ja/password-reset"), "{japanese}");
    let english = String::from_utf8(desk.run(&english).await.stdout).unwrap();
    assert!(english.contains("review is overdue"), "{english}");
}

async fn contradicting_corrections_are_shown(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    let letter = Letter { text: JAPANESE[0].to_owned(), ..Letter::request(1) };
    let file = desk.path("mail/1.eml");
    write(&file, &String::from_utf8(letter.raw()).unwrap());
    desk.json(&["ingest", &file.display().to_string(), "--answer-old"]).await;
    assert_eq!(desk.json(&["kb", "contradictions"]).await, Value::Array(Vec::new()));
    let ticket = desk.tickets().await[0]["id"].as_str().unwrap().to_owned();
    for (agent, article) in [("sato", "password-reset"), ("aoki", "none")] {
        desk.json(&["ticket", "correct", &ticket, "--article", article, "--agent", agent]).await;
    }
    let shown = desk.json(&["kb", "contradictions"]).await;
    assert_eq!((&shown[0]["aspect"], &shown[0]["settled"]), (&"article".into(), &"agent".into()), "{shown:#}");
    let labels = shown[0]["labels"].as_array().unwrap();
    let said: Vec<(&str, &str)> =
        labels.iter().map(|one| (one["agent"].as_str().unwrap(), one["wanted"].as_str().unwrap())).collect();
    assert_eq!(said, [("sato", "password-reset"), ("aoki", "none")]);
    assert!(!shown.to_string().contains("高橋") && !shown[0]["text"].as_str().unwrap().is_empty(), "{shown:#}");
    let table = String::from_utf8(desk.run(&["kb", "contradictions", "--lang", "en"]).await.stdout).unwrap();
    assert!(table.contains("agent sato") && table.contains("the last word of an agent counts"), "{table}");
}
