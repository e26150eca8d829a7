//! Mailbox addresses as people and old mailers write them: carrier addresses that break RFC 5322, commas without quotes, raw bytes.

use crate::domain::Address;

use super::headers::Block;
use super::{charset, clean, encoded_word, limits};

/// The addresses of one field, in order, at most [`limits::ADDRESSES`]. Entries without any address are left out.
#[must_use]
pub fn list(raw: &[u8]) -> Vec<Address> {
    let text = charset::detect(raw).text;
    let mut found = entries(&text);
    if found.is_empty() && text.contains("=?") {
        // Some mailers encode the whole field, address and all.
        found = entries(&encoded_word::decode(raw));
    }
    found
}

/// The first address of the field that can be written to.
#[must_use]
pub fn first_usable(raw: &[u8]) -> Option<Address> {
    list(raw).into_iter().find(|address| is_usable(&address.address))
}

/// Who wrote the mail: the first usable address of From, Sender, Reply-To, Return-Path (RFC 5322 §3.6.2), with the name From gives.
/// When none is usable, what From shows, which may be no address at all.
#[must_use]
pub fn author(block: &Block<'_>) -> Address {
    let from = block.value("From").unwrap_or_default();
    let fields = block.fields.iter().filter(|field| field.is("From")).map(super::headers::Field::unfolded);
    let others = ["Sender", "Reply-To", "Return-Path"].into_iter().filter_map(|name| block.value(name));
    if let Some(mut address) = fields.chain(others).find_map(|raw| first_usable(&raw)) {
        if address.name.is_empty() {
            address.name =
                list(&from).into_iter().map(|entry| entry.name).find(|name| !name.is_empty()).unwrap_or_default();
        }
        return address;
    }
    list(&from).into_iter().next().unwrap_or_else(|| {
        let shown = encoded_word::decode(&from);
        let bare = shown.trim_matches(['<', '>', '"', ' ']).to_owned();
        if bare.contains(char::is_whitespace) {
            Address { name: bare, address: String::new() }
        } else {
            Address { name: String::new(), address: bare }
        }
    })
}

/// A local part, one `@`, and a domain in which mail could be delivered. Dots may stand anywhere in the local part: Japanese
/// carriers gave out such addresses for years.
#[must_use]
pub fn is_usable(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let local_is_good = quoted
        || !local.is_empty()
            && local.len() <= 256
            && local.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"()<>[],;:\\\"@".contains(c));
    let literal = domain.starts_with('[') && domain.ends_with(']');
    let domain_is_good = literal
        || !domain.is_empty()
            && domain.len() <= 255
            && !domain.starts_with('.')
            && domain
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii() && !c.is_whitespace());
    local_is_good && domain_is_good
}

/// Everything between two separators.
#[derive(Default)]
struct Entry {
    /// Outside of everything.
    plain: String,
    /// Inside the last angle brackets.
    angle: Option<String>,
    /// Inside parentheses.
    comment: String,
}

fn entries(text: &str) -> Vec<Address> {
    let text = limits::head(text, limits::FIELD_BYTES);
    let mut found: Vec<Address> = Vec::new();
    let mut waiting = String::new();
    for entry in split(text) {
        let has_address = entry.angle.as_deref().is_some_and(|inner| inner.contains('@')) || entry.plain.contains('@');
        if !has_address && entry.angle.is_none() && !entry.plain.trim().is_empty() {
            // "Doe, John <j@x>" without quotes: the first piece belongs to the name of the next.
            if !waiting.is_empty() {
                waiting.push_str(", ");
            }
            waiting.push_str(entry.plain.trim());
            continue;
        }
        let mut address = finish(&entry);
        if !waiting.is_empty() {
            let rest = encoded_word::decode(waiting.as_bytes());
            address.name = if address.name.is_empty() { rest } else { format!("{rest}, {}", address.name) };
            waiting.clear();
        }
        if !address.address.is_empty() {
            found.push(address);
        }
        if found.len() >= limits::ADDRESSES {
            break;
        }
    }
    found
}

/// What the scanner is inside of.
#[derive(Default)]
struct Scan {
    quote: bool,
    comments: usize,
    angle: bool,
    escaped: bool,
    /// Where the words after the last closing bracket begin.
    name_at: usize,
    /// Where the encoded word ends that the scanner is in.
    word_end: usize,
}

