//! What the commands print: tables that align with wide characters, JSON, and errors with their causes.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Prints one line. A reader that went away (`| head`) is no fault.
pub(super) fn line(text: impl AsRef<str>) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{}", text.as_ref());
}

/// Prints a document as it is. A reader that went away is no fault.
pub(super) fn bytes(document: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(document).and_then(|()| stdout.flush());
}

/// Prints one JSON document.
pub(super) fn json(value: &serde_json::Value) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints an error with its causes to stderr.
pub(super) fn error(fault: &anyhow::Error) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: {fault:#}");
}

/// Prints a note to stderr.
pub(super) fn note(text: impl AsRef<str>) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{}", text.as_ref());
}

/// Columns under a ruled header, nothing else; on a terminal as wide as the terminal.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let style = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(style).set_header(header);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// As much of `text` as fits in `columns` terminal columns (a wide character takes two), with an ellipsis when there is more; newlines
/// become blanks.
pub(super) fn short(text: &str, columns: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.width() <= columns {
        return line;
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= columns
    };
    line.chars().take_while(fits).chain(['…']).collect()
}

/// Colours `text` on a terminal: green, yellow, red …
pub(super) fn paint(text: &str, colour: Colour) -> String {
    if !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    let code = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
        Colour::Blue => 36,
        Colour::Dim => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Terminal colours.
#[derive(Clone, Copy)]
pub(super) enum Colour {
    Green,
    Yellow,
    Red,
    Blue,
    Dim,
}

/// An instant in the desk's zone: `2026-10-01 09:30`.
pub(super) fn when(at: crate::domain::Timestamp, zone: chrono_tz::Tz) -> String {
    at.utc().map_or_else(|| "?".to_owned(), |utc| utc.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        assert_eq!(short("abc\n def", 7), "abc def");
        assert_eq!(short("窓口窓口", 8), "窓口窓口");
        assert_eq!(short("窓口窓口", 7), "窓口窓…");
        assert_eq!(short("abcdefgh", 5), "abcd…");
    }
}
