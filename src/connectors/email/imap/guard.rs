//! Stands between the network and the IMAP parser and lets through only what the parser survives.
//!
//! imap-proto 0.17 recurses without a limit on nested lists (the process dies), panics on `INTERNALDATE NIL` and on
//! non-ASCII text after a response code, fails for good on an untagged response it does not know, and the stream on top
//! allocates whatever a literal announces. A server may send any of these, asked or not. So: responses we never ask for
//! are dropped whole, text for people is made ASCII, nesting, line length and literals are limited. What breaks a limit
//! ends the connection with [`Violation`].

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More opening brackets in one response than any answer to our commands has.
const MAX_BRACKETS: usize = 200;
/// One line outside literals; the answer to a SEARCH is the longest we expect.
const MAX_LINE_BYTES: usize = 4 << 20;
const READ_BYTES: usize = 16 << 10;

/// The server sent what is not let through.
#[derive(Debug, thiserror::Error)]
#[error("the server sent {0}")]
pub(super) struct Violation(&'static str);

/// What the bytes at hand belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Status lines and continuations: free text, no literals.
    Text,
    /// `SEARCH`, `FLAGS`, `CAPABILITY`, `EXISTS`, `EXPUNGE`, `RECENT`: no literals.
    Data,
    /// `FETCH`: may hold literals.
    Fetch,
    /// Anything else untagged: dropped with its literals.
    Unwanted,
}

/// The filter, without the network.
#[derive(Debug)]
pub(super) struct Filter {
    max_literal_bytes: usize,
    line: Vec<u8>,
    /// The response a line continues after a literal.
    open: Option<Kind>,
    literal_left: usize,
    brackets: usize,
}

impl Filter {
    /// A filter that refuses literals larger than `max_literal_bytes`.
    pub(super) const fn new(max_literal_bytes: usize) -> Self {
        Self { max_literal_bytes, line: Vec::new(), open: None, literal_left: 0, brackets: 0 }
    }

    /// Takes bytes from the server and appends to `out` what may pass.
    pub(super) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Violation> {
        while !bytes.is_empty() {
            if self.literal_left > 0 {
                let (part, rest) = bytes.split_at(self.literal_left.min(bytes.len()));
                if self.open == Some(Kind::Fetch) {
                    out.extend_from_slice(part);
                }
                self.literal_left -= part.len();
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (part, rest) = bytes.split_at(end);
            if self.line.len() + part.len() > MAX_LINE_BYTES {
                return Err(Violation("an endless line"));
            }
            self.line.extend_from_slice(part);
            bytes = rest;
            if self.line.ends_with(b"\n") {
                self.finish_line(out)?;
            }
        }
        Ok(())
    }

    fn finish_line(&mut self, out: &mut Vec<u8>) -> Result<(), Violation> {
        let mut line = std::mem::take(&mut self.line);
        if !line.ends_with(b"\r\n") {
            return Err(Violation("a line without its carriage return"));
        }
        let kind = match self.open {
            Some(kind) => kind,
            None if line.len() == 2 => return Ok(()),
            None => kind_of(&line).ok_or(Violation("a line that is no response"))?,
        };
        let literal = announced_literal(&line);
        match kind {
            Kind::Text => {
                for byte in &mut line {
                    if !byte.is_ascii() || *byte == 0 {
                        *byte = b'?';
                    }
                }
            }
            Kind::Data | Kind::Fetch => {
                self.brackets += line.split(|byte| *byte == b'(').count() - 1;
                if self.brackets > MAX_BRACKETS {
                    return Err(Violation("a list nested too deep"));
                }
                if find_ignoring_case(&line, b"INTERNALDATE NIL") {
                    return Err(Violation("a mail without a date of its own"));
                }
            }
            Kind::Unwanted => {}
        }
        self.open = None;
        match literal {
            Some(bytes) if matches!(kind, Kind::Fetch | Kind::Unwanted) => {
                if bytes > self.max_literal_bytes as u64 {
                    return Err(Violation("a literal beyond the size limit"));
                }
                self.literal_left = usize::try_from(bytes).unwrap_or(usize::MAX);
                self.open = Some(kind);
            }
            _ => self.brackets = 0,
        }
        if kind != Kind::Unwanted {
            out.extend_from_slice(&line);
        }
        Ok(())
    }
}

/// What the line begins; `None` when it is no response at all.
fn kind_of(line: &[u8]) -> Option<Kind> {
    if line.starts_with(b"+") {
        return Some(Kind::Text);
    }
    let mut words = line.split(u8::is_ascii_whitespace);
    let (first, second) = (words.next()?, words.next()?);
    let is = |word: &[u8], names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    let status = ["OK", "NO", "BAD"];
    if first != b"*" {
        let tag = !first.is_empty() && first.iter().all(u8::is_ascii_alphanumeric);
        return (tag && is(second, &status)).then_some(Kind::Text);
    }
    if is(second, &status) || is(second, &["BYE", "PREAUTH"]) {
        return Some(Kind::Text);
    }
    if is(second, &["SEARCH", "FLAGS", "CAPABILITY"]) {
        return Some(Kind::Data);
    }
    let number = !second.is_empty() && second.iter().all(u8::is_ascii_digit);
    Some(match words.next() {
        Some(word) if number && is(word, &["EXISTS", "RECENT", "EXPUNGE"]) => Kind::Data,
        Some(word) if number && is(word, &["FETCH"]) => Kind::Fetch,
        _ => Kind::Unwanted,
    })
}

/// The size in `{n}` or `{n+}` at the end of the line. Sizes no number can hold count as endless.
fn announced_literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"}\r\n")?;
    let digits = &line[line.iter().rposition(|byte| *byte == b'{')? + 1..];
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

