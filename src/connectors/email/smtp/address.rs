//! Addresses as they go on the wire.

/// `address` in a form RFC 5321 allows, or `None` when there is none.
///
/// Old Japanese mobile addresses break the dot rules (`a..b.@docomo.ne.jp`): they are reached with the part before the
/// at sign in quotes.
pub(super) fn to_wire(address: &str) -> Option<lettre::Address> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    if local.is_empty() || address.len() > 320 || address.chars().any(char::is_control) {
        return None;
    }
    if local.starts_with('"') && local.ends_with('"') && local.len() > 2 {
        return lettre::Address::new(local, domain).ok();
    }
    let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char));
    if atoms {
        return lettre::Address::new(local, domain).ok();
    }
    if !local.is_ascii() || local.contains(' ') {
        return None;
    }
    let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
    lettre::Address::new(format!("\"{escaped}\""), domain).ok()
}

/// RFC 5322 §3.2.3 atext, and letters outside ASCII (RFC 6531).
fn is_atom_char(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(letter)
        || (!letter.is_ascii() && letter.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_break_the_dot_rules_are_quoted_and_others_left() {
        for (address, wire) in [
            ("taro@example.com", Some("taro@example.com")),
            ("support+T1.1.ABC@example.com", Some("support+T1.1.ABC@example.com")),
            ("taro..yamada.@docomo.ne.jp", Some("\"taro..yamada.\"@docomo.ne.jp")),
            (".taro@ezweb.ne.jp", Some("\".taro\"@ezweb.ne.jp")),
            ("\"taro..yamada.\"@docomo.ne.jp", Some("\"taro..yamada.\"@docomo.ne.jp")),
            ("a\"b@example.com", Some("\"a\\\"b\"@example.com")),
            ("U024BE7LH", None),
            ("@example.com", None),
            ("a b@example.com", None),
            ("a@exa mple.com", None),
            ("a\r\nRCPT TO:<b@example.com>@example.com", None),
            ("a@", None),
            ("a>@example.com", Some("\"a>\"@example.com")),
            ("", None),
        ] {
            assert_eq!(to_wire(address).map(|address| address.to_string()).as_deref(), wire, "{address}");
        }
    }
}
