//! The loader on small directories: what loads, and every fault with its line.

use std::path::Path;

use super::*;
use crate::domain::{Language, Visibility};

const INTENT: &str = r#"id = "restore"
queue = "operations"
impact = "medium"
urgency = "medium"
objective = "1bd"
handling = "file"
approval = false

[title]
ja = "リストア"
en = "Restore"

[examples]
ja = ["スナップショットから戻してください", "リストアをお願いします"]
en = ["please restore the snapshot"]

[[rules]]
id = "restore-words"
pattern = '(リストア|スナップショットから.{0,10}復元)'
certain = false
examples = ["リストアしてほしい"]
counterexamples = ["バックアップの設定"]

[[slots]]
name = "host"
required = true
find = ['(?P<value>[a-z][a-z0-9-]*[0-9]+)']

[slots.title]
ja = "ホスト"
en = "Host"

[slots.ask]
ja = "どのホストですか。"
en = "Which host?"

[[slots.choices]]
value = "add"
pattern = '追加|add'
"#;

const ARTICLE: &str = r#"+++
id = "password-reset"
language = "ja"
title = "パスワードを忘れた"
questions = ["パスワードを忘れました", "ログインできません"]
tags = ["account"]
visibility = "public"
answer_alone = true
review_by = "2027-04-01"
+++

再設定の画面を開いてください。
"#;

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("intents/restore.toml", INTENT);
        desk.write("kb/ja/password-reset.md", ARTICLE);
        desk.write("kb/en/.gitkeep", "");
        desk.write("kb/synonyms.toml", "groups = [\n  [\"パスワード\", \"pw\"],\n]\n");
        desk
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn load(&self) -> (Content, Vec<Fault>) {
        load(&self.0.path().join("intents"), &self.0.path().join("kb"))
    }

    /// Faults as `file:line: message`, paths relative to the desk.
    fn faults(&self) -> Vec<String> {
        let prefix = format!("{}/", self.0.path().display());
        self.load().1.iter().map(|fault| fault.to_string().replace(&prefix, "")).collect()
    }
}

#[test]
fn a_sound_desk_loads_without_fault() {
    let (content, faults) = Desk::new().load();
    assert_eq!(faults, vec![]);
    assert_eq!(content.intents.len(), 1);
    assert_eq!(content.intents[0].examples.len(), 3);
    let choice = &content.intents[0].slots[0].choices[0];
    assert_eq!((choice.value.as_str(), choice.pattern.as_str(), choice.title.ja.as_str()), ("add", "追加|add", "add"));
    assert_eq!(content.queue_places["restore"].line, 2);
    let article = &content.articles[0];
    assert_eq!((article.language, article.visibility, article.answer_alone), (Language::Ja, Visibility::Public, true));
    assert_eq!(article.body, "再設定の画面を開いてください。");
    assert_eq!(article.review_by, chrono::NaiveDate::from_ymd_opt(2027, 4, 1));
    assert_eq!(content.synonyms, vec![vec!["パスワード".to_owned(), "pw".to_owned()]]);
    assert_eq!(content.version.len(), 32);
}

#[test]
fn the_version_moves_with_any_change() {
    let desk = Desk::new();
    let before = desk.load().0.version;
    assert_eq!(desk.load().0.version, before);
    desk.write("kb/ja/password-reset.md", ARTICLE.replace("開いて", "ひらいて"));
    assert_ne!(desk.load().0.version, before);
}

