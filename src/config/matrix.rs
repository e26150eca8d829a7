//! `[priority_matrix]`: what impact and urgency make together. What is not written stays as it ships.

use serde::Deserialize;
use toml::Spanned;

use super::document::Document;
use crate::domain::priority::Matrix;
use crate::domain::{Level, Priority};

type Word = Option<Spanned<String>>;

/// A row for each impact.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawMatrix {
    low: RawRow,
    medium: RawRow,
    high: RawRow,
    no_request_type: Word,
}

/// A priority for each urgency.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawRow {
    low: Word,
    medium: Word,
    high: Word,
}

/// The matrix of the settings.
pub(super) fn matrix(document: &mut Document<'_>) -> Matrix {
    let raw: RawMatrix = document.section("priority_matrix").unwrap_or_default();
    let mut matrix = Matrix::SHIPPED;
    let mut lines = [[0; 3]; 3];
    for (row, written) in [raw.low, raw.medium, raw.high].into_iter().enumerate() {
        for (column, word) in [written.low, written.medium, written.high].into_iter().enumerate() {
            let Some(word) = word else { continue };
            lines[row][column] = document.line(word.span().start);
            read(document, &word, &mut matrix.cells[row][column]);
        }
    }
    if let Some(word) = raw.no_request_type {
        read(document, &word, &mut matrix.no_request_type);
    }
    order(document, &matrix, &lines);
    matrix
}

fn read(document: &mut Document<'_>, word: &Spanned<String>, cell: &mut Priority) {
    match word.get_ref().parse() {
        Ok(priority) => *cell = priority,
        Err(fault) => {
            let line = document.line(word.span().start);
            document.fault(line, format!("[priority_matrix] {fault}"));
        }
    }
}

/// More impact, or more urgency, never makes less of a priority: that is a slip of the pen.
fn order(document: &mut Document<'_>, matrix: &Matrix, lines: &[[usize; 3]; 3]) {
    let places = (0..3).flat_map(|row| (0..3).map(move |column| (row, column)));
    for (row, column) in places {
        let next = [(row + 1, column), (row, column + 1)].into_iter().filter(|(row, column)| row.max(column) < &3);
        for (more_row, more_column) in next {
            let (less, more) = (matrix.cells[row][column], matrix.cells[more_row][more_column]);
            if less > more {
                let line = lines[more_row][more_column].max(lines[row][column]);
                let cell =
                    |row: usize, column: usize| format!("impact {} × urgency {}", Level::ALL[row], Level::ALL[column]);
                let message = format!(
                    "[priority_matrix] {} = {more} is below {} = {less}",
                    cell(more_row, more_column),
                    cell(row, column)
                );
                document.fault(line, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    fn parse(text: &str) -> Result<Matrix, Vec<(usize, String)>> {
        let read = Config::parse(Path::new("desk/madoguchi.toml"), text, &[]);
        let faults =
            |faults: Vec<crate::domain::Fault>| faults.into_iter().map(|fault| (fault.line, fault.message)).collect();
        read.map(|config| config.service.matrix).map_err(faults)
    }

    #[test]
    fn what_is_written_holds_and_the_rest_is_as_it_ships() {
        assert_eq!(parse("").unwrap(), Matrix::SHIPPED);
        let text = "[priority_matrix]\nhigh = { high = \"critical\", medium = \"critical\" }\nlow.high = \"high\"\nno_request_type = \"low\"\n";
        let matrix = parse(text).unwrap();
        assert_eq!(
            (matrix.of(Level::High, Level::Medium), matrix.of(Level::Low, Level::High), matrix.no_request_type),
            (Priority::Critical, Priority::High, Priority::Low)
        );
        assert_eq!(matrix.of(Level::Medium, Level::Medium), Priority::Medium, "which nothing was said of");
        let set = ["priority_matrix.medium.medium=high".to_owned()];
        let config = Config::parse(Path::new("desk/madoguchi.toml"), "", &set).unwrap();
        assert_eq!(config.service.matrix.of(Level::Medium, Level::Medium), Priority::High);
    }

    #[test]
    fn every_fault_has_its_line() {
        for (text, line, wanted) in [
            (
                "[priority_matrix]\nhigh = { high = \"urgent\" }",
                2,
                "`urgent` is not one of: low, medium, high, critical",
            ),
            ("[priority_matrix]\n\nno_request_type = \"none\"", 3, "`none` is not one of"),
            ("[priority_matrix]\nsevere = { high = \"high\" }", 2, "severe"),
            ("[priority_matrix]\nhigh = { soon = \"high\" }", 2, "soon"),
            (
                "[priority_matrix]\nlow = { low = \"low\" }\nhigh = { medium = \"low\" }",
                3,
                "impact high × urgency medium = low is below impact medium × urgency medium = medium",
            ),
            (
                "[priority_matrix.low]\nlow = \"critical\"",
                2,
                "impact medium × urgency low = low is below impact low × urgency low = critical",
            ),
        ] {
            let faults = parse(text).expect_err(text);
            assert!(faults.iter().any(|(at, said)| *at == line && said.contains(wanted)), "{text}: {faults:?}");
        }
    }
}
