//! Commands without servers: their JSON, their exit statuses, and that the README tells the truth about them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::harness::{Database, Desk};

#[tokio::test]
async fn the_demo_accounts_for_every_message() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let summary = desk.json(&["demo", "--once"]).await;
    let count = |name: &str| summary[name].as_u64().unwrap_or_else(|| panic!("{name}: {summary}"));
    assert!(count("messages") >= 40, "{summary}");
    let fates = count("filed") + count("joined") + count("ignored") + count("duplicate");
    assert_eq!(count("messages"), fates, "{summary}");
    let decided = count("answered") + count("suggested") + count("asked") + count("escalated");
    assert!(decided <= count("messages"), "{summary}");
    for name in ["filed", "joined", "answered", "suggested", "asked", "ignored", "duplicate", "escalated", "elapsed_ms"]
    {
        assert!(count(name) > 0, "{name}: {summary}");
    }
    let again = desk.json(&["demo", "--once"]).await;
    assert_eq!(again["filed"], summary["filed"], "a demo starts afresh");
}

#[tokio::test]
async fn ask_answers_with_every_field_of_the_contract() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let texts = ["パスワードを忘れました", "ユーザーを追加してください", "How do I reset my password?", "???"];
    for text in texts {
        let answer = desk.json(&["ask", text]).await;
        for name in [
            "decision",
            "article",
            "probability",
            "candidates",
            "intent",
            "intent_probability",
            "slots",
            "missing",
            "priority",
            "queue",
            "due",
            "language",
            "reply",
            "trace",
        ] {
            assert!(answer.get(name).is_some(), "{text}: no {name}");
        }
        let decision = answer["decision"].as_str().unwrap();
        let known = ["answer", "suggest", "ask", "file", "escalate", "ignore", "follow_up"];
        assert!(known.contains(&decision), "{decision}");
        assert!(["critical", "high", "medium", "low"].contains(&answer["priority"].as_str().unwrap()));
        assert!(["ja", "en"].contains(&answer["language"].as_str().unwrap()));
        assert!(!answer["trace"].as_array().unwrap().is_empty());
        let shares =
            answer["candidates"].as_array().unwrap().iter().map(|found| found["probability"].as_f64().unwrap());
        assert!(shares.collect::<Vec<_>>().is_sorted_by(|one, next| one >= next), "{answer}");
    }
    let forced = desk.json(&["ask", texts[0], "--lang", "en"]).await;
    assert_eq!(forced["language"], "en");
    assert!(!desk.path("data/madoguchi.db").exists(), "ask stores nothing");
}

#[tokio::test]
async fn a_message_that_belongs_elsewhere_is_taken_off_its_ticket() {
    let mut desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let agents = "\n[[agents]]\nname = \"sato\"\naddresses = [\"sato@example.test\"]\n";
    desk.edit(|text| text + agents);
    let mail = |name: &str, subject: &str, after: &str, text: &str| {
        let mail = format!(
            "From: Ann <ann@client.example>\r\nTo: desk@example.test\r\nSubject: {subject}\r\nDate: Tue, 24 Nov 2026 10:00:00 +0900\r\n\
             Message-ID: <{name}@client.example>\r\n{after}\r\n{text}\r\n"
        );
        fs::write(desk.path(name), mail).unwrap();
    };
    mail("one.eml", "The printer on floor 3 is broken", "", "It does not print any more.");
    mail("two.eml", "Re: The printer", "In-Reply-To: <one.eml@client.example>\r\n", "The monitor is broken as well.");
    mail("three.eml", "Re: Re: The printer", "In-Reply-To: <two.eml@client.example>\r\n", "It stays black.");
    for name in ["one.eml", "two.eml"] {
        assert!(desk.run(&["ingest", desk.path(name).to_str().unwrap()]).await.status.success());
    }
    let misspelt = desk.run(&["ticket", "assign", "T-1", "stao"]).await;
    assert!(!misspelt.status.success() && String::from_utf8_lossy(&misspelt.stderr).contains("sato"));
    let split = desk.run(&["ticket", "split", "T-1", "2"]).await;
    assert!(split.status.success(), "{}", String::from_utf8_lossy(&split.stderr));
    assert!(desk.run(&["ingest", desk.path("three.eml").to_str().unwrap()]).await.status.success());
    let mut received = Vec::new();
    for id in ["T-1", "T-2"] {
        let ticket = desk.json(&["ticket", "show", id]).await;
        let messages = ticket["conversation"].as_array().unwrap();
        let words = messages.iter().filter(|message| message["direction"] == "in");
        received
            .push(words.filter_map(|message| Some(message["text"].as_str()?.trim().to_owned())).collect::<Vec<_>>());
    }
    let wanted = [vec!["It does not print any more."], vec!["The monitor is broken as well.", "It stays black."]];
    assert_eq!(received, wanted);
    assert_eq!(desk.json(&["ledger"]).await["balanced"], true);
}