fn find_ignoring_case(line: &[u8], wanted: &[u8]) -> bool {
    line.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted))
}

/// A connection whose incoming bytes pass the filter.
#[derive(Debug)]
pub(super) struct Guard<S> {
    inner: S,
    filter: Filter,
    passed: Vec<u8>,
    given: usize,
}

impl<S> Guard<S> {
    /// Guards `inner` as [`Filter::new`] says.
    pub(super) const fn new(inner: S, max_literal_bytes: usize) -> Self {
        Self { inner, filter: Filter::new(max_literal_bytes), passed: Vec::new(), given: 0 }
    }

    /// The connection itself. What was read but not handed on is thrown away: nothing said before TLS counts after it.
    pub(super) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.given < this.passed.len() {
                let count = buf.remaining().min(this.passed.len() - this.given);
                buf.put_slice(&this.passed[this.given..this.given + count]);
                this.given += count;
                return Poll::Ready(Ok(()));
            }
            this.passed.clear();
            this.given = 0;
            let mut chunk = [0u8; READ_BYTES];
            let mut read = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.filter
                .feed(read.filled(), &mut this.passed)
                .map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation))?;
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds whole and byte by byte: where the network cuts must not matter.
    fn filtered(input: &[u8]) -> Result<Vec<u8>, String> {
        let (mut whole, mut single) = (Vec::new(), Vec::new());
        let at_once = Filter::new(1_000).feed(input, &mut whole);
        let mut filter = Filter::new(1_000);
        let piecemeal = input.iter().try_for_each(|byte| filter.feed(&[*byte], &mut single));
        assert_eq!(at_once.is_ok(), piecemeal.is_ok());
        at_once.map_err(|violation| violation.0.to_owned())?;
        assert_eq!(whole, single);
        Ok(whole)
    }

    #[test]
    fn known_responses_pass_and_unknown_ones_vanish_with_their_literals() {
        for (input, output) in [
            (&b"* OK hi\r\nA1 OK done\r\n+ go\r\n+\r\n"[..], &b"* OK hi\r\nA1 OK done\r\n+ go\r\n+\r\n"[..]),
            (b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n", b"* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n"),
            (b"* 1 FETCH (BODY[] {9}\r\n* BYE x\r\n)\r\n", b"* 1 FETCH (BODY[] {9}\r\n* BYE x\r\n)\r\n"),
            (b"* XFOO \"bar\" (1 2)\r\n* 3 EXISTS\r\n", b"* 3 EXISTS\r\n"),
            (b"* LIST () \"/\" {4}\r\n*\r\nx\r\n* SEARCH 1 2\r\n", b"* SEARCH 1 2\r\n"),
            (b"\r\n* ESEARCH (TAG A1) ALL 1\r\n* VANISHED 1:5\r\nA2 NO x\r\n", b"A2 NO x\r\n"),
            (b"* OK [ALERT]\xe3\x81\x93\xff \0\r\n", b"* OK [ALERT]???? ?\r\n"),
            (b"* OK not a literal {99999999}\r\n* 1 EXISTS\r\n", b"* OK not a literal {99999999}\r\n* 1 EXISTS\r\n"),
        ] {
            assert_eq!(
                filtered(input).map(|got| String::from_utf8_lossy(&got).into_owned()),
                Ok(String::from_utf8_lossy(output).into_owned())
            );
        }
    }

    #[test]
    fn what_the_parser_does_not_survive_is_refused() {
        let deep = [&b"* 1 FETCH (UID 1 BODYSTRUCTURE "[..], &b"(".repeat(20_000), b")\r\n"].concat();
        let split = [&b"* 1 FETCH ("[..], &b"X {1}\r\n(((((".repeat(60), b")\r\n"].concat();
        let endless = vec![b'a'; MAX_LINE_BYTES + 1];
        for input in [
            deep,
            split,
            endless,
            b"* 1 FETCH (UID 1 BODY[] {4000000000}\r\n".to_vec(),
            b"* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n".to_vec(),
            b"* XFOO {1001}\r\n".to_vec(),
            b"* 1 FETCH (UID 1 internaldate nil)\r\n".to_vec(),
            b"* 1 FETCH (UID 1 BODY[] {5}\n".to_vec(),
            b"Subject: a mail where a response should be\r\n".to_vec(),
        ] {
            assert!(filtered(&input).is_err(), "{}", String::from_utf8_lossy(&input[..input.len().min(60)]));
        }
    }
}
