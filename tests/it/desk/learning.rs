//! Feedback, learning and replay as a support lead sees them.

use std::fs;

use super::harness::{Database, Desk, write};
use super::letter::Letter;
use super::on_both;

on_both! {
    a_replay_without_a_change_shows_no_difference
    corrections_teach_and_a_worse_model_stays_out
}

const TEXTS: &[&str] = &[
    "パスワードを忘れてしまい、ログインできません。再設定の方法を教えてください。",
    "web01 の再起動をお願いいたします。時間は問いません。",
    "Please create an account for our new engineer Kenji Suzuki, read-only access to the console.",
    "Please prepare the meeting room for our visitors on Thursday.",
    "担当の人と話したいです。",
    "昨日からずっと待っているのに返事がない。いいかげんにしてほしい。",
];

/// Chat lines: several messages a thread, so that replies on tickets are among them.
fn chat() -> String {
    let mut lines = String::new();
    let line = |id: &str, thread: &str, text: &str| {
        serde_json::json!({ "id": id, "user": format!("u-{thread}"), "room": "help", "thread": thread, "text": text })
            .to_string()
            + "\n"
    };
    for (number, text) in TEXTS.iter().enumerate() {
        let thread = format!("t{number}");
        lines += &line(&format!("{thread}-1"), &thread, text);
        let reply =
            ["それで解決しました。ありがとうございます", "だめでした。解決しません", "状況はどうなっていますか"]
                [number % 3];
        lines += &line(&format!("{thread}-2"), &thread, reply);
        lines += &line(&format!("{thread}-3"), &thread, "追加です。本日中にお願いします");
    }
    lines
}

fn fill(desk: &Desk) -> String {
    let mail = desk.path("mail");
    for (number, text) in TEXTS.iter().enumerate() {
        let letter = Letter { text: (*text).to_owned(), ..Letter::request(number) };
        write(&mail.join(format!("{number}.eml")), &String::from_utf8(letter.raw()).unwrap());
    }
    // A copy, and mail of a machine.
    fs::copy(mail.join("0.eml"), mail.join("copy.eml")).unwrap();
    let automatic = "From: a@x.example\r\nTo: desk@example.test\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\
                     Message-ID: <auto@x>\r\n\r\nI am away.\r\n";
    write(&mail.join("auto.eml"), automatic);
    write(&mail.join("chat.jsonl"), &chat());
    mail.display().to_string()
}

async fn a_replay_without_a_change_shows_no_difference(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    desk.keep_all().await;
    let folder = fill(&desk);
    let taken = desk.json(&["ingest", &folder, "--answer-old"]).await;
    assert!(taken["joined"].as_u64().unwrap() > 5 && taken["ignored"] == 1 && taken["duplicate"] == 1, "{taken}");
    let same = desk.json(&["replay"]).await;
    let all = taken["messages"].as_u64().unwrap();
    assert_eq!((&same["decided"], &same["same"], &same["differing"]), (&all.into(), &all.into(), &0.into()), "{same}");
    assert_eq!((&same["lost"], &same["other_reasons"]), (&0.into(), &0.into()));
    // Nothing reaches a precision of one: what was answered is lost, and nothing was written.
    let strict = desk.json(&["replay", "--answer-precision", "1"]).await;
    let lost = strict["changes"]["answer_lost"].as_u64().unwrap_or_default();
    assert!(lost > 0, "{strict}");
    assert_eq!(strict["differences"][0]["was"]["decision"], "answer", "{strict}");
    assert_eq!(desk.json(&["replay", "--since", "0d"]).await["decided"], 0);
    // Another queue for a request type.
    let intents = desk.path("other-intents");
    fs::create_dir(&intents).unwrap();
    for entry in fs::read_dir(desk.path("intents")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap().replace("queue = \"operations\"", "queue = \"support\"");
        fs::write(intents.join(path.file_name().unwrap()), text).unwrap();
    }
    let moved = desk.json(&["replay", "--intents", &intents.display().to_string()]).await;
    assert!(moved["queues"]["operations → support"].as_u64().unwrap_or_default() > 0, "{moved}");
    assert_eq!(desk.json(&["replay"]).await, same);
    let said = desk.run(&["replay", "--since", "someday"]).await;
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("someday"));
}

async fn corrections_teach_and_a_worse_model_stays_out(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    desk.keep_all().await;
    let folder = fill(&desk);
    desk.json(&["ingest", &folder, "--answer-old"]).await;
    let tickets = desk.tickets().await;
    let answered = tickets.iter().find(|ticket| ticket["article"] == "password-reset").expect("one is answered");
    let filed = tickets.iter().find(|ticket| {
        ticket["subject"].as_str().unwrap().contains("room")
            || ticket["article"].is_null() && ticket["intent"].is_null()
    });
    let filed = filed.expect("one is of no type")["id"].as_str().unwrap().to_owned();
    let id = answered["id"].as_str().unwrap().to_owned();
    let before = desk.json(&["learn", "--dry-run"]).await;
    let votes = before["votes"].as_u64().unwrap();
    desk.json(&["ticket", "correct", &id, "--article", "account-locked", "--agent", "sato"]).await;
    let corrected = desk.json(&["ticket", "correct", &filed, "--intent", "general-question", "--agent", "sato"]).await;
    assert_eq!(corrected["intent"], "general-question");
    let refused = desk.run(&["ticket", "correct", &id, "--article", "no-such-article"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no-such-article"));
    let dry = desk.json(&["learn", "--dry-run"]).await;
    assert!(dry["votes"].as_u64().unwrap() >= votes + 2 && dry["in_force"] == false, "{dry}");
    let learnt = desk.json(&["learn"]).await;
    assert_eq!((&learnt["refused"], &learnt["in_force"]), (&serde_json::Value::Null, &true.into()), "{learnt}");
    assert!(learnt["examples"].as_u64().unwrap() >= 2, "{learnt}");
    // The article that was wrong is only offered from now on, and everybody can see why.
    let asked = desk.json(&["ask", TEXTS[0], "--explain"]).await;
    let status = desk.json(&["kb", "status"]).await;
    let row = status.as_array().unwrap().iter().find(|row| row["article"] == "password-reset").unwrap();
    assert!(row["answers"]["judged"].as_u64().unwrap() >= 1, "{row}");
    assert!(asked["explanation"].as_array().unwrap().len() > 5, "{asked}");
    // Past decisions now rest on other figures or differ, but none is lost.
    let replayed = desk.json(&["replay"]).await;
    assert_eq!(replayed["lost"], 0, "{replayed}");
    // A case that cannot hold any more keeps the model out, and what is in force stays.
    let golden = serde_json::json!({ "text": TEXTS[0], "lang": "ja", "article": "password-reset", "important": true });
    write(&desk.path("knowledge-base/golden.jsonl"), &format!("{golden}\n"));
    assert_eq!(desk.run(&["check"]).await.status.code(), Some(0));
    write(&desk.path("knowledge-base/golden.jsonl"), "{\"text\":\"x\",\"lang\":\"ja\"}\n");
    let faulty = desk.run(&["check"]).await;
    assert_eq!(faulty.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&faulty.stdout).contains("golden.jsonl:1:"));
}
