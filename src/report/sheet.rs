//! The view model: sections of rows. Every way of showing a report reads these and nothing else.

use serde_json::{Map, Value, json};

use super::words::Words;

/// The column that says whether a promise was kept.
const VERDICT: &str = "verdict";

/// What a column holds, and so how it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// A whole number.
    Count,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// 0 to 1, shown in percent.
    Share,
    /// A plain number with one place after the point.
    Number,
}

impl Kind {
    /// Figures stand to the right.
    #[must_use]
    pub const fn is_figure(self) -> bool {
        !matches!(self, Self::Text)
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Count => "count",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Share => "share",
            Self::Number => "number",
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name in JSON and CSV.
    pub key: &'static str,
    /// Its name for people.
    pub title: String,
    /// What it holds.
    pub kind: Kind,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// Words for people, and what programs know it by: the same in every language.
    Named {
        /// As people read it.
        title: String,
        /// The id.
        id: String,
    },
    /// A whole number.
    Count(u64),
    /// Any other figure, in the unit of its column.
    Figure(f64),
    /// There is nothing to say.
    None,
}

impl Cell {
    pub(super) fn named(title: impl Into<String>, id: impl Into<String>) -> Self {
        Self::Named { title: title.into(), id: id.into() }
    }

    /// The words people read, or those that are the same in every language where it has such; empty for figures.
    fn words(&self, wanted: Wording) -> &str {
        match (self, wanted) {
            (Self::Text(text), _) => text,
            (Self::Named { title, .. }, Wording::People) => title,
            (Self::Named { id, .. }, Wording::Programs) => id,
            (Self::Count(_) | Self::Figure(_) | Self::None, _) => "",
        }
    }
}

/// Whose words.
#[derive(Clone, Copy)]
enum Wording {
    People,
    Programs,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Cell {
    fn from(count: usize) -> Self {
        Self::Count(count as u64)
    }
}

impl From<f64> for Cell {
    fn from(figure: f64) -> Self {
        Self::Figure(figure)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// One for each column.
    pub cells: Vec<Cell>,
    /// What each figure was counted from, by column key. The first is what people are shown.
    pub ids: Vec<(&'static str, Vec<String>)>,
    /// It sums the others up.
    pub is_total: bool,
}

/// A table with its name and how its figures come about.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name in JSON and CSV.
    pub key: &'static str,
    /// Its name for people.
    pub title: String,
    /// How its figures come about.
    pub formula: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// The column drawn as bars, by its place.
    pub bars: Option<usize>,
}

/// A whole report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The desk's name.
    pub desk: String,
    /// `2026-10`.
    pub period: String,
    /// The one it is compared with.
    pub previous: String,
    /// First instant, RFC 3339.
    pub from: String,
    /// First instant after it.
    pub to: String,
    /// When it was made.
    pub made_at: String,
    /// The zone its hours and days are in.
    pub timezone: String,
    /// The words of its language.
    pub words: &'static Words,
    /// In the order they are read.
    pub sections: Vec<Section>,
}

impl Section {
    /// A section without rows. `columns` are key, name and kind.
    pub(super) fn new(
        key: &'static str,
        title: &str,
        formula: impl Into<String>,
        columns: &[(&'static str, &str, Kind)],
    ) -> Self {
        let column =
            |(key, title, kind): &(&'static str, &str, Kind)| Column { key, title: (*title).to_owned(), kind: *kind };
        Self {
            key,
            title: title.to_owned(),
            formula: formula.into(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
            bars: None,
        }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>, ids: Vec<(&'static str, Vec<String>)>) {
        let ids = ids.into_iter().filter(|(_, ids)| !ids.is_empty()).collect();
        self.rows.push(Row { cells, ids, is_total: false });
    }

    /// A row that sums the others up.
    pub(super) fn total(&mut self, cells: Vec<Cell>, ids: Vec<(&'static str, Vec<String>)>) {
        self.row(cells, ids);
        if let Some(row) = self.rows.last_mut() {
            row.is_total = true;
        }
    }

    /// The largest value of the column drawn as bars, sums left out.
    #[must_use]
    pub fn largest(&self) -> f64 {
        let at = self.bars.unwrap_or_default();
        self.rows.iter().filter(|row| !row.is_total).filter_map(|row| row.figure(at)).fold(0.0, f64::max)
    }
}

impl Section {
    /// The words that name `row`; a verdict is said of it and does not.
    fn name_of(&self, row: &Row, wanted: Wording) -> String {
        let cells = self.columns.iter().zip(&row.cells).filter(|(column, _)| column.key != VERDICT);
        let words = cells.map(|(_, cell)| cell.words(wanted)).filter(|words| !words.is_empty());
        words.collect::<Vec<_>>().join(" / ")
    }
}

impl Row {
    /// The value of a column as a number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no desk counts to 2^52")]
    pub fn figure(&self, column: usize) -> Option<f64> {
        match self.cells.get(column)? {
            Cell::Count(count) => Some(*count as f64),
            Cell::Figure(figure) => Some(*figure),
            Cell::Text(_) | Cell::Named { .. } | Cell::None => None,
        }
    }

    /// What the row was counted from, as far as people are shown it.
    #[must_use]
    pub fn shown(&self, most: usize) -> String {
        let Some((_, ids)) = self.ids.first() else { return String::new() };
        let text = ids.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(" ");
        if ids.len() > most { format!("{text} … +{}", ids.len() - most) } else { text }
    }
}

/// A value as people read it.
#[must_use]
pub fn shown(cell: &Cell, kind: Kind) -> String {
    match (cell, kind) {
        (Cell::Text(text) | Cell::Named { title: text, .. }, _) => text.clone(),
        (Cell::Count(count), _) => grouped(&count.to_string()),
        (Cell::Figure(share), Kind::Share) => format!("{:.1} %", share * 100.0),
        (Cell::Figure(figure), Kind::Count) => grouped(&format!("{figure:.0}")),
        // Counts stand beside other figures in one column.
        (Cell::Figure(figure), Kind::Number) if figure.fract().abs() < 1e-9 => grouped(&format!("{figure:.0}")),
        (Cell::Figure(figure), Kind::Text | Kind::Minutes | Kind::Hours | Kind::Number) => {
            let text = format!("{figure:.1}");
            let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
            format!("{}.{part}", grouped(whole))
        }
        (Cell::None, _) => "–".to_owned(),
    }
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}

impl Report {
    /// The section called `key`.
    #[must_use]
    pub fn section(&self, key: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.key == key)
    }

    /// As JSON: `sections.KEY.rows[]`, each row with its columns by key, `KEY_id` beside those that have an id, and `ids` by column key.
    #[must_use]
    pub fn json(&self) -> Value {
        let sections: Map<String, Value> =
            self.sections.iter().map(|section| (section.key.to_owned(), section_json(section))).collect();
        json!({ "desk": self.desk, "period": self.period, "previous": self.previous, "from": self.from, "to": self.to,
                "made_at": self.made_at, "timezone": self.timezone, "language": self.words.language.as_str(),
                "sections": sections })
    }

    /// As CSV (RFC 4180), one figure a line: section, row, figure, value, unit, what it was counted from, and the row by the ids of
    /// its request type and promise: the same in every language. Cells that a
    /// spreadsheet would take for a formula get an apostrophe in front.
    ///
    /// # Errors
    /// Never in practice: it is written into memory.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["section", "row", "figure", "value", "unit", "ids", "row_id"])?;
        for section in &self.sections {
            for row in &section.rows {
                for (column, cell) in section.columns.iter().zip(&row.cells) {
                    let value = plain(cell);
                    if value.is_empty() || (cell_is_name(cell) && !is_said(section, column)) {
                        continue;
                    }
                    let ids = row.ids.iter().find(|(key, _)| *key == column.key).map(|(_, ids)| ids.join(" "));
                    let row_id = section.name_of(row, Wording::Programs);
                    let cells = [
                        section.name_of(row, Wording::People),
                        column.key.to_owned(),
                        value,
                        column.kind.unit().to_owned(),
                    ];
                    let cells = cells.into_iter().chain([ids.unwrap_or_default(), row_id]).map(harmless);
                    table.write_record(std::iter::once(section.key.to_owned()).chain(cells))?;
                }
            }
        }
        table.into_inner().map_err(|fault| fault.into_error().into())
    }
}

const fn cell_is_name(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(_) | Cell::Named { .. })
}

/// Words that are a result and no name: those of sections without figures, and verdicts.
fn is_said(section: &Section, column: &Column) -> bool {
    column.key == VERDICT || !section.columns.iter().any(|column| column.kind.is_figure())
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) | Cell::Named { title: text, .. } => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Figure(figure) => rounded(*figure).to_string(),
        Cell::None => String::new(),
    }
}

/// Six places are more than any figure here is worth, and keep sums from showing their last bit.
fn rounded(figure: f64) -> f64 {
    (figure * 1e6).round() / 1e6
}

/// `text` so that no spreadsheet runs it (<https://owasp.org/www-community/attacks/CSV_Injection>). Negative numbers stay.
fn harmless(text: String) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    if risky && text.parse::<f64>().is_err() { format!("'{text}") } else { text }
}

fn section_json(section: &Section) -> Value {
    let row = |row: &Row| {
        let mut object: Map<String, Value> =
            section.columns.iter().zip(&row.cells).map(|(column, cell)| (column.key.to_owned(), value(cell))).collect();
        for (column, cell) in section.columns.iter().zip(&row.cells) {
            if let Cell::Named { id, .. } = cell {
                object.insert(format!("{}_id", column.key), json!(id));
            }
        }
        let ids: Map<String, Value> = row.ids.iter().map(|(key, ids)| ((*key).to_owned(), json!(ids))).collect();
        object.insert("ids".to_owned(), Value::Object(ids));
        Value::Object(object)
    };
    let rows: Vec<Value> = section.rows.iter().map(row).collect();
    json!({ "title": section.title, "formula": section.formula, "rows": rows })
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Text(text) | Cell::Named { title: text, .. } => json!(text),
        Cell::Count(count) => json!(count),
        Cell::Figure(figure) => json!(rounded(*figure)),
        Cell::None => Value::Null,
    }
}

#[cfg(test)]
mod tests;