fn split(text: &str) -> Vec<Entry> {
    // A quote, bracket or comment that is never closed would swallow the rest: such characters are then taken as letters.
    let quotes_pair = text.matches('"').count().is_multiple_of(2);
    let comments_close = text.contains(')');
    let last_close = text.rfind('>').unwrap_or(0);
    let mut entries = vec![Entry::default()];
    let mut scan = Scan::default();
    for (at, c) in text.char_indices() {
        let Some(entry) = entries.last_mut() else { break };
        // Inside an encoded word no character separates anything.
        if c == '=' && !scan.angle && at >= scan.word_end {
            scan.word_end = encoded_word::end_of(text.as_bytes(), at).unwrap_or(at);
        }
        if at < scan.word_end {
            if scan.comments > 0 {
                entry.comment.push(c);
            } else {
                entry.plain.push(c);
            }
            continue;
        }
        let special = !scan.escaped;
        scan.escaped = false;
        match c {
            '\\' if special && (scan.quote || scan.comments > 0) => scan.escaped = true,
            '"' if special && scan.comments == 0 => quote(entry, &mut scan, quotes_pair),
            _ if scan.quote => put(entry, &scan, c),
            '(' if special && !scan.angle && comments_close => {
                scan.comments += 1;
                if scan.comments == 1 && !entry.comment.is_empty() {
                    entry.comment.push(' ');
                }
            }
            ')' if special && scan.comments > 0 => scan.comments -= 1,
            _ if scan.comments > 0 => entry.comment.push(c),
            '<' if at < last_close => {
                scan.angle = true;
                open_angle(&mut entries, scan.name_at);
            }
            '>' => {
                scan.angle = false;
                scan.name_at = entry.plain.len();
            }
            ',' | ';' if !scan.angle => entries.push(Entry::default()),
            // The name of a group (RFC 5322 §3.4).
            ':' if !scan.angle && !entry.plain.contains('@') && !entry.plain.trim().eq_ignore_ascii_case("mailto") => {
                entry.plain.clear();
            }
            _ => put(entry, &scan, c),
        }
        if entries.len() > limits::ADDRESSES * 2 {
            break;
        }
    }
    entries
}

/// Begins an address in angle brackets. A second one in the same entry belongs to the words since the first: its comma is missing.
fn open_angle(entries: &mut Vec<Entry>, name_at: usize) {
    let Some(entry) = entries.last_mut() else { return };
    if entry.angle.as_deref().is_some_and(|angle| angle.contains('@')) {
        let at = if entry.plain.is_char_boundary(name_at) { name_at } else { entry.plain.len() };
        let plain = entry.plain.split_off(at);
        entries.push(Entry { plain, angle: Some(String::new()), ..Entry::default() });
    } else {
        entry.angle = Some(String::new());
    }
}

fn quote(entry: &mut Entry, scan: &mut Scan, quotes_pair: bool) {
    if !quotes_pair {
        return;
    }
    scan.quote = !scan.quote;
    if scan.angle {
        // Kept, because a quoted local part may need its quotes.
        put(entry, scan, '"');
    }
}

fn put(entry: &mut Entry, scan: &Scan, c: char) {
    match entry.angle.as_mut().filter(|_| scan.angle) {
        Some(angle) => angle.push(c),
        None => entry.plain.push(c),
    }
}

fn finish(entry: &Entry) -> Address {
    let comment = encoded_word::decode(entry.comment.as_bytes());
    let plain = entry.plain.trim();
    if let Some(angle) = entry.angle.as_deref() {
        let name = encoded_word::decode(plain.as_bytes());
        let address = tidy(angle);
        if !address.is_empty() {
            return Address { name: if name.is_empty() { comment } else { bare_name(&name) }, address };
        }
        // "user@host <>": the address stands where the name should.
    }
    let mut words: Vec<&str> = plain.split_whitespace().collect();
    let at = words.iter().position(|word| word.contains('@')).unwrap_or(0);
    // "user @ host" is obsolete syntax, but it is still written.
    if words.len() == 3 && words[1] == "@" || words.len() == 2 && (words[0].ends_with('@') || words[1].starts_with('@'))
    {
        return Address { name: comment, address: tidy(&words.concat()) };
    }
    let address = if words.is_empty() { String::new() } else { tidy(words.remove(at)) };
    let name = encoded_word::decode(words.join(" ").as_bytes());
    Address { name: if name.is_empty() { comment } else { bare_name(&name) }, address }
}

/// A display name without the quotes some mailers put around the encoded word.
fn bare_name(name: &str) -> String {
    let inner = name.strip_prefix(['"', '\'']).and_then(|inner| inner.strip_suffix(['"', '\'']));
    inner.unwrap_or(name).trim().to_owned()
}