#[tokio::test]
async fn exit_statuses_are_0_1_and_2() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let cases: &[(&[&str], i32, &str)] = &[
        (&["check"], 0, ""),
        (&["ledger"], 0, ""),
        (&["ticket", "list"], 0, ""),
        (&["inbox", "list"], 0, ""),
        (&["outbox", "list"], 0, ""),
        (&["kb", "status"], 0, ""),
        (&["--help"], 0, ""),
        (&["--version"], 0, ""),
        (&["ticket", "show", "T-999"], 1, "T-999"),
        (&["ticket", "close", "T-999"], 1, "T-999"),
        (&["restore", "nowhere.tar.gz"], 1, "nowhere.tar.gz"),
        (&["parse", "nowhere.eml"], 1, "nowhere.eml"),
        (&["check", "--set", "desk.nmae=x"], 1, "nmae"),
        (&["inbox", "retry"], 1, "--all"),
        (&["outbox", "retry", "99999"], 1, "99999"),
        (&["inbox", "retry", "99999"], 1, "99999"),
        (&["sla", "holidays", "--year", "1999"], 2, "2000"),
        (&["sla", "holidays", "--year", "2151"], 2, "2150"),
        (
            &["sla", "due", "--calendar", "business", "--start", "1999-12-30T10:00:00+09:00", "--in", "5bd"],
            1,
            "2000 to 2150",
        ),
        (&["ticket", "show", "42x"], 2, "42x"),
        (&["fly"], 2, "fly"),
        (&["ask"], 2, "TEXT"),
        (&["ask", "x", "--lang", "fr"], 2, "fr"),
        (&["ticket", "reply", "T-1", "x", "--wait", "--resolve"], 2, "--resolve"),
        (&[], 2, "Usage"),
    ];
    for (arguments, wanted, word) in cases {
        let done = desk.run(arguments).await;
        let said = [String::from_utf8_lossy(&done.stderr), String::from_utf8_lossy(&done.stdout)].concat();
        assert_eq!(done.status.code(), Some(*wanted), "{arguments:?}: {said}");
        assert!(said.contains(word), "{arguments:?} does not name `{word}`: {said}");
        assert!(!said.contains("panicked"), "{arguments:?}: {said}");
    }
    // A settings file that is not there is named.
    fs::remove_file(desk.path("madoguchi.toml")).unwrap();
    let lost = desk.run(&["--config", "gone.toml", "ledger"]).await;
    assert_eq!(lost.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&lost.stderr).contains("gone.toml"));
}