#[test]
fn faults_of_intents_name_their_line() {
    for (old, new, line, told) in [
        ("queue = \"operations\"", "queue = \"operations\"\nqueu = \"x\"", 3, "unknown key `queu`"),
        ("queue = \"operations\"\n", "", 1, "`queue` is missing"),
        ("impact = \"medium\"", "impact = \"huge\"", 3, "`impact`: `huge` is not one of: low, medium, high"),
        ("\"1bd\"", "\"soon\"", 5, "`objective`: `soon` is not a duration"),
        ("\"file\"", "\"\"", 6, "`handling` is empty"),
        ("approval = false", "approval = \"no\"", 7, "`approval` must be true or false"),
        ("en = \"Restore\"\n", "", 9, "`en` is missing in title"),
        ("en = [\"please restore the snapshot\"]", "en = []", 13, "no examples in `en`"),
        ("\"リストアをお願いします\"", "\"スナップショットから戻してください\"", 14, "already"),
        ("\"リストアをお願いします\"", "3", 14, "must be a string"),
        ("'(リストア|スナップショットから.{0,10}復元)'", "'(リストア'", 19, "not a regular expression"),
        ("'(リストア|スナップショットから.{0,10}復元)'", "'.*'", 19, "matches the empty text"),
        ("examples = [\"リストアしてほしい\"]", "examples = [\"戻して\"]", 21, "does not match its example"),
        ("examples = [\"リストアしてほしい\"]\n", "", 17, "no examples"),
        ("\"バックアップの設定\"", "\"リストアの話\"", 22, "matches its counterexample"),
        ("'(?P<value>[a-z][a-z0-9-]*[0-9]+)'", "'[a-'", 27, "not a regular expression"),
        ("[slots.ask]\nja = \"どのホストですか。\"\nen = \"Which host?\"\n", "", 24, "`ask` is missing"),
        ("pattern = '追加|add'", "pattern = '['", 39, "not a regular expression"),
        ("id = \"restore\"", "id = \"Re store\"", 1, "cannot be an id"),
        ("[title]", "[title", 9, ""),
    ] {
        assert!(INTENT.contains(old), "{old}");
        let desk = Desk::new();
        desk.write("intents/restore.toml", INTENT.replace(old, new));
        let faults = desk.faults();
        let begins = format!("intents/restore.toml:{line}: ");
        assert!(faults.iter().any(|fault| fault.starts_with(&begins) && fault.contains(told)), "{new}: {faults:#?}");
    }
}

#[test]
fn repeats_over_files_are_faults() {
    let desk = Desk::new();
    desk.write("intents/second.toml", INTENT);
    let faults = desk.faults();
    for told in [
        "second.toml:1: intent `restore` is defined already in",
        "second.toml:18: rule `restore-words`",
        "second.toml:14: this example",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(told)), "{told}: {faults:#?}");
    }
}

#[test]
fn faults_of_articles_name_their_line() {
    for (old, new, line, told) in [
        ("+++\nid", "id", 1, "front matter is missing"),
        ("+++\n\n再設定の画面を開いてください。\n", "再設定\n", 1, "does not end"),
        ("再設定の画面を開いてください。\n", "", 10, "has no text"),
        ("\"password-reset\"", "\"other\"", 2, "the file is called `password-reset.md`"),
        ("language = \"ja\"", "language = \"en\"", 3, "lies in `ja`"),
        ("title = \"パスワードを忘れた\"\n", "", 2, "`title` is missing"),
        ("questions = [\"パスワードを忘れました\", \"ログインできません\"]", "questions = []", 2, "no `questions`"),
        ("\"ログインできません\"", "\"パスワードを忘れました\"", 5, "already"),
        ("visibility = \"public\"", "visibility = \"secret\"", 7, "`secret` is not one of"),
        ("answer_alone = true", "answer_alone = 1", 8, "must be true or false"),
        ("2027-04-01", "2027-13-01", 9, "not a date"),
        ("tags =", "tag =", 6, "unknown key `tag`"),
    ] {
        assert!(ARTICLE.contains(old), "{old}");
        let desk = Desk::new();
        desk.write("kb/ja/password-reset.md", ARTICLE.replace(old, new));
        let faults = desk.faults();
        let begins = format!("kb/ja/password-reset.md:{line}: ");
        assert!(faults.iter().any(|fault| fault.starts_with(&begins) && fault.contains(told)), "{new}: {faults:#?}");
    }
}

#[test]
fn faults_of_files_and_directories_are_told() {
    let desk = Desk::new();
    desk.write("kb/ja/notes.txt", "x");
    desk.write("intents/list.yaml", "x");
    desk.write("kb/ja/sjis.md", b"+++\n\x83\x65\n+++\nx");
    desk.write("kb/synonyms.toml", "groups = [\n  [\"pw\"],\n  [\"a\", \"b\"],\n  [\"b\", \"c\"],\n]\n");
    let faults = desk.faults();
    for told in [
        "kb/ja/notes.txt:0: not an article",
        "intents/list.yaml:0: not an intent",
        "kb/ja/sjis.md:2: not UTF-8",
        "kb/synonyms.toml:2: a group needs two words",
        "kb/synonyms.toml:4: `b` is in the group on line 3 already",
    ] {
        assert!(faults.iter().any(|fault| fault.starts_with(told)), "{told}: {faults:#?}");
    }
    let (content, faults) = load(Path::new("no/such/intents"), Path::new("no/such/kb"));
    assert_eq!((content.intents.len(), content.articles.len()), (0, 0));
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn the_shipped_content_loads_without_fault() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (content, faults) = load(&root.join("intents"), &root.join("knowledge-base"));
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(content.intents.len() >= 20 && content.articles.len() >= 50, "files are missing");
}
