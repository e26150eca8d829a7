//! Conversations as a support lead writes them down, played through store and workers: who says or presses what where, what the
//! desk answers, and what becomes of the tickets. `tests/fixtures/conversations/README.md` explains the files.

mod script;
mod stage;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use script::{Script, Turn};
use stage::Stage;

const FOLDER: &str = "tests/fixtures/conversations";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_goes_as_it_is_written() {
    let files = files();
    assert!(files.len() >= 20, "only {} conversations found in {FOLDER}", files.len());
    let mut faults = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let script: Script = toml::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert!(!script.turns.is_empty(), "{}: nothing is said", file.display());
        if let Err(difference) = play(&script).await {
            let _ = write!(faults, "\n{}: {}\n{difference}", file.display(), script.title);
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(Path::new(FOLDER)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "toml"));
    files.sort();
    files
}

/// Plays a script; what went otherwise than written.
async fn play(script: &Script) -> Result<(), String> {
    let mut stage = Stage::open(script).await;
    for (number, turn) in script.turns.iter().enumerate() {
        let happened = stage.play(turn).await?;
        let Some(happened) = happened else { continue };
        let mut faults = String::new();
        let wanted = [
            ("answers", Some(&turn.answers), &happened.answers),
            ("tickets", turn.tickets.as_ref(), &happened.tickets),
            ("fates", turn.fates.as_ref(), &happened.fates),
        ];
        for (what, wanted, got) in wanted {
            if let Some(wanted) = wanted.filter(|wanted| !script::fits_all(wanted, got)) {
                let _ = write!(faults, "  {what}, as written:{}\n  {what}, as it went:{}\n", list(wanted), list(got));
            }
        }
        for line in turn.history.iter().filter(|line| !happened.history.iter().any(|got| script::fits(line, got))) {
            let _ = write!(faults, "  the history does not say:\n    {line}\n  but:{}\n", list(&happened.history));
        }
        for line in turn.reads.iter().filter(|line| !happened.reads.contains(line)) {
            let _ = write!(faults, "  no message reads:\n    {line}\n  but:{}\n", list(&happened.reads));
        }
        if !faults.is_empty() {
            return Err(format!(
                "  turn {} ({})\n{faults}  the trace of its decisions:{}\n",
                number + 1,
                describe(turn),
                list(&happened.trace)
            ));
        }
    }
    Ok(())
}

fn describe(turn: &Turn) -> String {
    let done = turn.says.as_ref().or(turn.presses.as_ref()).map_or("an act", String::as_str);
    format!("{} in {}: {done}", turn.who, turn.place)
}

fn list(lines: &[String]) -> String {
    if lines.is_empty() {
        return "\n    (nothing)".to_owned();
    }
    lines.iter().fold(String::new(), |text, line| text + "\n    " + line)
}

#[test]
fn a_gap_stands_for_anything_and_nothing_else_is_left_out() {
    for (wanted, got, fits) in [
        ("#help: yes", "#help: yes", true),
        ("#help: yes", "#help: yes, sir", false),
        ("#help: …sir", "#help: yes, sir", true),
        ("…yes…", "#help: yes, sir", true),
        ("#help: …no…", "#help: yes, sir", false),
        ("…sir…yes…", "#help: yes, sir", false),
    ] {
        assert_eq!(script::fits(wanted, got), fits, "{wanted}");
    }
    assert!(!script::fits_all(&["…".to_owned()], &[]));
}
