//! `kb`: the knowledge base, for those who look after it.

mod draft;
mod gaps;
mod health;
mod sync;
mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Global, settings};
use crate::domain::Language;

#[derive(Args)]
pub(super) struct Kb {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Which articles differ between files and store, and how many of their answers were right
    #[command(
        after_help = "Examples:\n  madoguchi kb status\n  madoguchi kb status ja/vpn-setup    both texts, line by line, and the revisions"
    )]
    Status {
        /// Only this one, in full: vpn-setup, ja/vpn-setup
        article: Option<String>,
    },
    /// Store what changed in files as new revisions
    Import {
        /// In a conflict the file counts; the stored text stays among the revisions. May be given several times
        #[arg(long, value_name = "ARTICLE")]
        take_file: Vec<String>,
    },
    /// Write what changed in the store to files
    Export {
        /// In a conflict the stored text counts; the file's stays among the revisions. May be given several times
        #[arg(long, value_name = "ARTICLE")]
        take_stored: Vec<String>,
    },
    /// What people ask and no article answers: alike questions together, with the work they made
    #[command(after_help = "Examples:\n  madoguchi kb gaps --since 30d\n  madoguchi kb draft G-1042")]
    Gaps {
        #[command(flatten)]
        scope: gaps::Scope,
        /// The language of the table [default: the desk's]
        #[arg(long)]
        lang: Option<Language>,
    },
    /// A draft article from a resolved ticket, or from the tickets of a gap; nothing is answered with it until it is approved
    #[command(
        after_help = "Examples:\n  madoguchi kb draft T-1042\n  madoguchi kb draft G-1042 --write\n  madoguchi kb draft G-1042 --out vpn-drops.md"
    )]
    Draft(draft::Command),
    /// Which articles need care: overdue, not used, often wrong, doubled, contradicting, not translated
    Health {
        /// An article that was not used for this many days is not needed
        #[arg(long, value_name = "N", default_value_t = 180)]
        unused_days: u32,
        /// The language of the findings [default: the desk's]
        #[arg(long)]
        lang: Option<Language>,
    },
    /// What people said that cannot all be right, and what the desk makes of it
    Contradictions {
        /// The language of the table [default: the desk's]
        #[arg(long)]
        lang: Option<Language>,
    },
}

pub(super) fn run(command: &Kb, global: &Global) -> anyhow::Result<ExitCode> {
    match &command.action {
        Action::Status { article } => settings::with_store(global, async |store, config| {
            sync::status(store, config, article.as_deref(), global).await
        }),
        Action::Import { take_file } => {
            settings::with_store(global, async |store, config| sync::import(store, config, take_file, global).await)
        }
        Action::Export { take_stored } => {
            settings::with_store(global, async |store, config| sync::export(store, config, take_stored, global).await)
        }
        Action::Gaps { scope, lang } => {
            settings::with_app(global, async |app| gaps::run(&app, scope, *lang, global).await)
        }
        Action::Draft(command) => settings::with_app(global, async |app| draft::run(&app, command, global).await),
        Action::Health { unused_days, lang } => {
            settings::with_app(global, async |app| health::run(&app, *unused_days, *lang, global).await)
        }
        Action::Contradictions { lang } => {
            settings::with_app(global, async |app| health::labels(&app, *lang, global).await)
        }
    }
}
