//! `parse`: what intake reads out of mail files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::out;
use crate::domain::{Address, Language};
use crate::mail::{self, ParsedMail, Policy};

#[derive(Args)]
pub(super) struct Parse {
    /// Mail files
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(command: &Parse) -> ExitCode {
    // The desk's own addresses make a mail "own"; without settings nothing is.
    let mut code = ExitCode::SUCCESS;
    for file in &command.files {
        match std::fs::read(file) {
            Ok(raw) => out::line(describe(file, &raw).to_string()),
            Err(fault) => {
                out::note(format!("error: cannot read {}: {fault}", file.display()));
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

fn describe(file: &Path, raw: &[u8]) -> Value {
    fields(file, &mail::parse_with_html(raw, &Policy::default()))
}

fn fields(file: &Path, mail: &ParsedMail) -> Value {
    let attachments: Vec<Value> = mail
        .files
        .iter()
        .map(|file| {
            json!({ "name": file.name, "media_type": file.media_type, "size_bytes": file.bytes.len(),
                    "inline": file.inline, "sha256": file.sha256, "warnings": file.warnings })
        })
        .collect();
    let bounce = mail.bounce.as_ref().map(|bounce| {
        json!({ "recipient": bounce.recipient, "status": bounce.status, "action": bounce.action,
                "original_message_id": bounce.original_message_id })
    });
    json!({
        "file": file.display().to_string(),
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to.first(),
        "references": mail.references,
        "from": address(&mail.from),
        "to": mail.to.iter().map(address).collect::<Vec<_>>(),
        "cc": mail.cc.iter().map(address).collect::<Vec<_>>(),
        "reply_to": mail.reply_to.as_ref().map(address),
        "date": mail.date.map(crate::domain::Timestamp::rfc3339),
        "subject": mail.subject,
        "text": mail.text,
        "reply_text": mail.reply_text,
        "html": mail.html,
        "language": mail.language.map(Language::as_str),
        "attachments": attachments,
        "automatic": mail.automatic.map(crate::domain::Automatic::as_str),
        "no_auto_answer": mail.no_auto_answer,
        "bounce": bounce,
        "spam": mail.spam,
        "faults": mail.faults,
        "warnings": mail.warnings,
    })
}

fn address(address: &Address) -> Value {
    json!({ "name": address.name, "address": address.address })
}
