//! To whom the machine may write: the person who wrote, never a stranger they name, never ourselves.

use crate::domain::catalog::Desk;
use crate::domain::{Address, Channel, Message, Ticket};

/// Local parts behind which no person reads (RFC 5230 §4.6).
const NOBODY: [&str; 8] =
    ["noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "nobody"];

/// Where an automatic reply to `message` goes. Reply-To counts only when it names the sender, or when the sender's own
/// address cannot be written to: a Reply-To elsewhere would let anybody make the desk write to a third person (RFC 3834 §4).
///
/// # Errors
/// Why there is nobody to write to, in words.
pub(super) fn recipient(message: &Message, desk: &Desk) -> Result<Address, &'static str> {
    let from = &message.from;
    let address = match &message.reply_to {
        Some(reply_to) if same(&reply_to.address, &from.address) || !is_usable(message.channel, &from.address) => {
            reply_to
        }
        Some(_) | None => from,
    };
    if !is_usable(message.channel, &address.address) {
        return Err("the sender has no address that can be written to");
    }
    if is_own(desk, &address.address) {
        return Err("the reply would go to one of the desk's own mailboxes");
    }
    if message.channel == Channel::Email && is_nobody(&address.address) {
        return Err("nobody reads the sender's address");
    }
    Ok(address.clone())
}

/// Whether `address` is one of the desk's mailboxes, with or without a plus detail (RFC 5233).
pub(super) fn is_own(desk: &Desk, address: &str) -> bool {
    let bare = without_detail(&address.to_lowercase());
    !bare.is_empty() && desk.mailboxes.iter().any(|mailbox| without_detail(&mailbox.address.to_lowercase()) == bare)
}

/// Whether two addresses are written to the same person.
pub(super) fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && one.to_lowercase() == other.to_lowercase()
}

/// Whether the requester of `ticket` can be written to. Monitoring cannot.
pub(super) fn is_reachable(desk: &Desk, ticket: &Ticket) -> bool {
    let address = &ticket.requester.address;
    is_usable(ticket.channel, address) && !is_own(desk, address)
}

/// Whether something can be sent to `address` at all.
pub(super) fn is_usable(channel: Channel, address: &str) -> bool {
    let clean =
        !address.is_empty() && address.len() <= 320 && !address.chars().any(|c| c.is_control() || "<>,;".contains(c));
    match channel {
        Channel::Email => {
            clean
                && !address.chars().any(char::is_whitespace)
                && address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        }
        Channel::Slack | Channel::Discord | Channel::Web => clean,
        // Nobody reads what is answered to a machine.
        Channel::Alert | Channel::Notify => false,
    }
}

/// Whether the address says that nobody reads it.
pub(super) fn is_nobody(address: &str) -> bool {
    let address = address.to_lowercase();
    let local = address.rsplit_once('@').map_or(address.as_str(), |(local, _)| local);
    NOBODY.contains(&local) || local.starts_with("owner-") || local.ends_with("-request") || local.ends_with("-bounces")
}

fn without_detail(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split_once('+').map_or(local, |(user, _)| user)),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{catalog, message};
    use super::*;

    fn address(text: &str) -> Address {
        Address { name: String::new(), address: text.to_owned() }
    }

    #[test]
    fn replies_go_to_the_writer_and_to_nobody_else() {
        let desk = catalog().desk;
        let cases = [
            ("user@client.example", None, Ok("user@client.example")),
            ("user@client.example", Some("USER@client.example"), Ok("USER@client.example")),
            ("user@client.example", Some("victim@other.example"), Ok("user@client.example")),
            ("", Some("user@client.example"), Ok("user@client.example")),
            ("", None, Err("the sender has no address that can be written to")),
            ("a b@client.example", None, Err("the sender has no address that can be written to")),
            ("", Some("support@desk.example"), Err("the reply would go to one of the desk's own mailboxes")),
            ("Support+T1@Desk.Example", None, Err("the reply would go to one of the desk's own mailboxes")),
            ("no-reply@client.example", None, Err("nobody reads the sender's address")),
            ("list-bounces@client.example", None, Err("nobody reads the sender's address")),
        ];
        for (from, reply_to, wanted) in cases {
            let message = Message { from: address(from), reply_to: reply_to.map(address), ..message("x", "y") };
            let got = recipient(&message, &desk);
            assert_eq!(got.as_ref().map(|to| to.address.as_str()).map_err(|why| *why), wanted, "{from} {reply_to:?}");
        }
    }
}
