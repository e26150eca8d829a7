//! Folder names as IMAP writes them: modified UTF-7 (RFC 3501 §5.1.3).

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{GeneralPurpose, general_purpose::NO_PAD};

const MODIFIED: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, NO_PAD);

/// [`encoded`], in quotes for a command.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", encoded(name).replace('\\', "\\\\").replace('"', "\\\""))
}

/// `問い合わせ` → `&VU8wRFQIMI8wWw-`. Control characters are left out.
pub(super) fn encoded(name: &str) -> String {
    let mut text = String::new();
    let mut wide: Vec<u8> = Vec::new();
    for letter in name.chars().filter(|letter| !letter.is_control()) {
        if letter.is_ascii() {
            flush(&mut wide, &mut text);
            text.push(letter);
            if letter == '&' {
                text.push('-');
            }
        } else {
            let mut units = [0u16; 2];
            wide.extend(letter.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut wide, &mut text);
    text
}

fn flush(wide: &mut Vec<u8>, text: &mut String) {
    if !wide.is_empty() {
        text.push('&');
        text.push_str(&MODIFIED.encode(&*wide));
        text.push('-');
        wide.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_modified_utf_7() {
        for (name, written) in [
            ("INBOX", "\"INBOX\""),
            ("Mail/&x", "\"Mail/&-x\""),
            ("~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""),
            ("a\"b\\c\r\n", "\"a\\\"b\\\\c\""),
            ("😀", "\"&2D3eAA-\""),
        ] {
            assert_eq!(quoted(name), written);
        }
    }
}
