//! `backup` and `restore`: everything the desk remembers, as one file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Global, noted, out, settings};
use crate::clock::Clock;
use crate::store::Store;

#[derive(Args)]
pub(super) struct Backup {
    /// Where to write [default: madoguchi-DATE.tar.gz in the current directory]
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Restore {
    /// A file that `backup` wrote
    file: PathBuf,
}

pub(super) fn backup(command: &Backup, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_store(global, async |store, config| {
        let day = out::when(Clock::system().now(), config.timezone).replace([' ', ':'], "-");
        let file = command.to.clone().unwrap_or_else(|| PathBuf::from(format!("madoguchi-{day}.tar.gz")));
        store.backup(&file).await.with_context(|| format!("cannot write {}", file.display()))?;
        let now = Clock::system().now();
        noted::change(store, "backup", "desk", ["", &file.display().to_string()], now).await?;
        let size_bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
        if global.json {
            out::json(&json!({ "file": file, "size_bytes": size_bytes }))?;
        } else {
            out::line(format!("{} written, {} KiB", file.display(), size_bytes / 1024));
        }
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn restore(command: &Restore, global: &Global) -> anyhow::Result<ExitCode> {
    let config = settings::start(global)?;
    settings::block_on(async move {
        std::fs::create_dir_all(&config.data_dir)
            .with_context(|| format!("cannot make {}", config.data_dir.display()))?;
        Store::restore(&command.file, config.database_url.expose_secret(), &config.data_dir)
            .await
            .with_context(|| format!("cannot restore {}", command.file.display()))?;
        let store = Store::open(config.database_url.expose_secret(), &config.data_dir).await?;
        let totals = store.ledger_totals().await?;
        let from = command.file.display().to_string();
        noted::change(&store, "restore", "desk", ["", &from], Clock::system().now()).await?;
        store.close().await;
        if global.json {
            out::json(&json!({ "seen": totals.seen, "balanced": totals.is_balanced() }))?;
        } else {
            out::line(format!("restored: {} messages, {} tickets", totals.seen, totals.filed));
        }
        Ok(ExitCode::SUCCESS)
    })
}
