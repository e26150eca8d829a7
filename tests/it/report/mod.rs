//! Reports over the real store, what is kept for how long, personal data, and the audit log.

mod access;
mod by_hand;
mod keeping;
mod month;
mod privacy;
mod processes;
mod size;

use madoguchi::domain::catalog::Catalog;
use madoguchi::domain::*;
use madoguchi::report::{self, Basis, Period, Report, Tally, Told};
use madoguchi::store::Store;

/// The catalog that ships, with the settings that ship.
pub fn shipped() -> Catalog {
    let file = std::path::Path::new("madoguchi.toml");
    let config = madoguchi::config::Config::parse(file, "", &[]).unwrap();
    madoguchi::app::catalog(&config).unwrap()
}

/// The report on `period`, as the command makes it.
pub async fn made(store: &Store, catalog: &Catalog, period: Period, now: Timestamp) -> Report {
    with_terms(store, catalog, &ReportTerms::default(), (period, now)).await
}

/// As [`made`], with what a support lead says of figures.
pub async fn with_terms(
    store: &Store,
    catalog: &Catalog,
    terms: &ReportTerms,
    (period, now): (Period, Timestamp),
) -> Report {
    let basis = Basis { catalog, terms, now };
    let spans = [period, period.previous()].map(|period| period.span(catalog.desk.timezone));
    let (mut this, mut last) = (Tally::new(basis, spans[0]), Tally::new(basis, spans[1]));
    let over = Span { from: spans[1].from, to: spans[0].to };
    let mut besides = store
        .report(over, &spans, |life| {
            this.add(life);
            last.add(life);
        })
        .await
        .unwrap()
        .into_iter();
    let this = Told { tally: this, beside: besides.next().unwrap(), care: Vec::new() };
    let last = Told { tally: last, beside: besides.next().unwrap(), care: Vec::new() };
    report::make(period, Language::En, &this, &last)
}
