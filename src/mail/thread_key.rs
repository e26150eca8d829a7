//! The key that keeps the messages of one conversation in order, read from the header alone.

use sha2::{Digest, Sha256};

use super::{headers, limits, message_id};

/// Message-ID at the root of the thread `raw` belongs to, without angle brackets: the first of References, else In-Reply-To, else
/// its own Message-ID (RFC 5322 §3.6.4); without any, `sha256:` and the sum of `raw`. Cheap: looks at 256 KB at most.
#[must_use]
pub fn thread_key(raw: &[u8]) -> String {
    let start = raw.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(raw.len());
    let head = &raw[start..raw.len().min(start + limits::HEADER_BYTES)];
    let mut old;
    let mut head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if !head.contains(&b'\n') && head.contains(&b'\r') {
        old = head.to_vec();
        old.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b'\n');
        head = &old;
    }
    let block = headers::split(head);
    let first = |name: &str| {
        let folded = block.first(name)?.folded;
        message_id::list(&folded[..folded.len().min(4096)]).into_iter().next()
    };
    first("References")
        .or_else(|| first("In-Reply-To"))
        .or_else(|| first("Message-ID"))
        .unwrap_or_else(|| format!("sha256:{}", hex::encode(Sha256::digest(raw))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_the_thread_is_the_key() {
        for (raw, wanted) in [
            ("References: <root@x>\r\n <b@x>\r\nIn-Reply-To: <b@x>\r\nMessage-ID: <c@x>\r\n\r\n", "root@x"),
            ("In-Reply-To: <b@x>\nMessage-ID: <c@x>\n\n", "b@x"),
            ("\r\nMessage-ID: <c@x>\r\n\r\nReferences: <body@x>", "c@x"),
            ("From a@b Mon\nMessage-ID: <c@x>\n\n", "c@x"),
            ("Message-ID: <c@x>\rSubject: s\r\rbody", "c@x"),
            ("Message-ID: <>\n\n", "sha256:"),
            ("no header", "sha256:"),
            ("", "sha256:"),
        ] {
            assert!(thread_key(raw.as_bytes()).starts_with(wanted), "{raw:?}");
        }
        assert_ne!(thread_key(b"a"), thread_key(b"b"));
    }
}
