//! A report as one page of HTML: complete in itself, for the screen and for print, with charts as plain shapes and no scripts.

use askama::Template;

use super::sheet::{Report, Row, Section, shown};

/// Ticket numbers shown beside a row; JSON and CSV have all.
const IDS: usize = 12;
/// The length of the longest bar, in the units of the drawing.
const BAR: f64 = 240.0;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
}

impl Page<'_> {
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn cells(&self, section: &Section, row: &Row) -> Vec<(String, bool)> {
        let pairs = section.columns.iter().zip(&row.cells);
        pairs.map(|(column, cell)| (shown(cell, column.kind), column.kind.is_figure())).collect()
    }

    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn ids(&self, row: &Row) -> String {
        row.shown(IDS)
    }

    /// The length of the row's bar.
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn bar(&self, section: &Section, row: &Row) -> String {
        let figure = section.bars.and_then(|column| row.figure(column)).unwrap_or_default();
        // A row that sums the others up would dwarf them.
        let length = if row.is_total { 0.0 } else { figure / section.largest().max(f64::EPSILON) * BAR };
        format!("{length:.1}")
    }
}

/// The report as HTML.
///
/// # Errors
/// Never in practice: it is written into memory.
pub fn page(report: &Report) -> Result<String, askama::Error> {
    Page { report }.render()
}
