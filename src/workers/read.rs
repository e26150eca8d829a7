//! From a claimed row to the message the rules read, files scanned. Never fails: what cannot be read says so and is filed.

use std::collections::BTreeMap;

use crate::connectors::email::clamd::{self, Verdict};
use crate::connectors::email::parse;
use crate::connectors::email::settings::ClamdSettings;
use crate::connectors::scripted;
use crate::domain::{Channel, Keyring, Language, Message, Scan};
use crate::mail::{self, File, Policy};
use crate::store::InboxItem;

/// Reads raw messages of every channel.
pub struct Reader {
    /// How each mailbox's mail is to be read, by mailbox name.
    pub policies: BTreeMap<String, Policy>,
    /// Verifies reply tokens.
    pub keyring: Keyring,
    /// The virus scanner, when there is one.
    pub scanner: Option<ClamdSettings>,
}

impl Reader {
    /// The message of `item`. `default` is the language of a text that gives no hint.
    pub async fn read(&self, item: &InboxItem, default: Language) -> Message {
        let received = &item.received;
        match received.channel {
            Channel::Email if received.raw.is_empty() => {
                parse::unreadable(item.id, received, "the mail server could not hand this mail over; it is still there")
            }
            Channel::Email => self.mail(item, default).await,
            Channel::Slack | Channel::Discord | Channel::Web => scripted::message(item.id, received, default)
                .unwrap_or_else(|fault| parse::unreadable(item.id, received, &fault.to_string())),
        }
    }

    async fn mail(&self, item: &InboxItem, default: Language) -> Message {
        let received = &item.received;
        let none = Policy::default();
        let policy = self.policies.get(&received.source).unwrap_or(&none);
        let parsed = mail::parse(&received.raw, policy);
        let known = parsed.language.is_some();
        let scans = self.scan(&parsed.files).await;
        let mut message = parse::from_parsed(item.id, received, parsed, &self.keyring);
        if !known {
            message.language = default;
        }
        for (attachment, (scan, warning)) in message.attachments.iter_mut().zip(scans) {
            attachment.scan = scan;
            attachment.warnings.extend(warning);
        }
        message
    }

    async fn scan(&self, files: &[File]) -> Vec<(Scan, Option<String>)> {
        let mut scans = Vec::with_capacity(files.len());
        for file in files {
            scans.push(match &self.scanner {
                None => (Scan::Off, None),
                Some(settings) => {
                    let verdict = clamd::scan(settings, &file.bytes).await;
                    let warning = match &verdict {
                        Verdict::Clean => None,
                        Verdict::Infected(name) => Some(format!("virus found: {name}")),
                        Verdict::Unscanned(reason) => Some(format!("not scanned: {reason}")),
                    };
                    (Scan::from(&verdict), warning)
                }
            });
        }
        scans
    }
}
