//! The tests beside a desk rule: plain texts, or tables that say more of a message.

use super::rules::Reader;
use super::source::{Section, Text};
use crate::domain::Timestamp;
use crate::domain::rulebook::Specimen;

const KEYS: &[&str] = &[
    "channel",
    "from",
    "language",
    "subject",
    "text",
    "attachments",
    "headers",
    "at",
    "intent",
    "probability",
    "load",
];

impl Reader<'_, '_> {
    pub(super) fn specimens(&mut self, section: &Section<'_, '_>, key: &str) -> Vec<Specimen> {
        let mut specimens = Vec::new();
        for (item, span) in section.texts_and_tables(self.source, key, KEYS) {
            let line = self.source.line(&span);
            specimens.push(match item {
                Text::Plain(text) => Specimen { line, text: Some(text), ..Specimen::default() },
                Text::Table(table) => Specimen { line, ..self.specimen(&table) },
            });
        }
        specimens
    }

    fn specimen(&mut self, table: &Section<'_, '_>) -> Specimen {
        let source = &mut *self.source;
        let channel = table.find("channel").and_then(|_| table.word(source, "channel"));
        let language = table.find("language").and_then(|_| table.word(source, "language"));
        let mut text = |key: &str| table.optional_text(source, key).map(|text| text.value);
        let (from, subject, said, intent) = (text("from"), text("subject"), text("text"), text("intent"));
        let at = table.optional_text(source, "at").and_then(|written| {
            let read = chrono::DateTime::parse_from_rfc3339(&written.value).ok().map(Timestamp::from);
            if read.is_none() {
                source.fault(&written.span, format!("`{}` is no time: write 2026-11-22T23:00:00+09:00", written.value));
            }
            read
        });
        let attachments = table.find("attachments").is_some().then(|| {
            let files = table.texts(source, "attachments");
            files.into_iter().map(|file| file_of(&file.value)).collect()
        });
        let headers = table.find("headers").is_some().then(|| {
            let fields = table.pairs(source, "headers").into_iter();
            fields
                .flat_map(|(name, values)| {
                    values.into_iter().map(move |value| (name.value.to_lowercase(), value.value))
                })
                .collect()
        });
        let probability = table.number(source, "probability");
        let loads = table.find("load").is_some().then(|| table.counts(source, "load"));
        Specimen {
            line: 0,
            channel,
            from,
            language,
            subject,
            text: said,
            attachments,
            headers,
            at,
            intent,
            probability,
            loads,
        }
    }
}

/// `report.pdf` or `report.pdf application/pdf`.
fn file_of(written: &str) -> (String, String) {
    let (name, media_type) = written.rsplit_once(' ').unwrap_or((written, ""));
    if media_type.contains('/') {
        return (name.to_owned(), media_type.to_lowercase());
    }
    let end = written.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default();
    let media_type = match end.as_str() {
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "txt" | "log" => "text/plain",
        "csv" => "text/csv",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        _ => "application/octet-stream",
    };
    (written.to_owned(), media_type.to_owned())
}
