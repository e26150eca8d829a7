//! Message identifiers (RFC 5322 §3.6.4), without angle brackets.

use super::limits;

/// Characters of an id that are kept.
const LENGTH: usize = 998;

/// All ids of a field, in order; of more than twice [`limits::REFERENCES_EACH_END`] only the first and the last ones. `folded` may
/// be as long as it likes.
#[must_use]
pub fn list(folded: &[u8]) -> Vec<String> {
    let bracketed: Vec<&[u8]> = bracketed(folded);
    let found = if bracketed.is_empty() { bare(folded) } else { bracketed };
    let limit = limits::REFERENCES_EACH_END;
    let mut ids: Vec<String> = Vec::new();
    let skipped = found.len().saturating_sub(limit * 2);
    for (at, raw) in found.into_iter().enumerate() {
        if at >= limit && at < limit + skipped {
            continue;
        }
        let id = tidy(raw);
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// What stands in angle brackets.
fn bracketed(folded: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in folded.iter().enumerate() {
        match byte {
            b'<' => start = Some(at + 1),
            b'>' => found.extend(start.take().map(|start| &folded[start..at])),
            _ => {}
        }
    }
    found
}

/// Words that hold an `@`, in a field without brackets; a single word may do without.
fn bare(folded: &[u8]) -> Vec<&[u8]> {
    let words: Vec<&[u8]> = folded
        .split(|byte| byte.is_ascii_whitespace() || *byte == b',')
        .filter(|word| !word.is_empty() && word.iter().any(u8::is_ascii_alphanumeric))
        .collect();
    if words.len() == 1 { words } else { words.into_iter().filter(|word| word.contains(&b'@')).collect() }
}

/// The id without the white space that folding put into it.
fn tidy(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_any_form() {
        for (raw, wanted) in [
            ("<a@b>", vec!["a@b"]),
            (" <a@b>,<c@d>\r\n <e@f> <a@b>", vec!["a@b", "c@d", "e@f"]),
            ("<a\r\n b@c>", vec!["ab@c"]),
            ("\"foo\" <p@x> of Mon", vec!["p@x"]),
            ("abc@x", vec!["abc@x"]),
            ("Your message of Monday", vec![]),
            ("<>", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(list(raw.as_bytes()), wanted, "{raw:?}");
        }
    }

    #[test]
    fn of_many_ids_both_ends_are_kept() {
        let raw: Vec<String> = (0..100_000).map(|n| format!("<{n}@x>")).collect();
        let ids = list(raw.join(" ").as_bytes());
        assert_eq!(ids.len(), 100);
        assert_eq!(
            (ids[0].as_str(), ids[49].as_str(), ids[50].as_str(), ids[99].as_str()),
            ("0@x", "49@x", "99950@x", "99999@x")
        );
    }
}
