//! `report`: the desk's month or year as text, JSON, CSV or a page for print.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;

use super::{Global, out, report_text, settings};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Article, Bilingual, Language, Span};
use crate::knowledge::health::{Finding, Known, Trouble, findings};
use crate::report::{self, Basis, Period, Report, Tally, Told};
use crate::store::Store;
use crate::text::synonyms::Synonyms;

/// The days `kb health` looks back for uses, when nobody says otherwise. What was not used is counted by the report itself.
const UNUSED_DAYS: i64 = 180;

/// What articles need, and which.
type Care = Vec<(Bilingual, Vec<String>)>;

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
        let language = command.lang.unwrap_or(config.language);
        let made = async {
            let care = care(&store, &config, basis).await?;
            made(&store, basis, (command.period, language), care).await
        };
        let made = made.await;
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

/// What `kb health` finds now, but for what the report counts for its period.
async fn care(store: &Store, config: &Config, basis: Basis<'_>) -> anyhow::Result<Care> {
    let policy = app::learned(store, config).await.context("cannot read what was learnt")?.policy;
    let shelved = app::shelved(config);
    let articles: Vec<&Article> = basis.catalog.articles.iter().chain(&shelved).collect();
    let utc = basis.now.utc().context("the clock shows a time that is none")?;
    let known = Known {
        policy: &policy,
        wanted: config.answer_precision,
        uses: &[],
        first_message_at: None,
        unused_days: UNUSED_DAYS,
        now: basis.now,
        today: utc.with_timezone(&config.timezone).date_naive(),
    };
    let found = findings(&articles, &known, &Synonyms::new(&basis.catalog.synonyms));
    let of = |trouble: Trouble| {
        let own = found.iter().filter(|one: &&Finding| one.trouble == trouble);
        own.map(|one| format!("{}/{}", one.language, one.article)).collect::<Vec<_>>()
    };
    let told = Trouble::ALL.iter().filter(|trouble| !matches!(trouble, Trouble::Overdue | Trouble::NeverUsed));
    Ok(told.map(|trouble| (trouble.title(), of(*trouble))).collect())
}

/// Reads both periods in one go and makes the report.
async fn made(
    store: &Store,
    basis: Basis<'_>,
    (period, language): (Period, Language),
    care: Care,
) -> anyhow::Result<Report> {
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
    let this = Told { tally: this, beside: besides.next().unwrap_or_default(), care };
    let last = Told { tally: last, beside: besides.next().unwrap_or_default(), care: Vec::new() };
    Ok(report::make(period, language, &this, &last))
}
