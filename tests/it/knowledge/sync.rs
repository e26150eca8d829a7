//! Files and store on a desk: `kb status`, `kb import`, `kb export`.

use std::fs;
use std::path::Path;

use madoguchi::content;
use madoguchi::domain::{Article, Language, NewRevision, StoredArticle, Timestamp};
use madoguchi::store::Store;
use serde_json::Value;

use crate::desk::harness::{Database, Desk, write};
use crate::desk::on_both;

on_both! {
    files_and_edits_go_both_ways
    a_conflict_keeps_both_texts_until_somebody_decides
    what_is_deleted_on_one_side_is_deleted_on_the_other
}

const FILE: &str = "knowledge-base/ja/password-reset.md";

async fn state(desk: &Desk, id: &str, language: &str) -> Value {
    let rows = desk.json(&["kb", "status"]).await;
    let found = rows.as_array().unwrap().iter().find(|row| row["article"] == id && row["language"] == language);
    found.cloned().unwrap_or(Value::Null)
}

/// Edits an article as the console does.
async fn edit(desk: &Desk, id: &str, change: impl FnOnce(&mut Article), deleted: bool) {
    let store = Store::open(&desk.database_url(), &desk.path("data")).await.unwrap();
    let stored: Vec<StoredArticle> = store.articles().await.unwrap();
    let known = stored.iter().find(|one| one.newest.article.id == id && one.newest.article.language == Language::Ja);
    let newest = &known.unwrap().newest;
    let mut article = newest.article.clone();
    change(&mut article);
    content::sound(&article).unwrap();
    let edit = NewRevision { number: newest.number + 1, article: &article, deleted, author: "sato" };
    assert!(store.save_article(&edit, Timestamp(1_795_375_800_000)).await.unwrap());
    store.close().await;
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

async fn files_and_edits_go_both_ways(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "new");
    assert_eq!(desk.json(&["kb", "import"]).await["revisions"], 2);
    assert_eq!(desk.json(&["kb", "import"]).await["revisions"], 0);
    // From the file into the store.
    let path = desk.path(FILE);
    let good = text(&path);
    write(&path, &good.replace("12文字以上", "16文字以上"));
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "changed");
    assert_eq!(desk.json(&["kb", "export"]).await["files"].as_array().unwrap().len(), 0, "nothing to export");
    assert_eq!(desk.json(&["kb", "import"]).await["revisions"], 1);
    let same = state(&desk, "password-reset", "ja").await;
    assert_eq!((&same["state"], &same["revision"], &same["synced_revision"]), (&"same".into(), &2.into(), &2.into()));
    // From the store into the file, with the comments of its front matter.
    write(&path, &text(&path).replacen("+++\n", "+++\n# asked for by the accounts team\n", 1));
    edit(&desk, "password-reset", |article| article.body = article.body.replace("16文字以上", "20文字以上"), false)
        .await;
    let changed = state(&desk, "password-reset", "ja").await;
    assert_eq!((&changed["state"], &changed["author"]), (&"stored_changed".into(), &"sato".into()));
    assert_eq!(desk.json(&["kb", "import"]).await["revisions"], 0, "an edit is not undone by an import");
    assert_eq!(desk.json(&["kb", "export"]).await["files"].as_array().unwrap().len(), 1);
    let now = text(&path);
    assert!(now.contains("20文字以上") && now.contains("# asked for by the accounts team"), "{now}");
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "same");
    assert_eq!(desk.run(&["check"]).await.status.code(), Some(0));
    // A file with a fault is not one that is gone.
    write(&path, "+++\n");
    assert_eq!(desk.run(&["kb", "import"]).await.status.code(), Some(1));
    write(&path, &now);
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "same");
}

