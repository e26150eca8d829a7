//! `eval`: how good the models are, measured on data files of one JSON object a line.

mod intents;
mod measures;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Global;

#[derive(Args)]
pub(super) struct Eval {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Which request type a text is: trained on one file, measured on another
    #[command(after_help = "Example: madoguchi eval intents --train train.jsonl --test test.jsonl --json")]
    Intents(intents::Intents),
}

pub(super) fn run(eval: &Eval, global: &Global) -> anyhow::Result<ExitCode> {
    match &eval.command {
        Command::Intents(command) => intents::run(command, global),
    }
}
