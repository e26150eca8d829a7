//! From a claimed row to the message the rules read, files scanned. Never fails: what cannot be read says so and is filed.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use crate::connectors::alerts::AlertSettings;
use crate::connectors::email::clamd::{self, Verdict};
use crate::connectors::email::parse;
use crate::connectors::email::settings::ClamdSettings;
use crate::connectors::{DiscordSettings, RemoteFile, SendError, SlackSettings, alerts, discord, scripted, slack};
use crate::domain::{Act, Attachment, Button, Channel, Keyring, Language, Message, Scan};
use crate::mail::{self, File, Policy};
use crate::store::{InboxItem, Store};

/// Larger files of chat messages stay where they are.
const FILE_BYTES: usize = 25 << 20;

/// Reads raw messages of every channel.
pub struct Reader {
    /// How each mailbox's mail is to be read, by mailbox name.
    pub policies: BTreeMap<String, Policy>,
    /// Verifies reply tokens.
    pub keyring: Keyring,
    /// The virus scanner, when there is one.
    pub scanner: Option<ClamdSettings>,
    /// Where files of chat messages are kept; they are fetched once.
    pub store: Arc<Store>,
    /// Sources of alerts, some of which report by mail.
    pub alerts: Vec<AlertSettings>,
    /// How Slack's messages are to be read.
    pub slack: Option<SlackReading>,
    /// How Discord's messages are to be read.
    pub discord: Option<DiscordReading>,
}

/// What a stored Slack event is read with.
pub struct SlackReading {
    /// The settings.
    pub settings: SlackSettings,
    /// Fetches files.
    pub api: slack::Api,
    /// Who people are.
    pub profiles: Arc<slack::Profiles>,
    /// Knows our own user, once it is connected; not there where nothing connects.
    pub receiver: OnceLock<Arc<slack::Receiver>>,
}

/// What a stored Discord event is read with.
pub struct DiscordReading {
    /// The settings.
    pub settings: DiscordSettings,
    /// Fetches files.
    pub sender: discord::Sender,
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
            Channel::Slack => self.slack(item, default).await,
            Channel::Discord => self.discord(item, default).await,
            Channel::Alert => alerts::message(item.id, received, default)
                .unwrap_or_else(|fault| parse::unreadable(item.id, received, &fault)),
            Channel::Notify => parse::unreadable(item.id, received, "nothing comes in this way"),
            Channel::Web => scripted::message(item.id, received, default)
                .unwrap_or_else(|fault| parse::unreadable(item.id, received, &fault.to_string())),
        }
    }

    async fn slack(&self, item: &InboxItem, default: Language) -> Message {
        let received = &item.received;
        let Some(slack) = &self.slack else { return not_connected(item, "slack") };
        let bot = slack.receiver.get().and_then(|receiver| receiver.bot_user()).unwrap_or_default();
        let profile = match slack::parse::writer(received, &bot) {
            Some(user) => slack.profiles.of(&user).await,
            None => None,
        };
        let read = slack::message((item.id, received), profile.as_ref(), &slack.settings, &bot, default);
        let mut message = match read {
            Ok(message) => message,
            Err(fault) => return parse::unreadable(item.id, received, &fault.to_string()),
        };
        if matches!(&message.act, Some(Act::Pressed { button: Button::Assign, .. })) {
            // Chosen from a menu of people, which gives ids: agents go by their names, as those who take a ticket do.
            let chosen = message.text.strip_prefix("slack:").map(str::to_owned);
            let chosen = match &chosen {
                Some(user) => slack.profiles.of(user).await,
                None => None,
            };
            if let Some(profile) = chosen.filter(|profile| !profile.who.name.trim().is_empty()) {
                message.text.clone_from(&profile.who.name);
            }
        }
        for file in slack::files(received) {
            let bytes = slack::fetch(&slack.api, &file, FILE_BYTES).await;
            message.attachments.push(self.keep(item, &file, bytes).await);
        }
        message
    }

    async fn discord(&self, item: &InboxItem, default: Language) -> Message {
        let received = &item.received;
        let Some(discord) = &self.discord else { return not_connected(item, "discord") };
        let mut message = match discord::parse::message(item.id, received, &discord.settings, 0, default) {
            Ok(message) => message,
            Err(fault) => return parse::unreadable(item.id, received, &fault.to_string()),
        };
        for file in discord::parse::files(received) {
            let bytes = discord.sender.fetch(&file, FILE_BYTES).await;
            message.attachments.push(self.keep(item, &file, bytes).await);
        }
        message
    }

    /// The attachment for a file of a chat message, its bytes scanned and kept. One that cannot be fetched is named all the same.
    async fn keep(&self, item: &InboxItem, file: &RemoteFile, bytes: Result<Vec<u8>, SendError>) -> Attachment {
        let mut attachment = Attachment {
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            size_bytes: file.size_bytes,
            inline: false,
            sha256: String::new(),
            scan: Scan::Off,
            warnings: Vec::new(),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(fault) => {
                attachment.warnings.push(format!("not fetched: {fault}"));
                return attachment;
            }
        };
        attachment.size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        attachment.sha256 = hex::encode(Sha256::digest(&bytes));
        let (scan, warning) = self.scan_one(&bytes).await;
        attachment.scan = scan;
        attachment.warnings.extend(warning);
        if let Err(fault) = self.store.put_file(&attachment.sha256, &bytes, item.received.arrived_at).await {
            tracing::warn!(inbox.id = %item.id, "a file is not kept: {fault}");
            attachment.warnings.push("not kept: the database failed".to_owned());
        }
        attachment
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
        if let Some(alert) = alerts::from_mail(&self.alerts, &message) {
            // From here on it is an alert like those that come by request: nothing about it is ever answered by mail.
            (message.channel, message.source) = (Channel::Alert, alert.source.clone());
            message.act = Some(Act::Alert { alert: Box::new(alert) });
        }
        message
    }

    async fn scan(&self, files: &[File]) -> Vec<(Scan, Option<String>)> {
        let mut scans = Vec::with_capacity(files.len());
        for file in files {
            scans.push(self.scan_one(&file.bytes).await);
        }
        scans
    }

    async fn scan_one(&self, bytes: &[u8]) -> (Scan, Option<String>) {
        let Some(settings) = &self.scanner else { return (Scan::Off, None) };
        let verdict = clamd::scan(settings, bytes).await;
        let warning = match &verdict {
            Verdict::Clean => None,
            Verdict::Infected(name) => Some(format!("virus found: {name}")),
            Verdict::Unscanned(reason) => Some(format!("not scanned: {reason}")),
        };
        (Scan::from(&verdict), warning)
    }
}

fn not_connected(item: &InboxItem, section: &str) -> Message {
    parse::unreadable(item.id, &item.received, &format!("[{section}] is no longer in the settings"))
}
