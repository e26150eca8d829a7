//! `report`: the desk's month or year as text, JSON, CSV or a page for print.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;

use super::{Global, out, report_text, settings};
use crate::app;
use crate::clock::Clock;
use crate::domain::{Language, Span};
use crate::report::{self, Basis, Period, Report, Tally, Told};
use crate::store::Store;

#[derive(Args)]
pub(super) struct Command {
    /// The month or year: 2026-10 or 2026
    #[arg(long, value_name = "PERIOD")]
    period: Period,
    /// How it is written [default: json with --json, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// ja or en [default: the desk's language]
    #[arg(long)]
    lang: Option<Language>,
    /// Where to write it [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tables for a terminal
    Text,
    /// One document
    Json,
    /// One figure a line
    Csv,
    /// One page, ready for print
    Html,
}

pub(super) fn run(command: &Command, global: &Global) -> anyhow::Result<ExitCode> {
    let config = settings::start(global)?;
    let catalog = app::catalog(&config).map_err(|faults| anyhow::anyhow!("{}", app::listing(&faults)))?;
    let report = settings::block_on(async {
        let url = config.database_url.expose_secret();
        let store = Store::open_to_read(url, &config.data_dir).await.context("cannot open the database")?;
        let basis = Basis { catalog: &catalog, terms: &config.report, now: Clock::system().now() };
        let made = made(&store, basis, command.period, command.lang.unwrap_or(config.language)).await;
        store.close().await;
        made
    })?;
    let format = command.format.unwrap_or(if global.json { Format::Json } else { Format::Text });
    let bytes = match format {
        Format::Text => report_text::text(&report).into_bytes(),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&report.json())?).into_bytes(),
        Format::Csv => report.csv()?,
        Format::Html => report::page(&report)?.into_bytes(),
    };
    match &command.out {
        Some(file) => std::fs::write(file, &bytes).with_context(|| format!("cannot write {}", file.display()))?,
        None => out::bytes(&bytes),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads both periods in one go and makes the report.
async fn made(store: &Store, basis: Basis<'_>, period: Period, language: Language) -> anyhow::Result<Report> {
    let zone = basis.catalog.desk.timezone;
    let spans = [period, period.previous()].map(|period| period.span(zone));
    let [this_span, last_span] = spans;
    let (mut this, mut last) = (Tally::new(basis, this_span), Tally::new(basis, last_span));
    let over = Span { from: last_span.from, to: this_span.to };
    let mut besides = store
        .report(over, &spans, |life| {
            this.add(life);
            last.add(life);
        })
        .await?
        .into_iter();
    let this = Told { tally: this, beside: besides.next().unwrap_or_default() };
    let last = Told { tally: last, beside: besides.next().unwrap_or_default() };
    Ok(report::make(period, language, &this, &last))
}
