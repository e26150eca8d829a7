//! A report as tables for a terminal: figures to the right, wide characters counted as two columns.

use comfy_table::{CellAlignment, ContentArrangement};
use unicode_width::UnicodeWidthStr;

use super::out;
use crate::report::{Report, Section, shown};

/// Ticket numbers shown beside a row; JSON and CSV have all.
const IDS: usize = 4;
/// Longer words are cut: a subject is no figure.
const WIDEST: usize = 44;
/// Formulas are folded at this column.
const FOLD: usize = 110;

pub(super) fn text(report: &Report) -> String {
    let words = report.words;
    let mut lines = vec![
        format!("{} {} · {}", words.report, report.period, report.desk),
        format!("{} {} – {} ({})", words.period, report.from, report.to, report.timezone),
        format!("{} {} · {} {}", words.compared, report.previous, words.made, report.made_at),
    ];
    for section in &report.sections {
        lines.push(format!("\n■ {}", section.title));
        lines.extend(folded(&section.formula).into_iter().map(|line| format!("  {line}")));
        if section.rows.is_empty() {
            lines.push(format!("  {}", words.nothing));
        } else {
            lines.push(table(section, words.ids));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn table(section: &Section, ids: &str) -> String {
    let mut table = out::table([]);
    // The same text whether it is read by a person or kept in a file.
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(section.columns.iter().map(|column| column.title.as_str()).chain([ids]));
    for row in &section.rows {
        let cells = section.columns.iter().zip(&row.cells);
        let cells = cells.map(|(column, cell)| out::short(&shown(cell, column.kind), WIDEST));
        table.add_row(cells.chain([row.shown(IDS)]));
    }
    for (column, known) in table.column_iter_mut().zip(&section.columns) {
        if known.kind.is_figure() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// `text` in lines of at most [`FOLD`] columns, broken at blanks and after Japanese full stops.
fn folded(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive([' ', '。', '、']) {
        let fits = lines.last().is_none_or(|line| line.width() + part.width() <= FOLD);
        match lines.last_mut() {
            Some(line) if fits => line.push_str(part),
            _ => lines.push(part.to_owned()),
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}
