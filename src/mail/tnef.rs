//! TNEF (`winmail.dat`, MS-OXTNEF): the attachments and the body Outlook wraps in it. Bounded; a broken stream gives what was read.

use super::{charset, limits};

/// What was inside.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Name, media type when stated, bytes.
    pub files: Vec<(String, Option<String>, Vec<u8>)>,
    /// Plain body.
    pub text: Option<String>,
    /// HTML body.
    pub html: Option<String>,
}

const SIGNATURE: u32 = 0x223e_9f78;
/// Message class of levels: attributes of the message and of an attachment.
const LEVEL_ATTACHMENT: u8 = 2;

// Attribute ids (MS-OXTNEF §2.1.3.3).
const BODY: u32 = 0x0002_800c;
const MESSAGE_PROPERTIES: u32 = 0x0006_9003;
const CODE_PAGE: u32 = 0x0006_9007;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_DATA: u32 = 0x0006_800f;
const ATTACHMENT_RENDERING: u32 = 0x0006_9002;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;

// Property ids (MS-OXPROPS).
const PR_BODY: u16 = 0x1000;
const PR_HTML: u16 = 0x1013;
const PR_ATTACH_DATA: u16 = 0x3701;
const PR_ATTACH_FILENAME: u16 = 0x3704;
const PR_ATTACH_LONG_FILENAME: u16 = 0x3707;
const PR_ATTACH_MIME_TAG: u16 = 0x370e;
const PR_DISPLAY_NAME: u16 = 0x3001;

/// The begin of the stream shows that it is TNEF.
#[must_use]
pub fn is_tnef(bytes: &[u8]) -> bool {
    bytes.get(..4).is_some_and(|start| start == SIGNATURE.to_le_bytes())
}

#[derive(Default)]
struct File {
    title: String,
    long_name: Option<String>,
    media_type: Option<String>,
    data: Vec<u8>,
}

/// Opens the stream; `None` when it is no TNEF.
#[must_use]
pub fn open(bytes: &[u8]) -> Option<Opened> {
    if !is_tnef(bytes) {
        return None;
    }
    let mut opened = Opened::default();
    let mut label = "windows-1252".to_owned();
    let mut file: Option<File> = None;
    let mut at = 6;
    while let Some((level, id, data, next)) = attribute(bytes, at) {
        at = next;
        match (level, id) {
            (_, CODE_PAGE) => {
                if let Some(page) = le_u32(data, 0) {
                    label = format!("cp{page}");
                }
            }
            (LEVEL_ATTACHMENT, ATTACHMENT_RENDERING) => {
                keep(&mut opened, file.replace(File::default()));
            }
            (LEVEL_ATTACHMENT, _) => attachment(file.get_or_insert_default(), id, data, &label),
            (_, BODY) => opened.text = Some(text(data, &label)).filter(|text| !text.trim().is_empty()),
            (_, MESSAGE_PROPERTIES) => message(&mut opened, data, &label),
            _ => {}
        }
        if opened.files.len() >= limits::FILES {
            break;
        }
    }
    keep(&mut opened, file);
    Some(opened)
}

fn keep(opened: &mut Opened, file: Option<File>) {
    let Some(file) = file else { return };
    let name = file.long_name.unwrap_or(file.title);
    if !file.data.is_empty() || !name.is_empty() {
        opened.files.push((name, file.media_type, file.data));
    }
}

