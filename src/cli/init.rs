//! `init`: settings, request types and articles to start from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::{Global, out};
use crate::app;
use crate::config::Config;
use crate::domain::Fault;

/// The settings a new desk starts with; `support@desk.example` is replaced by the desk's address.
const SETTINGS: &str = include_str!("../../madoguchi.example.toml");

#[derive(Args)]
pub(super) struct Init {
    /// Where to write; made when it is not there
    dir: PathBuf,
    /// The desk's mail address
    #[arg(long, value_name = "ADDRESS", default_value = "support@desk.example")]
    address: String,
}

pub(super) fn run(command: &Init, global: &Global) -> anyhow::Result<ExitCode> {
    let files = write(&command.dir, &command.address)?;
    let settings = command.dir.join("madoguchi.toml");
    prepare(&settings)?;
    if global.json {
        out::json(&serde_json::json!({ "config": settings, "files": files }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = settings.display();
    out::line(format!("{shown} and {} files of request types and articles are written.", files - 1));
    out::line("Next:");
    out::line(format!("  madoguchi --config {shown} check    after every change"));
    out::line(format!("  madoguchi --config {shown} ask \"パスワードを忘れました\""));
    out::line(format!("  madoguchi --config {shown} doctor   once the mail servers are filled in"));
    out::line(format!("  madoguchi --config {shown} serve"));
    Ok(ExitCode::SUCCESS)
}

/// Checks what was written and fits the classifier, so that no later command waits for it.
fn prepare(settings: &Path) -> anyhow::Result<()> {
    let listed = |faults: Vec<Fault>| anyhow::anyhow!("{}", app::listing(&faults));
    let config = Config::load(settings, &[]).map_err(listed)?;
    std::fs::create_dir_all(&config.data_dir).with_context(|| format!("cannot make {}", config.data_dir.display()))?;
    app::rules(&config).map_err(listed)?;
    Ok(())
}

/// Writes a new desk. Returns how many files it has.
pub(super) fn write(dir: &Path, address: &str) -> anyhow::Result<usize> {
    let plain = address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !plain || address.contains(|c: char| c.is_control() || c.is_whitespace() || c == '"' || c == '\\') {
        bail!("`{address}` is not a mail address");
    }
    let settings = dir.join("madoguchi.toml");
    if settings.exists() {
        bail!("{} is there already; choose another directory", settings.display());
    }
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let files = app::write_starter(dir)?;
    std::fs::write(&settings, SETTINGS.replace("support@desk.example", address))
        .with_context(|| format!("cannot write {}", settings.display()))?;
    Ok(files + 1)
}
