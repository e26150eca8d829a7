//! Whatever somebody writes, what we post cannot ping, format or break out.

use madoguchi::connectors::discord::{escape, parts};
use proptest::prelude::*;

const FENCE: &str = "```";
const MARKS: &str = "\\*_~`|><#[]";

/// Text made of what could do harm.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("```".to_owned()),
        Just("\n```rust\n".to_owned()),
        Just("\n```\n".to_owned()),
        Just("@everyone".to_owned()),
        Just("@here".to_owned()),
        Just("<@123>".to_owned()),
        Just("<@&5>".to_owned()),
        Just("https://a.example/x_y".to_owned()),
        Just("https://".to_owned()),
        Just("@".to_owned()),
        Just("\n".to_owned()),
        "[\\\\*_~`|><#\\[\\]() ]{1,4}",
        "[a-z]{1,12}",
        "\\PC{1,6}",
        "[ぁ-ん一-龯。、]{1,200}",
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

/// What a reader sees: marks without their backslash, and nothing invisible. Fails on a mark that would act.
fn shown(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("https://") || rest.starts_with("http://") {
            let end = rest.find(|c: char| c.is_whitespace() || "*`|<>[]\\".contains(c)).unwrap_or(rest.len());
            out.push_str(&rest[..end].replace('\u{200b}', ""));
            rest = &rest[end..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                let next = rest.chars().next().ok_or("a backslash at the end")?;
                if !MARKS.contains(next) {
                    return Err(format!("a backslash before {next:?}"));
                }
                out.push(next);
                rest = &rest[next.len_utf8()..];
            }
            '\u{200b}' => {}
            c if MARKS.contains(c) => return Err(format!("{c:?} acts in {text:?}")),
            c => out.push(c),
        }
    }
    Ok(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn escaped_text_shows_itself_and_does_nothing(text in nasty()) {
        let escaped = escape(&text);
        let expected: String = text.chars().filter(|c| !matches!(c, '\r' | '\u{200b}')).collect();
        let seen = shown(&escaped);
        prop_assert_eq!(seen.map_err(TestCaseError::fail)?, expected);
        let lower = escaped.to_lowercase();
        prop_assert!(!lower.contains("@everyone") && !lower.contains("@here"), "{}", escaped);
    }

    #[test]
    fn every_part_is_whole(text in nasty(), times in 1usize..30) {
        let text = text.repeat(times);
        for part in parts(&text) {
            prop_assert!(part.encode_utf16().count() <= 2000);
            prop_assert!(!part.trim().is_empty());
            let mut in_code = false;
            let mut outside = String::new();
            for line in part.split('\n') {
                if line.starts_with(FENCE) {
                    in_code = !in_code;
                } else if in_code {
                    prop_assert!(!line.contains(FENCE), "{}", line);
                } else {
                    outside.push_str(line);
                    outside.push('\n');
                }
            }
            prop_assert!(!in_code, "a block is left open: {}", part);
            shown(&outside).map_err(TestCaseError::fail)?;
        }
    }
}
