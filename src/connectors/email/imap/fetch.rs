//! Reads mails by UID: sizes first, then bodies. A mail counts as read only when its body arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Response};

use super::connection::{Connection, Fault};
use crate::connectors::email::settings::ImapSettings;
use crate::domain::Timestamp;

/// Slower than this, a transfer is given up.
pub(super) const MIN_BYTES_PER_SECOND: u64 = 16 << 10;

/// One mail as far as it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// RFC822.SIZE.
    pub(super) size_bytes: Option<u32>,
    /// INTERNALDATE.
    pub(super) arrived_at: Option<Timestamp>,
    /// The bytes.
    pub(super) body: Option<Vec<u8>>,
    /// The id the server gives the mail wherever it is: `EMAILID:…` (RFC 8474) or `X-GM-MSGID:…`.
    pub(super) object_id: Option<String>,
    /// Only the beginning was read.
    pub(super) is_excerpt: bool,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Read, with `body`.
    pub(super) read: BTreeMap<u32, Item>,
    /// No longer on the server.
    pub(super) missing: Vec<u32>,
    /// Asked for, still there, and not given; with the reason.
    pub(super) withheld: BTreeMap<u32, String>,
}

impl Connection {
    /// Reads the mails `uids` (ascending), as many of the first ones as fit `batch_bytes`.
    pub(super) async fn read(&mut self, uids: &[u32], settings: &ImapSettings) -> Result<Batch, Fault> {
        let limit = Duration::from_secs(settings.timeout_s.max(1));
        let mut items: BTreeMap<u32, Item> = uids.iter().map(|uid| (*uid, Item::default())).collect();
        let mut refused = self.sizes(uids, limit, &mut items).await?;
        let (mut whole, mut long) = (Vec::new(), Vec::new());
        let mut total_bytes = 0u64;
        for (uid, item) in &items {
            let known = item.size_bytes.filter(|size| *size <= settings.max_bytes);
            total_bytes += u64::from(known.unwrap_or(settings.excerpt_bytes));
            if total_bytes > settings.batch_bytes && !(whole.is_empty() && long.is_empty()) {
                break;
            }
            if known.is_some() { whole.push(*uid) } else { long.push(*uid) }
        }
        let asked: BTreeSet<u32> = whole.iter().chain(&long).copied().collect();
        items.retain(|uid, _| asked.contains(uid));
        let patience = limit + Duration::from_secs(total_bytes / MIN_BYTES_PER_SECOND);
        if !whole.is_empty() {
            let bodies = format!("UID FETCH {} (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])", sequence_set(&whole));
            refused = self.fill(&bodies, patience, &mut items).await?.or(refused);
        }
        for uid in long {
            let wanted = settings.excerpt_bytes;
            let part = format!("UID FETCH {uid} (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.{wanted}>)");
            refused = self.fill(&part, patience, &mut items).await?.or(refused);
            if let Some(item) = items.get_mut(&uid) {
                let got = item.body.as_ref().map_or(0, Vec::len);
                item.is_excerpt = item.size_bytes.map_or(got >= wanted as usize, |size| got < size as usize);
            }
        }
        self.sort_out(items, refused).await
    }

    /// Asks for everything but the mails themselves.
    async fn sizes(
        &mut self,
        uids: &[u32],
        limit: Duration,
        items: &mut BTreeMap<u32, Item>,
    ) -> Result<Option<String>, Fault> {
        let plain = format!("UID FETCH {} (UID FLAGS INTERNALDATE RFC822.SIZE", sequence_set(uids));
        let identity = if self.is_identity_refused { None } else { self.identity() };
        if let Some(attribute) = identity {
            let refused = self.fill(&format!("{plain} {attribute})"), limit, items).await?;
            if refused.is_none() {
                return Ok(None);
            }
            // It said it can and cannot: the rest is asked for without.
            self.is_identity_refused = true;
        }
        self.fill(&format!("{plain})"), limit, items).await
    }