#[tokio::test]
async fn the_readme_names_commands_that_exist() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let readme = fs::read_to_string("README.md").unwrap();
    // Rows of the command table, and lines of the examples.
    let mut commands: Vec<Vec<String>> = Vec::new();
    for line in readme.lines() {
        let cell = line.strip_prefix("| `").and_then(|rest| rest.split('|').next());
        if let Some(cell) =
            cell.filter(|_| !line.contains(".toml`") && !line.contains(".md`") && !line.contains("[triage]"))
        {
            let mut first: Option<String> = None;
            for name in cell.split('`').filter(|name| !name.trim().trim_matches(',').trim().is_empty()) {
                let words: Vec<String> = name
                    .split_whitespace()
                    .filter(|word| word.starts_with(char::is_lowercase))
                    .map(str::to_owned)
                    .collect();
                let group = ["ticket", "inbox", "outbox", "kb"].contains(&words[0].as_str());
                match &first {
                    Some(group) if words.len() == 1 && !["ledger", "restore"].contains(&words[0].as_str()) => {
                        commands.push(vec![group.clone(), words[0].clone()]);
                    }
                    _ => commands.push(words.clone()),
                }
                if group {
                    first = Some(words[0].clone());
                }
            }
        } else if let Some((_, rest)) = line.split_once("target/release/madoguchi ") {
            let rest = rest.strip_prefix("--config desk/madoguchi.toml ").unwrap_or(rest);
            commands.push(vec![rest.split_whitespace().next().unwrap().to_owned()]);
        }
    }
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
        words.push("--help");
        let said = desk.run(&words).await;
        assert_eq!(said.status.code(), Some(0), "{command:?}");
        let name = command.last().unwrap();
        assert!(String::from_utf8_lossy(&said.stdout).contains(name.as_str()), "{command:?}");
    }
    let demo = desk.run(&["demo", "--help"]).await;
    assert!(String::from_utf8_lossy(&demo.stdout).contains("--once"));
}

#[tokio::test]
async fn parse_prints_one_object_a_file_with_the_contracts_fields() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let files = [desk.path("a.eml"), desk.path("b.eml")];
    fs::write(&files[0], super::letter::Letter::request(1).raw()).unwrap();
    fs::write(&files[1], b"\x00\xff no mail at all").unwrap();
    let names = files.each_ref().map(|file| file.display().to_string());
    let said = desk.run(&["parse", &names[0], &names[1]]).await;
    let objects: Vec<Value> =
        serde_json::Deserializer::from_slice(&said.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(objects.len(), 2);
    for object in &objects {
        for name in [
            "file",
            "message_id",
            "in_reply_to",
            "references",
            "from",
            "to",
            "cc",
            "reply_to",
            "date",
            "subject",
            "text",
            "reply_text",
            "html",
            "language",
            "attachments",
            "automatic",
            "bounce",
            "spam",
            "faults",
        ] {
            assert!(object.get(name).is_some(), "no {name}: {object}");
        }
    }
    assert_eq!(objects[0]["message_id"], "1.case@sink.test");
}

#[tokio::test]
async fn a_start_takes_up_the_fitted_classifier_and_mistrusts_a_damaged_one() {
    let desk = Desk::new(Database::Sqlite, "support@desk.example").await;
    let kept = || -> Vec<PathBuf> {
        let entries = fs::read_dir(desk.path("data/cache")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> =
            entries.filter(|path| path.display().to_string().contains("/classifier-")).collect();
        files.sort();
        files
    };
    let asked = async || desk.json(&["ask", "VPNにつながりません"]).await;
    fs::remove_dir_all(desk.path("data/cache")).unwrap();
    let before = asked().await;
    let [file] = &kept()[..] else { panic!("one file: {:?}", kept()) };
    let written = fs::read(file).unwrap();
    let stamp = || fs::metadata(file).unwrap().modified().unwrap();
    let first = stamp();
    assert_eq!(asked().await, before);
    assert_eq!(stamp(), first, "taken up, not made again");
    for damaged in [&written[..40], &[], &[&written[..written.len() - 1], b"x"].concat()[..]] {
        fs::write(file, damaged).unwrap();
        assert_eq!(asked().await, before);
        assert_eq!(fs::read(file).unwrap(), written, "made again");
    }
    fs::write(desk.path("knowledge-base/synonyms.toml"), "groups = []\n").unwrap();
    asked().await;
    assert_eq!(kept().len(), 2, "changed content has a classifier of its own");
    // Sound files are not tried again; a changed one is.
    let intent = desk.path("intents/zz-broken.toml");
    fs::write(&intent, "id = \"zz-broken\"\n[[rules]]\nid = \"zz\"\npattern = \"(\"\nexamples = [\"x\"]\n").unwrap();
    let refused = desk.run(&["ask", "VPNにつながりません"]).await;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("zz-broken.toml:4"));
    fs::remove_file(&intent).unwrap();
    asked().await;
}
