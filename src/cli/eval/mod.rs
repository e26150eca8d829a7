//! `eval`: how accurate the engine is on questions and texts whose answers are known. Reads files, opens no database.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use super::Global;

mod faq;
mod intents;
mod measures;
mod ranking;

#[derive(Args)]
pub(super) struct Eval {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Finding the article that answers a question
    #[command(after_help = "\
Examples:
  madoguchi eval faq --articles articles.jsonl --queries queries.jsonl
  madoguchi eval faq --articles articles.jsonl --queries queries.jsonl --history history.jsonl --run out.trec --json")]
    Faq(faq::Faq),
    /// Which request type a text is: trained on one file, measured on another
    #[command(after_help = "Example: madoguchi eval intents --train train.jsonl --test test.jsonl --json")]
    Intents(intents::Intents),
}

pub(super) fn run(command: &Eval, global: &Global) -> anyhow::Result<ExitCode> {
    match &command.what {
        What::Faq(faq) => faq::run(faq, global),
        What::Intents(command) => intents::run(command, global),
    }
}

/// The objects of a JSONL file; blank lines are skipped.
fn read_lines<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| serde_json::from_str(line).with_context(|| format!("{}:{}", file.display(), number + 1)))
        .collect()
}
