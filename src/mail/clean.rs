//! Takes out of text what must not be stored, shown or sent: control characters and marks that turn the direction of writing.

/// One line: line ends and tabs become a space, other control characters vanish, the ends are trimmed.
#[must_use]
pub fn line(text: &str) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.trim().to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\r' | '\n' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => {
                if !cleaned.ends_with(' ') {
                    cleaned.push(' ');
                }
            }
            c if is_unwanted(c) => {}
            c => cleaned.push(c),
        }
    }
    let trimmed = cleaned.trim();
    if trimmed.len() == cleaned.len() { cleaned } else { trimmed.to_owned() }
}

/// Lines that end with `\n`; tabs stay; empty lines at both ends are dropped.
#[must_use]
pub fn lines(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                while chars.peek() == Some(&'\r') {
                    chars.next();
                }
                if chars.peek() != Some(&'\n') {
                    cleaned.push('\n');
                }
            }
            '\n' | '\t' => cleaned.push(c),
            '\u{2028}' | '\u{2029}' | '\u{85}' | '\u{c}' => cleaned.push('\n'),
            c if is_unwanted(c) => {}
            c => cleaned.push(c),
        }
    }
    trim_empty_lines(&cleaned).to_owned()
}

/// Without the empty lines at both ends; spaces at the beginning of the first line stay.
#[must_use]
pub fn trim_empty_lines(text: &str) -> &str {
    let end = text.trim_end();
    let start = end.len() - end.trim_start().len();
    let first = end[..start].rfind('\n').map_or(0, |at| at + 1);
    &end[first..]
}

/// Control characters, byte order marks, and the characters that override the direction of writing (UAX #9 §2).
const fn is_unwanted(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_become_two() {
        assert_eq!(line("hi\r\nBcc: v@b.example\r\n"), "hi Bcc: v@b.example");
        assert_eq!(line("a\0b\u{1b}c\u{9b}d\u{202e}e\u{2066}f"), "abcdef");
    }

    #[test]
    fn lines_end_with_a_line_feed() {
        assert_eq!(lines("\r\n\r\n  a\r\nb\rc\r\r\nd\0\t\n\n"), "  a\nb\nc\nd");
        assert_eq!(lines(""), "");
        assert_eq!(lines(" \n \n"), "");
    }
}
