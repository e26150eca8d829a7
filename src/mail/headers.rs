//! Header fields as raw bytes: where they begin and end, unfolded values, lookups. Decoding is in `encoded_word` and `parameters`.

use super::{Header, encoded_word, limits};

/// One field of a header block, still folded.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Name as written, without the colon.
    pub name: &'a [u8],
    /// Everything after the colon, with its line ends.
    pub folded: &'a [u8],
}

impl Field<'_> {
    /// The field is called `name`, whatever its case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value on one line (RFC 5322 §2.2.3), at most [`limits::FIELD_BYTES`] long.
    #[must_use]
    pub fn unfolded(&self) -> Vec<u8> {
        let folded = &self.folded[..self.folded.len().min(limits::FIELD_BYTES)];
        let mut value = Vec::with_capacity(folded.len());
        value.extend(folded.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
        let trimmed = value.trim_ascii();
        if trimmed.len() == value.len() { value } else { trimmed.to_vec() }
    }
}

/// A header block.
#[derive(Debug, Default)]
pub struct Block<'a> {
    /// The fields in order.
    pub fields: Vec<Field<'a>>,
    /// Where the text begins.
    pub body_at: usize,
    /// An empty line stands between header and text, as it should.
    pub ends_with_empty_line: bool,
    /// A line of white space stands inside, which ends the header for other readers.
    pub has_blank_continuation: bool,
}

impl<'a> Block<'a> {
    /// The first field called `name`: a second one is a forgery or a mistake (RFC 5322 §3.6).
    #[must_use]
    pub fn first(&self, name: &str) -> Option<Field<'a>> {
        self.fields.iter().find(|field| field.is(name)).copied()
    }

    /// The unfolded value of the first field called `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Vec<u8>> {
        self.first(name).map(|field| field.unfolded())
    }

    /// How many fields are called `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.fields.iter().filter(|field| field.is(name)).count()
    }

    /// The fields decoded, within the bounds of [`limits`]. Fields that the desk's rules read are kept before all others.
    #[must_use]
    pub fn decoded(&self) -> Vec<Header> {
        let total: usize = self.fields.iter().map(|field| field.folded.len().min(limits::FIELD_BYTES)).sum();
        let crowded = total > limits::HEADER_BYTES || self.fields.len() > limits::FIELDS;
        let (mut bytes, mut plain) = (0usize, 0usize);
        let mut kept = Vec::with_capacity(self.fields.len().min(limits::FIELDS));
        for field in &self.fields {
            let size = field.folded.len().min(limits::FIELD_BYTES);
            if crowded {
                let wanted = is_read_by_rules(field.name) && kept.len() < 2 * limits::FIELDS;
                if bytes + size > limits::HEADER_BYTES * if wanted { 2 } else { 1 }
                    || !wanted && plain >= limits::FIELDS
                {
                    continue;
                }
                plain += usize::from(!wanted);
            }
            bytes += size;
            kept.push(header(field));
        }
        kept
    }
}

/// The field decoded.
#[must_use]
pub fn header(field: &Field<'_>) -> Header {
    let raw = field.unfolded();
    let value = encoded_word::decode(&raw);
    Header { name: String::from_utf8_lossy(field.name).into_owned(), raw, value }
}

fn is_read_by_rules(name: &[u8]) -> bool {
    const READ: [&str; 16] = [
        "from",
        "sender",
        "reply-to",
        "return-path",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "auto-submitted",
        "precedence",
        "list-id",
        "content-type",
        "authentication-results",
    ];
    READ.iter().any(|read| name.eq_ignore_ascii_case(read.as_bytes()))
}

