//! Which mails belong together, as far as the raw header tells.

use sha2::{Digest, Sha256};

/// Fields beyond this are not looked at.
const MAX_HEADER_BYTES: usize = 256 << 10;

/// The first id in References, else In-Reply-To, else Message-ID, else a hash of the bytes.
pub(super) fn thread_key(raw: &[u8]) -> String {
    let head = &raw[..raw.len().min(MAX_HEADER_BYTES)];
    ["references", "in-reply-to", "message-id"]
        .iter()
        .find_map(|name| first_id(head, name))
        .unwrap_or_else(|| hex::encode(Sha256::digest(raw)))
}

fn first_id(head: &[u8], name: &str) -> Option<String> {
    let mut inside = false;
    let mut value = String::new();
    for line in head.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            if inside {
                value.push_str(&String::from_utf8_lossy(line));
            }
            continue;
        }
        if inside {
            break;
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && line[..colon].trim_ascii().eq_ignore_ascii_case(name.as_bytes())
        {
            inside = true;
            value.push_str(&String::from_utf8_lossy(&line[colon + 1..]));
        }
    }
    let (_, rest) = value.split_once('<')?;
    let (id, _) = rest.split_once('>')?;
    let id = id.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_known_mail_names_the_thread() {
        for (raw, key) in [
            (&b"Message-ID: <c@x>\r\nIn-Reply-To: <b@x>\r\nREFERENCES:\r\n <a@x>\r\n <b@x>\r\n\r\n<z@x>"[..], "a@x"),
            (b"message-id: <c@x>\nIn-Reply-To: <b@x>\n\nbody", "b@x"),
            (b"References: none\r\nMessage-ID: <c@x>\r\n\r\n", "c@x"),
        ] {
            assert_eq!(thread_key(raw), key);
        }
        assert_ne!(thread_key(b"Subject: a\r\n\r\n"), thread_key(b"Subject: b\r\n\r\n"));
    }
}
