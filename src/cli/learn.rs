//! `learn`: new thresholds and a newly taught classifier from what people said, with before and after.

use std::process::ExitCode;

use clap::Args;

use super::{Global, noted, out, settings};
use crate::app;
use crate::workers::learn::{self, Report};

/// Moved golden cases that are printed.
const SHOWN: usize = 30;

#[derive(Args)]
pub(super) struct Learn {
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(command: &Learn, global: &Global) -> anyhow::Result<ExitCode> {
    settings::with_app(global, async |app| {
        let now = app.clock.now();
        let lesson = learn::learn(&app.store, app.live.get(), &app::schedule(&app.config), now).await?;
        if !command.dry_run {
            learn::conclude(&app.store, &lesson, (&noted::who(), "cli"), now).await?;
        }
        let report = &lesson.report;
        let in_force = !command.dry_run && report.refused.is_none();
        if global.json {
            let mut document = serde_json::to_value(report)?;
            document["in_force"] = in_force.into();
            out::json(&document)?;
        } else {
            show(report);
            match &report.refused {
                Some(why) => out::line(format!("\n{}: {why}", out::paint("kept out", out::Colour::Red))),
                None if in_force => out::line("\nin force; running processes take it over within a minute"),
                None => out::line("\nnothing was changed (--dry-run)"),
            }
        }
        Ok(if report.refused.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

fn show(report: &Report) {
    out::line(format!(
        "{} votes, {} contradictions ({:.1} % of votes taken to be mistaken), {} labelled messages taught",
        report.votes,
        report.contradictions,
        report.mistaken * 100.0,
        report.examples
    ));
    let measured = &report.measured;
    match measured.precision() {
        Some(precision) => out::line(format!(
            "answers: {} of {} judged were right ({:.1} %, likely {:.1} to {:.1} %)",
            measured.right,
            measured.count(),
            precision * 100.0,
            measured.low * 100.0,
            measured.high * 100.0
        )),
        None => out::line("answers: none was judged yet, so the calibrated probability alone decides"),
    }
    for moved in &report.thresholds {
        let name = moved.article.as_deref().unwrap_or("all articles");
        let after = if moved.after > 1.0 { "only suggested".to_owned() } else { format!("{:.3}", moved.after) };
        let before = if moved.before > 1.0 { "only suggested".to_owned() } else { format!("{:.3}", moved.before) };
        let judged = format!("{} of {} right", moved.measured.right, moved.measured.count());
        out::line(format!("threshold {name}: {before} → {after} ({judged})"));
    }
    let mut table = out::table(["measured on", "", "right", "offered", "missed", "misled"]);
    for (name, tallies) in [("golden cases", report.golden), ("confirmed messages left out", report.history)] {
        for (when, tally) in ["before", "after"].into_iter().zip(tallies) {
            let figures = [tally.right, tally.offered, tally.missed, tally.misled].map(|figure| figure.to_string());
            table.add_row([name.to_owned(), when.to_owned()].into_iter().chain(figures));
        }
    }
    out::line(table.to_string());
    for moved in report.moved.iter().take(SHOWN) {
        let colour = if moved.after > moved.before { out::Colour::Green } else { out::Colour::Red };
        let important = if moved.important { " (important)" } else { "" };
        let way = out::paint(&format!("{} → {}", moved.before, moved.after), colour);
        out::line(format!("{way}{important}: {}", out::short(&moved.text, 80)));
    }
    if report.unknown > 0 {
        out::line(format!("{} golden cases name an article or request type that is not there", report.unknown));
    }
}