async fn a_conflict_keeps_both_texts_until_somebody_decides(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    desk.json(&["kb", "import"]).await;
    let path = desk.path(FILE);
    let good = text(&path);
    for (round, taken) in ["--take-file", "--take-stored"].into_iter().enumerate() {
        let (file, stored) = (format!("{}{round}文字以上", 2), format!("{}{round}文字以上", 3));
        write(&path, &good.replace("12文字以上", &file));
        let edited = good.split_once("+++\n\n").unwrap().1.trim().replace("12文字以上", &stored);
        edit(&desk, "password-reset", |article| article.body = edited, false).await;
        let conflict = state(&desk, "password-reset", "ja").await;
        assert_eq!(conflict["state"], "conflict", "{conflict}");
        assert!(conflict["file"]["body"].as_str().unwrap().contains(&file), "{conflict}");
        assert!(conflict["stored"]["body"].as_str().unwrap().contains(&stored), "{conflict}");
        // Neither way goes on by itself, and people see both.
        for command in ["import", "export"] {
            assert_eq!(desk.run(&["kb", command]).await.status.code(), Some(1), "{command}");
        }
        assert!(text(&path).contains(&file));
        let shown = desk.run(&["kb", "status", "ja/password-reset"]).await;
        let shown = String::from_utf8(shown.stdout).unwrap();
        let line = |mark: char, word: &str| shown.lines().any(|line| line.starts_with(mark) && line.contains(word));
        assert!(line('-', &file) && line('+', &stored), "{shown}");
        let command = if taken == "--take-file" { "import" } else { "export" };
        desk.json(&["kb", command, taken, "ja/password-reset"]).await;
        let (kept, other) = if taken == "--take-file" { (&file, &stored) } else { (&stored, &file) };
        assert!(text(&path).contains(kept), "{taken}");
        assert_eq!(state(&desk, "password-reset", "ja").await["state"], "same", "{taken}");
        // The text that gave way is among the revisions.
        let history = desk.json(&["kb", "status", "ja/password-reset"]).await;
        let revisions = history[0]["revisions"].as_array().unwrap();
        let has = |word: &str| revisions.iter().any(|one| one["text"]["body"].as_str().unwrap().contains(word));
        assert!(has(kept) && has(other), "{history}");
    }
    let unknown = desk.run(&["kb", "import", "--take-file", "password-reset"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("password-reset"));
}

async fn what_is_deleted_on_one_side_is_deleted_on_the_other(database: Database) {
    let desk = Desk::new(database, "desk@example.test").await;
    desk.json(&["kb", "import"]).await;
    let path = desk.path(FILE);
    let good = text(&path);
    // The file is removed: so is the stored article, and its text stays among the revisions.
    fs::remove_file(&path).unwrap();
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "gone");
    assert_eq!(desk.json(&["kb", "import"]).await["revisions"], 1);
    assert_eq!(state(&desk, "password-reset", "ja").await, Value::Null);
    // It comes back as a file and goes by an edit.
    write(&path, &good);
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "new");
    desk.json(&["kb", "import"]).await;
    edit(&desk, "password-reset", |_| {}, true).await;
    assert_eq!(state(&desk, "password-reset", "ja").await["state"], "stored_gone");
    desk.json(&["kb", "export"]).await;
    assert!(!path.exists());
    assert_eq!(state(&desk, "password-reset", "ja").await, Value::Null);
    // Deleted here and changed there: somebody has to decide.
    let english = desk.path("knowledge-base/en/password-reset.md");
    let store = Store::open(&desk.database_url(), &desk.path("data")).await.unwrap();
    let stored = store.articles().await.unwrap();
    let known = stored.iter().find(|one| one.newest.article.language == Language::En).unwrap();
    let changed = Article { body: "A new text.".into(), ..known.newest.article.clone() };
    let edit = NewRevision { number: known.newest.number + 1, article: &changed, deleted: false, author: "sato" };
    assert!(store.save_article(&edit, Timestamp(1_795_375_800_000)).await.unwrap());
    store.close().await;
    fs::remove_file(&english).unwrap();
    assert_eq!(state(&desk, "password-reset", "en").await["state"], "conflict");
    desk.json(&["kb", "export", "--take-stored", "en/password-reset"]).await;
    assert!(text(&english).contains("A new text."));
}