/// Splits the header block off the beginning of `bytes`. Lines that are neither field nor continuation are passed over as long as
/// more fields follow at once; otherwise the text begins there.
#[must_use]
pub fn split(bytes: &[u8]) -> Block<'_> {
    let mut block = Block::default();
    let (mut at, mut value_at) = (0, 0);
    while at < bytes.len() {
        let end = line_end(bytes, at);
        let line = strip_end(&bytes[at..end]);
        if line.trim_ascii().is_empty() {
            // White space alone is the empty line, unless the header goes on below: folding of obsolete syntax (RFC 5322 §4.2).
            if line.is_empty() && !block.fields.is_empty() || !line.is_empty() && !goes_on(bytes, end) {
                block.body_at = end;
                block.ends_with_empty_line = true;
                return block;
            }
            block.has_blank_continuation |= !line.is_empty();
            at = end;
            continue;
        }
        if matches!(line[0], b' ' | b'\t') && !block.fields.is_empty() {
            if let Some(last) = block.fields.last_mut() {
                last.folded = &bytes[value_at..end];
            }
        } else if let Some(name) = field_name(line) {
            value_at = at + line.iter().position(|byte| *byte == b':').map_or(line.len(), |colon| colon + 1);
            block.fields.push(Field { name, folded: &bytes[value_at..end] });
        } else if !fields_follow(bytes, end) {
            block.body_at = at;
            return block;
        }
        at = end;
    }
    block.body_at = bytes.len();
    block
}

/// The name when `line` is a field: printable ASCII without space before a colon (RFC 5322 §2.2); spaces before the colon are
/// allowed as in obsolete syntax.
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().take(200).position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// The line at `at` continues a field or is one.
fn goes_on(bytes: &[u8], at: usize) -> bool {
    let line = strip_end(&bytes[at.min(bytes.len())..line_end(bytes, at.min(bytes.len()))]);
    let continues = matches!(line.first(), Some(b' ' | b'\t')) && !line.trim_ascii().is_empty();
    continues || fields_follow(bytes, at)
}

/// The next line that is not empty looks like a field.
fn fields_follow(bytes: &[u8], at: usize) -> bool {
    if at >= bytes.len() {
        return false;
    }
    let line = strip_end(&bytes[at..line_end(bytes, at)]);
    // Text such as "Note: this" is no field: known names have a capital or a hyphen and the line is not prose.
    field_name(line).is_some_and(|name| {
        KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            || name.len() > 2 && name[..2].eq_ignore_ascii_case(b"x-")
    })
}

const KNOWN: [&str; 18] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "received",
    "return-path",
    "reply-to",
    "sender",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "references",
    "in-reply-to",
    "delivered-to",
    "dkim-signature",
];

/// Position after the line end of the line that begins at `at`.
fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |offset| at + offset + 1)
}

fn strip_end(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &[u8]) -> Vec<String> {
        split(raw).fields.iter().map(|f| String::from_utf8_lossy(f.name).into_owned()).collect()
    }

    #[test]
    fn folded_values_become_one_line() {
        let block = split(b"Subject: one\r\n two\r\n\tthree\r\nX: y\r\n\r\nbody");
        assert_eq!(block.value("subject").unwrap(), b"one two\tthree");
        assert_eq!(block.body_at, 36);
        assert!(block.ends_with_empty_line);
    }

    #[test]
    fn the_first_of_two_fields_counts() {
        let block = split(b"Subject: one\r\nSUBJECT : two\r\n\r\n");
        assert_eq!(block.value("Subject").unwrap(), b"one");
        assert_eq!(block.count("subject"), 2);
    }

    #[test]
    fn odd_lines_are_passed_over_when_fields_follow() {
        assert_eq!(names(b"From: a\nHTTP/1.1 garbage\nSubject: b\n\nbody"), ["From", "Subject"]);
        assert_eq!(names(b"From: a\nthis is text\nand more\n"), ["From"]);
        assert_eq!(names(b"To: a,\n\t\n\tb\nSubject: s\n \nbody: text"), ["To", "Subject"]);
        assert_eq!(names(b"\xff\xfe binary"), Vec::<String>::new());
    }

    #[test]
    fn a_crowded_header_keeps_what_rules_read() {
        let mut raw = b"X-H: v\r\n".repeat(100_000);
        raw.extend_from_slice(b"Subject: end\r\n\r\n");
        let kept = split(&raw).decoded();
        assert!(kept.len() <= limits::FIELDS + 1);
        assert_eq!(kept.last().unwrap().value, "end");
    }
}
