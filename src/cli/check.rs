//! `check`: every fault of settings and content as `file:line: message`.

use std::process::ExitCode;

use super::{Global, out};
use crate::{app, content};

pub(super) fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let found = super::settings::load(global).and_then(|config| {
        let (catalog, warnings) = app::checked(&config)?;
        app::rules(&config)?;
        let (_, faults) = content::golden(&config.knowledge_base);
        if faults.is_empty() { Ok((catalog, warnings)) } else { Err(faults) }
    });
    let mut faults = match &found {
        Ok(_) => Vec::new(),
        Err(faults) => faults.clone(),
    };
    faults.sort();
    let warnings = found.as_ref().map(|(_, warnings)| warnings.clone()).unwrap_or_default();
    if global.json {
        out::json(&serde_json::json!({ "ok": faults.is_empty(), "faults": faults, "warnings": warnings }))?;
    } else {
        for warning in &warnings {
            out::line(format!(
                "{}:{}: {}: {}",
                warning.file,
                warning.line,
                out::paint("warning", out::Colour::Yellow),
                warning.message
            ));
        }
        for fault in &faults {
            out::line(fault.to_string());
        }
        if let Ok((catalog, _)) = &found {
            let (ja, en) = super::settings::articles_by_language(catalog);
            out::line(format!(
                "no faults, {} warnings: {} request types, {} desk rules, {} articles ({ja} Japanese, {en} English), {} queues, catalog {}",
                warnings.len(),
                catalog.intents.len(),
                catalog.rulebook.rules.len(),
                catalog.articles.len(),
                catalog.queues.len(),
                catalog.version
            ));
        }
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
