//! Knows a mail again: equal for two copies of one mail, in whatever folder, also when a server has rewritten its MIME form.

use sha2::{Digest, Sha256};

use super::ParsedMail;

/// The fingerprint of `mail`, whose other fields are already set; `raw` serves when nothing could be read of it.
///
/// The Message-ID alone will not do: it may be absent, used twice or forged. The bytes alone will not do either, since Exchange
/// writes the parts anew. White space in the text, the order of files and the form of nested messages do not count.
#[must_use]
pub fn fingerprint(mail: &ParsedMail, raw: &[u8]) -> String {
    let mut sum = Sha256::new();
    let mut add = |bytes: &[u8]| {
        sum.update((bytes.len() as u64).to_be_bytes());
        sum.update(bytes);
    };
    add(mail.message_id.as_deref().unwrap_or_default().as_bytes());
    add(mail.date.map_or(String::new(), |date| date.0.to_string()).as_bytes());
    add(mail.from.address.to_lowercase().as_bytes());
    let words: String = mail.text.split_whitespace().collect();
    add(words.as_bytes());
    let mut files: Vec<&str> = mail
        .files
        .iter()
        .filter(|file| !file.media_type.starts_with("message/"))
        .map(|file| file.sha256.as_str())
        .collect();
    files.sort_unstable();
    add(files.concat().as_bytes());
    if words.is_empty() && files.is_empty() {
        add(mail.subject.as_bytes());
        if mail.message_id.is_none() {
            add(raw);
        }
    }
    hex::encode(sum.finalize())
}
