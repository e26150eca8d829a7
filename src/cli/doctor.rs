//! `doctor`: tries each connection and says how to mend it.

use std::process::ExitCode;

use serde_json::json;

use super::{Global, out, settings};
use crate::app::{self, App};
use crate::connectors::email::probe::Probe;

pub(super) fn run(global: &Global) -> anyhow::Result<ExitCode> {
    let config = settings::start(global)?;
    settings::block_on(async move {
        let mut found: Vec<(String, Probe)> = Vec::new();
        match App::open(config.clone()).await {
            Ok(app) => {
                let totals = app.store.ledger_totals().await?;
                let verdict = if totals.is_balanced() {
                    Probe::Works(format!("{} messages, the ledger balances", totals.seen))
                } else {
                    Probe::Fails("the ledger does not balance; see `madoguchi ledger --rows`".to_owned())
                };
                found.push(("database".to_owned(), verdict));
                found.extend(app::probe(&app).await?);
                found.extend(app::probe_notices(&app).await?);
                for (whose, finding) in app::probe_chats(&config).await {
                    let verdict = match finding.outcome {
                        Ok(said) => Probe::Works(format!("{}: {said}", finding.what)),
                        Err(said) => Probe::Fails(format!("{}: {said}", finding.what)),
                    };
                    found.push((whose.to_owned(), verdict));
                }
                app.store.close().await;
            }
            Err(fault) => found.push(("desk".to_owned(), Probe::Fails(format!("{fault:#}")))),
        }
        for mailbox in &config.mailboxes {
            for (side, there) in [("imap", mailbox.imap.is_some()), ("smtp", mailbox.smtp.is_some())] {
                if !there {
                    let said = format!(
                        "no [mailboxes.{side}] yet: mail comes in by `ingest` only, replies wait in the outbox"
                    );
                    found.push((mailbox.name.clone(), Probe::Works(said)));
                }
            }
        }
        let fails = found.iter().filter(|(_, probe)| matches!(probe, Probe::Fails(_))).count();
        if global.json {
            let rows: Vec<_> = found
                .iter()
                .map(|(what, probe)| match probe {
                    Probe::Works(said) => json!({ "what": what, "ok": true, "says": said }),
                    Probe::Fails(said) => json!({ "what": what, "ok": false, "says": said }),
                })
                .collect();
            out::json(&rows.into())?;
        } else {
            for (what, probe) in &found {
                let (mark, said) = match probe {
                    Probe::Works(said) => (out::paint("ok   ", out::Colour::Green), said),
                    Probe::Fails(said) => (out::paint("FAIL ", out::Colour::Red), said),
                };
                out::line(format!("{mark} {what:<10} {said}"));
            }
        }
        Ok(if fails == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
