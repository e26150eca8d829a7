//! What `init` writes and prepares, made once in a run and copied for each desk: fitting a classifier takes a debug build seconds.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::harness::program;

/// The address of every copy until it gets one of its own.
pub const ADDRESS: &str = "support@desk.example";
const CONTENT: [&str; 2] = ["intents", "knowledge-base"];
/// Request types and articles a small desk has.
const LITTLE: [&str; 5] =
    ["account.toml", "general-question.toml", "password-trouble.toml", "password-reset.md", "synonyms.toml"];

static MADE: OnceCell<TempDir> = OnceCell::const_new();

/// Copies a desk with a few request types and articles to `desk`, which is not there yet.
pub async fn write(desk: &Path) {
    copy(&made().await.path().join("little"), desk);
}

/// Puts everything that ships in the place of the content of `desk`.
pub async fn write_all_content(desk: &Path) {
    for folder in CONTENT {
        fs::remove_dir_all(desk.join(folder)).unwrap();
        copy(&made().await.path().join("whole").join(folder), &desk.join(folder));
    }
}

async fn made() -> &'static TempDir {
    MADE.get_or_init(async || {
        let dir = tempfile::tempdir().unwrap();
        let (whole, little) = (dir.path().join("whole"), dir.path().join("little"));
        run(&["init", &whole.display().to_string(), "--address", ADDRESS]).await;
        copy(&whole, &little);
        for folder in ["intents", "knowledge-base", "knowledge-base/ja", "knowledge-base/en"] {
            for entry in fs::read_dir(little.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_file() && !LITTLE.contains(&name.as_str()) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        run(&["--config", &little.join("madoguchi.toml").display().to_string(), "ask", "hello"]).await;
        dir
    })
    .await
}

async fn run(arguments: &[&str]) {
    let output = Command::new(program()).args(arguments).stdin(Stdio::null()).output().await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
        }
    }
}
