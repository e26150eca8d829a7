//! Request types and articles while the desk runs, and what `check` says about broken ones.

use std::fs;

use super::harness::{Database, Desk, until, write};

/// File, what is replaced in it, with what, and a word of the complaint.
const BROKEN: &[(&str, &str, &str, &str)] = &[
    ("intents/account.toml", "impact = \"low\"", "impact = \"enormous\"", "enormous"),
    ("intents/account.toml", "queue = \"accounts\"", "queue = \"acounts\"", "acounts"),
    ("intents/account.toml", "approval = false", "approval = false\ncolour = 1", "colour"),
    ("intents/account.toml", "objective = \"1bd\"", "objective = \"soon\"", "soon"),
    ("intents/account.toml", "certain = false", "certain = maybe", ""),
    ("intents/account.toml", "pattern = '", "pattern = '(", ""),
    ("knowledge-base/ja/password-reset.md", "visibility = \"public\"", "visibility = \"secret\"", "secret"),
    ("knowledge-base/ja/password-reset.md", "id = \"password-reset\"", "id = \"other\"", "other"),
    ("madoguchi.toml", "timezone = \"Asia/Tokyo\"", "timezone = \"Asia/Tokio\"", "Tokio"),
    ("madoguchi.toml", "answer_precision = 0.95", "answer_precision = 95", "answer_precision"),
    ("madoguchi.toml", "[limits]", "[limits]\nspeed = 3", "speed"),
];

#[tokio::test]
async fn check_names_file_and_line_of_every_fault() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    assert_eq!(desk.json(&["check"]).await["ok"], true);
    for (file, place, wrong, word) in BROKEN {
        let path = desk.path(file);
        let good = fs::read_to_string(&path).unwrap();
        let line =
            good.lines().position(|line| line.contains(place)).unwrap_or_else(|| panic!("{file}: no {place}")) + 1;
        fs::write(&path, good.replacen(place, wrong, 1)).unwrap();
        let said = desk.run(&["check"]).await;
        fs::write(&path, good).unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        assert_eq!(said.status.code(), Some(1), "{file} {wrong}: {text}");
        let named =
            |line: usize| text.lines().any(|fault| fault.contains(&format!("{file}:{line}:")) && fault.contains(word));
        assert!(named(line) || named(line + 1), "{file}:{line} {wrong}: {text}");
    }
    // All of them at once are all reported.
    let both = [
        ("intents/account.toml", "impact = \"low\"", "impact = \"x\""),
        ("knowledge-base/ja/password-reset.md", "language = \"ja\"", "language = \"fr\""),
    ];
    for (file, place, wrong) in both {
        let text = fs::read_to_string(desk.path(file)).unwrap();
        fs::write(desk.path(file), text.replacen(place, wrong, 1)).unwrap();
    }
    let said = desk.run(&["check", "--json"]).await;
    let document: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    let faults = document["faults"].as_array().unwrap();
    for (file, ..) in both {
        assert!(faults.iter().any(|fault| fault["file"].as_str().unwrap().ends_with(file)), "{document}");
    }
}

#[tokio::test]
async fn a_hang_up_reloads_content_unless_it_has_faults() {
    let mut desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    desk.serve().await;
    let article = desk.path("knowledge-base/ja/password-reset.md");
    let good = fs::read_to_string(&article).unwrap();
    write(&article, &good.replace("visibility = \"public\"", "visibility = \"secret\""));
    desk.signal("HUP").await;
    until("the faults are logged", async || desk.log().contains("content not reloaded").then_some(())).await;
    assert!(desk.log().contains("password-reset.md:"), "{}", desk.log());
    assert!(!desk.log().contains("content reloaded"));
    assert_eq!(desk.page("/healthz").await.0, 200);
    write(&article, &good.replace("12文字以上", "16文字以上"));
    desk.signal("HUP").await;
    until("the content is reloaded", async || desk.log().contains("content reloaded").then_some(())).await;
    let versions = |word: &str| {
        let log = desk.log();
        let line = log.lines().find(|line| line.contains(word)).unwrap().to_owned();
        line.split("catalog=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
    };
    assert_ne!(versions("the desk is open"), versions("content reloaded"));
    desk.stop().await;
}
