//! Files written as uuencode (POSIX `uuencode`), alone or in the middle of a text.

/// A file that was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Uuencoded {
    /// Name as written, not yet safe.
    pub name: Vec<u8>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// The first file in `body`.
#[must_use]
pub fn first(body: &[u8]) -> Option<Uuencoded> {
    let mut at = 0;
    while at < body.len() {
        let (line, next) = line_at(body, at);
        if let Some((file, _)) = begin(line).and_then(|name| block(body, next, name)) {
            return Some(file);
        }
        at = next;
    }
    None
}

/// Takes the files out of `text`: what is left, and at most `limit` files.
#[must_use]
pub fn extract(text: &[u8], limit: usize) -> (Vec<u8>, Vec<Uuencoded>) {
    let mut rest = Vec::with_capacity(text.len());
    let mut files = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (line, next) = line_at(text, at);
        let found = if files.len() < limit { begin(line).and_then(|name| block(text, next, name)) } else { None };
        if let Some((file, end)) = found {
            files.push(file);
            at = end;
        } else {
            rest.extend_from_slice(&text[at..next]);
            at = next;
        }
    }
    (rest, files)
}

/// A line with `begin` and a mode stands in `text`: worth a closer look.
#[must_use]
pub fn may_contain(text: &[u8]) -> bool {
    text.starts_with(b"begin ") || text.windows(7).any(|window| window == b"\nbegin " || window == b"\rbegin ")
}

/// The file name when `line` is `begin 644 name`.
fn begin(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"begin ")?;
    let digits = rest.iter().take_while(|byte| (b'0'..=b'7').contains(byte)).count();
    let name = rest.get(digits..)?.strip_prefix(b" ")?.trim_ascii();
    ((3..=4).contains(&digits) && !name.is_empty()).then_some(name)
}

/// The file whose lines begin at `at`, and the position after its end. `None` when these lines are no such file.
fn block(body: &[u8], mut at: usize, name: &[u8]) -> Option<(Uuencoded, usize)> {
    let mut bytes = Vec::new();
    let mut lines = 0;
    while at < body.len() {
        let (line, next) = line_at(body, at);
        if line == b"end" {
            at = next;
            break;
        }
        if !decode_line(line, &mut bytes) {
            // A cut file is kept as far as it goes; a text line just after "begin" shows that there was no file.
            if lines == 0 {
                return None;
            }
            break;
        }
        lines += 1;
        at = next;
    }
    (lines > 0).then(|| (Uuencoded { name: name.to_vec(), bytes }, at))
}

/// Adds the bytes of one line. `false` when it is none.
fn decode_line(line: &[u8], bytes: &mut Vec<u8>) -> bool {
    let line = if line.is_empty() { b"`" } else { line };
    if !line.iter().all(|byte| (0x20..=0x60).contains(byte)) {
        return false;
    }
    let value = |at: usize| line.get(at).map_or(0, |byte| byte.wrapping_sub(0x20) & 0x3f);
    let length = usize::from(value(0));
    // Trailing spaces, which stand for zero, may have been lost on the way; a checksum letter may follow.
    if line.len() > 1 + length.div_ceil(3) * 4 + 2 {
        return false;
    }
    let start = bytes.len();
    let mut at = 1;
    while bytes.len() - start < length {
        let (a, b, c, d) = (value(at), value(at + 1), value(at + 2), value(at + 3));
        bytes.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        at += 4;
    }
    bytes.truncate(start + length);
    true
}

/// The line that begins at `at` without its end, and the position after it.
fn line_at(body: &[u8], at: usize) -> (&[u8], usize) {
    let next = body[at..].iter().position(|byte| *byte == b'\n').map_or(body.len(), |offset| at + offset + 1);
    let line = body[at..next].strip_suffix(b"\n").unwrap_or(&body[at..next]);
    (line.strip_suffix(b"\r").unwrap_or(line), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_out_of_the_text() {
        let text = b"Hello\r\nbegin 644 test.txt\r\n#0V%T\r\n`\r\nend\r\nBye\r\n";
        let (rest, files) = extract(text, 9);
        assert_eq!(rest, b"Hello\r\nBye\r\n");
        assert_eq!(files, [Uuencoded { name: b"test.txt".to_vec(), bytes: b"Cat".to_vec() }]);
        assert_eq!(first(text).unwrap().bytes, b"Cat");
    }

    #[test]
    fn prose_that_says_begin_stays() {
        for text in
            [&b"begin 644 of them said\nthis is a long sentence, not a file\n"[..], b"begin the work\n", b"begin 644 x"]
        {
            assert_eq!(extract(text, 9), (text.to_vec(), vec![]), "{text:?}");
        }
    }

    #[test]
    fn a_file_without_an_end_is_kept() {
        assert_eq!(first(b"begin 644 a\n#0V%T").unwrap().bytes, b"Cat");
    }
}