fn attachment(file: &mut File, id: u32, data: &[u8], label: &str) {
    match id {
        ATTACHMENT_TITLE => file.title = text(data, label),
        ATTACHMENT_DATA => file.data = data.to_vec(),
        ATTACHMENT_PROPERTIES => {
            for (property, value) in properties(data, label) {
                match (property, value) {
                    (PR_ATTACH_LONG_FILENAME, Value::Text(name)) if !name.is_empty() => file.long_name = Some(name),
                    (PR_ATTACH_FILENAME | PR_DISPLAY_NAME, Value::Text(name)) if file.title.is_empty() => {
                        file.title = name;
                    }
                    (PR_ATTACH_MIME_TAG, Value::Text(media_type)) => {
                        file.media_type = Some(media_type.to_ascii_lowercase());
                    }
                    (PR_ATTACH_DATA, Value::Binary(bytes)) if file.data.is_empty() => file.data = bytes.to_vec(),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn message(opened: &mut Opened, data: &[u8], label: &str) {
    for (property, value) in properties(data, label) {
        match (property, value) {
            (PR_BODY, Value::Text(text)) if !text.trim().is_empty() => opened.text = Some(text),
            (PR_HTML, Value::Text(html)) => opened.html = Some(html),
            (PR_HTML, Value::Binary(bytes)) => opened.html = Some(charset::decode(bytes, Some(label)).text),
            _ => {}
        }
    }
}

/// The attribute at `at`: level, id, data, and where the next one begins.
fn attribute(bytes: &[u8], at: usize) -> Option<(u8, u32, &[u8], usize)> {
    let level = *bytes.get(at)?;
    let id = le_u32(bytes, at + 1)?;
    let length = usize::try_from(le_u32(bytes, at + 5)?).ok()?;
    let start = at + 9;
    let end = start.checked_add(length)?;
    let data = bytes.get(start..end)?;
    (level == 1 || level == LEVEL_ATTACHMENT).then_some((level, id, data, end + 2))
}

/// A property's value, as far as it matters here.
enum Value<'a> {
    Text(String),
    Binary(&'a [u8]),
    Other,
}

/// Properties that are read of one list.
const PROPERTIES: u32 = 2_000;

/// The properties of a list (MS-OXTNEF §2.1.3.4).
fn properties<'a>(data: &'a [u8], label: &str) -> Vec<(u16, Value<'a>)> {
    let mut found = Vec::new();
    let Some(count) = le_u32(data, 0) else { return found };
    let mut at = 4;
    for _ in 0..count.min(PROPERTIES) {
        let Some((id, value, next)) = property(data, at, label) else { break };
        found.push((id, value));
        at = next;
    }
    found
}

fn property<'a>(data: &'a [u8], mut at: usize, label: &str) -> Option<(u16, Value<'a>, usize)> {
    let kind = le_u16(data, at)?;
    let id = le_u16(data, at + 2)?;
    at += 4;
    if id >= 0x8000 {
        at = past_name(data, at)?;
    }
    let many = kind & 0x1000 != 0;
    let kind = kind & 0x0fff;
    let fixed = match kind {
        0x0002 | 0x000b | 0x0003 | 0x0004 | 0x000a => Some(4),
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
        0x0048 => Some(16),
        _ => None,
    };
    let mut value = Value::Other;
    if let Some(size) = fixed {
        let count = if many { le_u32(data, at)? } else { 1 };
        at += if many { 4 } else { 0 };
        at = at.checked_add(size * usize::try_from(count).ok()?)?;
        return (at <= data.len()).then_some((id, value, at));
    }
    // Text, binary and objects are written with a count, also when there is only one.
    let count = le_u32(data, at)?;
    at += 4;
    for _ in 0..count.min(PROPERTIES) {
        let length = usize::try_from(le_u32(data, at)?).ok()?;
        let bytes = data.get(at + 4..(at + 4).checked_add(length)?)?;
        if matches!(value, Value::Other) {
            value = match kind {
                0x001e => Value::Text(text(bytes, label)),
                0x001f => Value::Text(text(bytes, "utf-16le")),
                // An object begins with the id of its interface.
                0x000d => Value::Binary(bytes.get(16..).unwrap_or_default()),
                0x0102 => Value::Binary(bytes),
                _ => Value::Other,
            };
        }
        at += 4 + length.next_multiple_of(4);
    }
    Some((id, value, at))
}

/// Position after the name of a named property.
fn past_name(data: &[u8], at: usize) -> Option<usize> {
    if le_u32(data, at + 16)? == 0 {
        Some(at + 24)
    } else {
        let length = usize::try_from(le_u32(data, at + 20)?).ok()?;
        at.checked_add(24)?.checked_add(length.checked_next_multiple_of(4)?)
    }
}

fn text(bytes: &[u8], label: &str) -> String {
    charset::decode(bytes, Some(label)).text.trim_end_matches('\0').to_owned()
}

fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute_bytes(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![level];
        bytes.extend(id.to_le_bytes());
        bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
        bytes.extend([0, 0]);
        bytes
    }

    fn property_bytes(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend(id.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn sample() -> Vec<u8> {
        let mut bytes = SIGNATURE.to_le_bytes().to_vec();
        bytes.extend([1, 0]);
        bytes.extend(attribute_bytes(1, CODE_PAGE, &932u32.to_le_bytes()));
        let mut message = 1u32.to_le_bytes().to_vec();
        message.extend(property_bytes(0x1e, PR_BODY, b"\x96{\x95\xb6\0"));
        bytes.extend(attribute_bytes(1, MESSAGE_PROPERTIES, &message));
        bytes.extend(attribute_bytes(2, ATTACHMENT_RENDERING, &[0; 14]));
        bytes.extend(attribute_bytes(2, ATTACHMENT_TITLE, b"LONGNA~1.TXT\0"));
        bytes.extend(attribute_bytes(2, ATTACHMENT_DATA, b"data"));
        let long: Vec<u8> = "とても長い名前.txt\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut list = 3u32.to_le_bytes().to_vec();
        list.extend([3, 0, 5, 0x37, 1, 0, 0, 0]);
        list.extend(property_bytes(0x1e, PR_ATTACH_MIME_TAG, b"Text/Plain\0"));
        list.extend(property_bytes(0x1f, PR_ATTACH_LONG_FILENAME, &long));
        bytes.extend(attribute_bytes(2, ATTACHMENT_PROPERTIES, &list));
        bytes
    }

    #[test]
    fn body_and_long_names_are_read() {
        let opened = open(&sample()).unwrap();
        assert_eq!(opened.text.as_deref(), Some("本文"));
        assert_eq!(opened.files, [("とても長い名前.txt".to_owned(), Some("text/plain".to_owned()), b"data".to_vec())]);
        assert_eq!(open(b"no tnef"), None);
    }

    #[test]
    fn a_cut_or_changed_stream_is_harmless() {
        let good = sample();
        for end in 0..good.len() {
            let _ = open(&good[..end]);
            let mut changed = good.clone();
            changed[end] = 0xff;
            let _ = open(&changed);
        }
    }
}