/// The address without decoration, its domain in lower case, and its local part without quotes it does not need.
fn tidy(written: &str) -> String {
    let mut text: String = clean::line(written).chars().filter(|c| !c.is_whitespace()).collect();
    if text.contains("=?") {
        text = encoded_word::decode(text.as_bytes());
    }
    let text = text.trim_matches(['<', '>', ',', ';', '\'']);
    let text = text.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")).map_or(text, |_| &text[7..]);
    // A source route (RFC 5321 §4.1.1.3): "@a,@b:user@host".
    let text = if text.starts_with('@') { text.rsplit_once(':').map_or(text, |(_, last)| last) } else { text };
    let Some((local, domain)) = text.rsplit_once('@') else { return text.trim_matches('"').to_owned() };
    let domain = domain.trim_matches(['"', '.']).to_lowercase();
    let inner = local.strip_prefix('"').and_then(|inner| inner.strip_suffix('"'));
    let local = match inner {
        Some(inner) if !inner.is_empty() && !inner.chars().any(|c| "()<>[],;:\\\"@ ".contains(c)) => inner,
        _ => local,
    };
    format!("{local}@{domain}")
}

#[cfg(test)]
mod tests {
    use super::super::headers;
    use super::*;

    fn shown(raw: &[u8]) -> Vec<String> {
        list(raw).into_iter().map(|a| format!("{}|{}", a.name, a.address)).collect()
    }

    #[test]
    fn addresses_are_read_however_they_are_written() {
        for (raw, wanted) in [
            ("a@b.example", vec!["|a@b.example"]),
            ("Taro <Taro@B.Example>", vec!["Taro|Taro@b.example"]),
            ("\"Doe, John\" <j@b.example>, x@b.example", vec!["Doe, John|j@b.example", "|x@b.example"]),
            ("Doe, John <j@b.example>", vec!["Doe, John|j@b.example"]),
            ("j@b.example (John (Johnny) Doe)", vec!["John Johnny Doe|j@b.example"]),
            ("=?utf-8?B?5bGx55Sw?= <y@b.example>", vec!["山田|y@b.example"]),
            ("\"=?utf-8?B?5bGx55Sw?=\" <y@b.example>", vec!["山田|y@b.example"]),
            ("=?utf-8?Q?A=2C_B?= <y@b.example>", vec!["A, B|y@b.example"]),
            ("=?utf-8?Q?Taro_=3Ct=40b.example=3E?=", vec!["Taro|t@b.example"]),
            ("taro..yamada.@docomo.ne.jp", vec!["|taro..yamada.@docomo.ne.jp"]),
            ("<.taro..@docomo.ne.jp>", vec!["|.taro..@docomo.ne.jp"]),
            ("\"taro..yamada.\"@docomo.ne.jp", vec!["|taro..yamada.@docomo.ne.jp"]),
            ("Y <\"taro..yamada.\"@docomo.ne.jp>", vec!["Y|taro..yamada.@docomo.ne.jp"]),
            ("Team: a@b.example, c@d.example;", vec!["|a@b.example", "|c@d.example"]),
            ("undisclosed-recipients:;", vec![]),
            ("<>", vec![]),
            ("\"a <a@b.example>", vec!["a|a@b.example"]),
            ("mailto:a@b.example", vec!["|a@b.example"]),
            ("<@r.example:a@b.example>", vec!["|a@b.example"]),
            ("a@b.example <>", vec!["|a@b.example"]),
            ("=?utf-8?Q?a:b,c@d<e?= <y@b.example>", vec!["a:b,c@d<e|y@b.example"]),
            ("A <a@b.example> C <c@d.example>", vec!["A|a@b.example", "C|c@d.example"]),
            ("山田@example.jp", vec!["|山田@example.jp"]),
        ] {
            assert_eq!(shown(raw.as_bytes()), wanted, "{raw}");
        }
        assert_eq!(shown(b"\x83c\x81[\x83\x8b <y@b.example>"), ["ツール|y@b.example"]);
        assert_eq!(shown(b"\x1b$B;3ED\x1b(B <y@b.example>"), ["山田|y@b.example"]);
    }

    #[test]
    fn the_first_usable_field_names_the_author() {
        for (raw, wanted) in [
            ("From: <>\nSender: s@b.example\n\n", "|s@b.example"),
            ("From: Root\nReply-To: r@b.example\n\n", "|r@b.example"),
            ("From: \"x y\"@>\nReturn-Path: <p@b.example>\n\n", "x|p@b.example"),
            ("From: MAILER-DAEMON\n\n", "|MAILER-DAEMON"),
            ("Subject: x\n\n", "|"),
        ] {
            let author = author(&headers::split(raw.as_bytes()));
            assert_eq!(format!("{}|{}", author.name, author.address), wanted, "{raw}");
        }
    }

    #[test]
    fn hostile_fields_end_soon() {
        let many = "u@b.example,".repeat(200_000);
        assert_eq!(list(many.as_bytes()).len(), limits::ADDRESSES);
        assert!(list("(".repeat(1_000_000).as_bytes()).is_empty());
        let _ = list("<".repeat(1_000_000).as_bytes());
        let _ = list("\"".repeat(999_999).as_bytes());
    }
}
