//! Mail that goes round in circles (RFC 5321 §6.3): passed on too often, or delivered to us before.

use super::{Header, Policy};

/// Hosts a mail may have passed (RFC 5321 §6.3 names 100 as enough; 50 is more than any honest path).
pub const MAX_RECEIVED: usize = 50;

/// The fault of a mail that went round; it begins with `loop`.
pub fn went_round(headers: &[Header], policy: &Policy) -> Option<String> {
    let named = |name: &str| headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count();
    let passed = named("Received");
    if passed > MAX_RECEIVED {
        return Some(format!("loop: {passed} Received fields, {MAX_RECEIVED} are allowed"));
    }
    let delivered = |own: &String| {
        let times = headers.iter().filter(|header| {
            header.name.eq_ignore_ascii_case("Delivered-To") && header.value.trim().eq_ignore_ascii_case(own)
        });
        times.count() > 1
    };
    let own = policy.own_addresses.iter().find(|own| delivered(own))?;
    Some(format!("loop: delivered to {own} twice"))
}

#[cfg(test)]
mod tests {
    use crate::mail::{Policy, parse};

    #[test]
    fn a_mail_that_went_round_is_told() {
        let policy = Policy { own_addresses: vec!["desk@help.example".to_owned()], authserv_id: None };
        let looped = |head: &str| {
            let raw = format!("{head}From: a@b.example\r\nSubject: s\r\n\r\nhello\r\n");
            parse(raw.as_bytes(), &policy).faults.iter().any(|fault| fault.starts_with("loop"))
        };
        assert!(looped(&"Received: from a by b\r\n".repeat(51)));
        assert!(!looped(&"Received: from a by b\r\n".repeat(50)));
        assert!(looped("Delivered-To: desk@help.example\r\nDelivered-To: Desk@help.example\r\n"));
        assert!(!looped(
            "Delivered-To: other@help.example\r\nDelivered-To: other@help.example\r\nDelivered-To: desk@help.example\r\n"
        ));
    }
}
