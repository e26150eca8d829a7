//! `check`: every fault of settings and content as `file:line: message`.

use std::process::ExitCode;

use super::{Global, out};
use crate::{app, content};

pub(super) fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let found = super::settings::load(global).and_then(|config| {
        let rules = app::rules(&config)?;
        let (_, faults) = content::golden(&config.knowledge_base);
        if faults.is_empty() { Ok(rules) } else { Err(faults) }
    });
    let mut faults = match &found {
        Ok(_) => Vec::new(),
        Err(faults) => faults.clone(),
    };
    faults.sort();
    if global.json {
        out::json(&serde_json::json!({ "ok": faults.is_empty(), "faults": faults }))?;
    } else {
        for fault in &faults {
            out::line(fault.to_string());
        }
        if let Ok(rules) = &found {
            let (ja, en) = super::settings::articles_by_language(&rules.catalog);
            out::line(format!(
                "no faults: {} request types, {} articles ({ja} Japanese, {en} English), {} queues, catalog {}",
                rules.catalog.intents.len(),
                rules.catalog.articles.len(),
                rules.catalog.queues.len(),
                rules.catalog.version
            ));
        }
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
