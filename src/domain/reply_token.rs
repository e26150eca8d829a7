//! Signed reply tokens (HMAC-SHA256, 80 bits kept): a mail that carries one was an answer to mail of ours.
//!
//! `T1042.1.ABCDEFGHIJKLMNOP`: ticket, key id, signature in base 32 (RFC 4648 §6, no padding).
//! Found in our Message-IDs (`<T1042.1.SIG.reply-1042-0@host>`), in plus-addresses and in the last line of a reply.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{InboxId, TicketId};

const SIGNATURE_BYTES: usize = 10;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The keys tokens are signed with: the last one signs, all of them verify.
#[derive(Clone)]
pub struct Keyring {
    keys: Vec<(u32, Vec<u8>)>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// A ring of `(id, key)` pairs, oldest first. With no pair nothing verifies and tokens are signed with an empty key 0.
    #[must_use]
    pub const fn new(keys: Vec<(u32, Vec<u8>)>) -> Self {
        Self { keys }
    }

    /// The token for `ticket`, signed with the newest key.
    #[must_use]
    pub fn sign(&self, ticket: TicketId) -> String {
        let (id, key) = self.keys.last().map_or((0, &[][..]), |(id, key)| (*id, key.as_slice()));
        format!("T{}.{id}.{}", ticket.0, signature(ticket, id, key))
    }

    /// The linking code that inbox row `row` asked for: eight letters in two groups, the same each time. It cannot be guessed
    /// without the newest key.
    #[must_use]
    pub fn link_code(&self, row: InboxId) -> String {
        let (id, key) = self.keys.last().map_or((0, &[][..]), |(id, key)| (*id, key.as_slice()));
        let text = keyed(key, format!("madoguchi link {row}.{id}").as_bytes());
        let (head, rest) = text.split_at(text.len().min(4));
        format!("{head}-{}", rest.get(..4).unwrap_or(rest))
    }

    /// The ticket whose token `text` is or begins with (a dot may follow), when the signature holds.
    #[must_use]
    pub fn verify(&self, text: &str) -> Option<TicketId> {
        let mut parts = text.strip_prefix(['T', 't'])?.splitn(4, '.');
        let ticket = TicketId(parts.next()?.parse().ok().filter(|n| *n > 0)?);
        let id: u32 = parts.next()?.parse().ok()?;
        let given = parts.next()?.to_ascii_uppercase();
        let (_, key) = self.keys.iter().find(|(known, _)| *known == id)?;
        let wanted = signature(ticket, id, key);
        bool::from(wanted.as_bytes().ct_eq(given.as_bytes())).then_some(ticket)
    }
}

/// What is kept of a linking code, however it was typed: spaces, hyphens and case do not matter.
#[must_use]
pub fn code_digest(typed: &str) -> String {
    use sha2::Digest;
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    hex::encode(Sha256::digest(format!("madoguchi link {}", letters.to_ascii_uppercase())))
}

fn signature(ticket: TicketId, id: u32, key: &[u8]) -> String {
    keyed(key, format!("madoguchi reply T{}.{id}", ticket.0).as_bytes())
}

fn keyed(key: &[u8], text: &[u8]) -> String {
    // HMAC takes keys of any length, so this cannot fail; an empty text never equals a 16-letter signature.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(text);
    base32(&mac.finalize().into_bytes()[..SIGNATURE_BYTES])
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[((held >> bits) & 31) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Keyring {
        Keyring::new(vec![(1, b"old".to_vec()), (2, b"new".to_vec())])
    }

    #[test]
    fn a_token_verifies_also_inside_a_message_id_and_after_rotation() {
        let old = Keyring::new(vec![(1, b"old".to_vec())]).sign(TicketId(1042));
        assert_eq!(ring().verify(&old), Some(TicketId(1042)));
        let token = ring().sign(TicketId(7));
        assert_eq!(ring().verify(&format!("{token}.reply-7-0")), Some(TicketId(7)));
        assert_eq!(ring().verify(&token.to_lowercase()), Some(TicketId(7)));
    }

    #[test]
    fn a_changed_ticket_key_or_signature_is_refused() {
        let token = ring().sign(TicketId(7));
        for bad in [
            token.replace("T7", "T8"),
            token.replace(".2.", ".1."),
            token.replace(".2.", ".9."),
            format!("{token}A"),
            String::new(),
            "T7.2.".to_owned(),
        ] {
            assert_eq!(ring().verify(&bad), None, "{bad}");
        }
    }
}