    /// What names a mail on this server, whatever folder it is in.
    fn identity(&self) -> Option<&'static str> {
        if self.can("OBJECTID") {
            Some("EMAILID")
        } else if self.can("X-GM-EXT-1") {
            Some("X-GM-MSGID")
        } else {
            None
        }
    }

    /// Runs one FETCH into `items`. A refusal comes back as its reason: what arrived before it is kept.
    async fn fill(
        &mut self,
        command: &str,
        limit: Duration,
        items: &mut BTreeMap<u32, Item>,
    ) -> Result<Option<String>, Fault> {
        let answer = self
            .command("UID FETCH", command, limit, &mut |response| {
                if let Response::Fetch(_, attributes) = response {
                    take_in(attributes, items);
                }
            })
            .await;
        match answer {
            Ok(()) => Ok(None),
            Err(Fault::Refused { reason, .. }) => Ok(Some(reason)),
            Err(fault) => Err(fault),
        }
    }

    async fn sort_out(&mut self, items: BTreeMap<u32, Item>, refused: Option<String>) -> Result<Batch, Fault> {
        let mut batch = Batch::default();
        let mut absent = Vec::new();
        for (uid, item) in items {
            // A server that has no body to give says NIL or an empty string; a mail of no bytes says so in its size.
            let empty = item.body.as_ref().is_none_or(Vec::is_empty) && item.size_bytes != Some(0);
            if empty || item.body.is_none() {
                absent.push(uid);
            } else {
                batch.read.insert(uid, item);
            }
        }
        if absent.is_empty() {
            return Ok(batch);
        }
        let there = self.search(&format!("UID {}", sequence_set(&absent))).await?;
        for uid in absent {
            if there.contains(&uid) {
                let reason = refused.clone().unwrap_or_else(|| "the server gave no body".to_owned());
                batch.withheld.insert(uid, reason);
            } else {
                batch.missing.push(uid);
            }
        }
        Ok(batch)
    }
}

/// Merges one FETCH response into the mail it is about. Mails nobody asked for are ignored; the first body counts.
fn take_in(attributes: &[AttributeValue<'_>], items: &mut BTreeMap<u32, Item>) {
    let uid = attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Uid(uid) => Some(*uid),
        _ => None,
    });
    let Some(item) = uid.and_then(|uid| items.get_mut(&uid)) else { return };
    for attribute in attributes {
        match attribute {
            AttributeValue::Rfc822Size(size) => item.size_bytes = Some(*size),
            AttributeValue::InternalDate(date) => item.arrived_at = internal_date(date),
            AttributeValue::EmailId(id) => item.object_id = Some(format!("EMAILID:{id}")),
            AttributeValue::GmailMsgId(id) => item.object_id = Some(format!("X-GM-MSGID:{id}")),
            AttributeValue::BodySection { section: None, data: Some(data), .. } if item.body.is_none() => {
                item.body = Some(data.to_vec());
            }
            _ => {}
        }
    }
}

/// ` 1-Oct-2026 09:30:00 +0900` (RFC 9051 §9, date-time).
fn internal_date(text: &str) -> Option<Timestamp> {
    chrono::DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok().map(Timestamp::from)
}

/// `1:3,7` for 1, 2, 3, 7.
pub(super) fn sequence_set(uids: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for uid in uids {
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(*uid) => *end = *uid,
            _ => ranges.push((*uid, *uid)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}:{end}") })
        .collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_uids_become_ranges() {
        for (uids, set) in [
            (&[5][..], "5"),
            (&[1, 2, 3, 7], "1:3,7"),
            (&[1, 3, 4, 9, 10], "1,3:4,9:10"),
            (&[u32::MAX - 1, u32::MAX], "4294967294:4294967295"),
        ] {
            assert_eq!(sequence_set(uids), set);
        }
    }

    #[test]
    fn internal_dates_are_read_with_one_or_two_digits_of_day() {
        for (text, ms) in [
            (" 1-Oct-2026 09:30:00 +0900", Some(1_790_814_600_000)),
            ("01-Oct-2026 00:30:00 +0000", Some(1_790_814_600_000)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(internal_date(text).map(|at| at.0), ms, "{text}");
        }
    }

    #[test]
    fn only_asked_mails_are_taken_and_the_first_body_counts() {
        let body =
            |text: &'static [u8]| AttributeValue::BodySection { section: None, index: None, data: Some(text.into()) };
        let mut items = BTreeMap::from([(1, Item::default())]);
        take_in(&[AttributeValue::Uid(1), body(b"one")], &mut items);
        take_in(&[body(b"two"), AttributeValue::Uid(1)], &mut items);
        take_in(&[AttributeValue::Uid(2), body(b"other")], &mut items);
        take_in(&[body(b"nobody's")], &mut items);
        assert_eq!(items.len(), 1);
        assert_eq!(items[&1].body.as_deref(), Some(&b"one"[..]));
    }
}
