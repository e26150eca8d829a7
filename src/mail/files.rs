//! The files of a mail: safe names, sums, warnings.

use sha2::{Digest, Sha256};

use super::parts::Part;
use super::{File, archive, charset, file_name, limits};

/// Collects files up to the bounds.
#[derive(Debug, Default)]
pub struct Files {
    kept: Vec<File>,
    bytes: usize,
    refused: usize,
}

impl Files {
    /// The files in order.
    #[must_use]
    pub fn into_vec(self) -> Vec<File> {
        self.kept
    }

    /// Said when there were more than are kept.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        (self.refused > 0)
            .then(|| format!("{} files beyond the first {} were left in the mail", self.refused, limits::FILES))
    }

    /// Adds a part.
    pub fn add_part(&mut self, part: &Part<'_>, related: bool) {
        if self.is_full(0) {
            return;
        }
        let bytes = part.encoding.decode(part.body);
        if bytes.is_empty() && part.name().is_none() || self.is_full(bytes.len()) {
            return;
        }
        let content_id =
            part.block.value("Content-ID").and_then(|raw| super::message_id::list(&raw).into_iter().next());
        let inline =
            part.disposition.value == "inline" || related && part.disposition.value.is_empty() && content_id.is_some();
        let written = part.name().map(str::to_owned).or_else(|| described(part)).unwrap_or_default();
        self.push(&written, &part.media_type, bytes.into_owned());
        if let Some(file) = self.kept.last_mut() {
            file.inline = inline;
            file.content_id = content_id;
        }
    }

    /// Adds a file found inside another part.
    pub fn add(&mut self, name: &str, media_type: &str, bytes: Vec<u8>) {
        if !self.is_full(bytes.len()) {
            self.push(name, media_type, bytes);
        }
    }

    /// Adds a message; without a name of its own it is called after its subject.
    pub fn add_message(&mut self, part: &Part<'_>, subject: &str, bytes: &[u8]) {
        if self.is_full(bytes.len()) {
            return;
        }
        let name = match part.name() {
            Some(name) => name.to_owned(),
            None if subject.is_empty() => "message.eml".to_owned(),
            // A subject is no path.
            None => format!("{}.eml", limits::head(&subject.replace(['/', '\\'], "_"), 120)),
        };
        self.push(&name, &part.media_type, bytes.to_vec());
    }

    /// The words of the first text file, for a mail whose text was sent as one.
    #[must_use]
    pub fn first_text(&self) -> Option<String> {
        let file =
            self.kept.iter().find(|file| file.media_type == "text/plain" && file.bytes.len() <= limits::TEXT_BYTES)?;
        Some(super::clean::lines(&charset::detect(&file.bytes).text))
    }

    /// Files the HTML shows in its text (RFC 2392) are inline whatever their disposition says.
    pub fn mark_inline(&mut self, html: &str) {
        if html.contains("cid:") {
            for file in &mut self.kept {
                file.inline |= file.content_id.as_ref().is_some_and(|id| html.contains(&format!("cid:{id}")));
            }
        }
    }

    fn is_full(&mut self, more_bytes: usize) -> bool {
        let full = self.kept.len() >= limits::FILES || self.bytes + more_bytes > limits::FILES_BYTES;
        self.refused += usize::from(full);
        full
    }

    fn push(&mut self, written: &str, media_type: &str, bytes: Vec<u8>) {
        let mut name = file_name::safe(written);
        if name.is_empty() {
            name = file_name::invented(media_type);
        }
        let name = file_name::unique(&name, &self.kept.iter().map(|file| file.name.as_str()));
        let warnings = archive::warnings(&name, media_type, &bytes);
        self.bytes += bytes.len();
        self.kept.push(File {
            name,
            media_type: media_type.to_owned(),
            inline: false,
            content_id: None,
            sha256: hex::encode(Sha256::digest(&bytes)),
            bytes,
            warnings,
        });
    }
}

/// A description or location that is a file name.
fn described(part: &Part<'_>) -> Option<String> {
    let names = ["Content-Description", "Content-Location"].into_iter().filter_map(|name| part.block.first(name));
    let mut names = names.map(|field| super::headers::header(&field).value);
    names.find(|name| name.rsplit_once('.').is_some_and(|(stem, end)| !stem.is_empty() && (2..=4).contains(&end.len())))
}
