//! What an agent should doubt about who wrote a mail: Authentication-Results (RFC 8601), DMARC (RFC 7489), look-alikes.

use crate::domain::Address;

use super::{Header, ParsedMail, Policy};

/// The warnings for `mail`, and whether a spam filter in front of the desk has marked it.
#[must_use]
pub fn warnings(mail: &ParsedMail, policy: &Policy) -> Vec<String> {
    let mut warnings = Vec::new();
    if mail.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("From")).count() > 1 {
        warnings.push("two From fields: the sender cannot be trusted".to_owned());
    }
    if trusted_results(mail, policy).is_some_and(|results| result_of(&results, "dmarc").as_deref() == Some("fail")) {
        warnings.push(format!("DMARC failed for {}", domain(&mail.from.address)));
    }
    if let Some(reply_to) = &mail.reply_to
        && !is_related(domain(&reply_to.address), domain(&mail.from.address))
    {
        warnings.push(format!("answers go to another domain: {}", reply_to.address));
    }
    if let Some(shown) = shown_address(&mail.from) {
        warnings.push(format!("the display name shows another address: {shown}"));
    }
    if is_look_alike(domain(&mail.from.address), policy) {
        warnings.push(format!("the sender's domain looks like another one: {}", domain(&mail.from.address)));
    }
    warnings
}

/// A spam filter in front of the desk marked the mail.
#[must_use]
pub fn is_marked_spam(headers: &[Header]) -> bool {
    headers.iter().any(|header| {
        let value = header.value.trim().to_ascii_lowercase();
        match header.name.to_ascii_lowercase().as_str() {
            "x-spam-flag" | "x-spam" | "x-barracuda-spam-flag" => value.starts_with("yes") || value == "true",
            "x-spam-status" | "x-barracuda-spam-status" => value.starts_with("yes"),
            // Exchange: 5 and 6 are spam, 9 is certain.
            "x-ms-exchange-organization-scl" => matches!(value.parse::<i32>(), Ok(5..=9)),
            _ => false,
        }
    })
}

/// The results of the server in front of us. Only the topmost field counts, only with the configured authserv-id, and only above
/// the first Received field of a foreign host: everything below came with the mail (RFC 8601 §5).
fn trusted_results(mail: &ParsedMail, policy: &Policy) -> Option<String> {
    let ours = policy.authserv_id.as_deref()?.to_ascii_lowercase();
    for header in &mail.headers {
        if header.name.eq_ignore_ascii_case("Authentication-Results") {
            let value = header.value.to_ascii_lowercase();
            let id = value.split([';', ' ', '\t', '(']).find(|word| !word.is_empty()).unwrap_or_default().to_owned();
            if id == ours {
                return Some(value);
            }
        } else if header.name.eq_ignore_ascii_case("Received") && !is_received_by(&header.value, &ours) {
            return None;
        }
    }
    None
}

/// The host that wrote this Received field is the one in front of us, one beside it, or the machine itself.
fn is_received_by(received: &str, ours: &str) -> bool {
    let lower = received.to_ascii_lowercase();
    let host = match lower.find(" by ") {
        Some(at) => &lower[at + 4..],
        None => lower.strip_prefix("by ").unwrap_or_default(),
    };
    let host = host.split([' ', '\t', ';', '(']).next().unwrap_or_default().trim_end_matches('.');
    let site = |name: &str| {
        name.split_once('.')
            .map_or(name.to_owned(), |(_, rest)| if rest.contains('.') { rest.to_owned() } else { name.to_owned() })
    };
    host == ours
        || host == "localhost"
        || host == "127.0.0.1"
        || host.ends_with(&format!(".{ours}"))
        || site(host) == site(ours)
}

/// `dmarc=fail` → `fail`.
fn result_of(results: &str, method: &str) -> Option<String> {
    results.split(';').skip(1).find_map(|part| {
        let (name, rest) = part.trim().split_once('=')?;
        (name.trim() == method).then(|| rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect())
    })
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Equal, or one lies below the other.
fn is_related(a: &str, b: &str) -> bool {
    a == b || a.ends_with(&format!(".{b}")) || b.ends_with(&format!(".{a}"))
}

/// An address in the display name that is not the sender's.
fn shown_address(from: &Address) -> Option<&str> {
    let shown = from
        .name
        .split([' ', '<', '>', '(', ')', '"', ',', ';', '（', '）'])
        .find(|word| super::address::is_usable(word))?;
    (!is_related(&domain(shown).to_lowercase(), domain(&from.address))).then_some(shown)
}

/// The domain mixes scripts, or reads like one of the desk's own without being it.
fn is_look_alike(domain: &str, policy: &Policy) -> bool {
    if domain.is_empty() {
        return false;
    }
    let mixed = domain.split('.').any(|label| {
        let latin = label.chars().any(|c| c.is_ascii_alphabetic());
        latin && label.chars().any(|c| ('\u{370}'..='\u{52f}').contains(&c))
    });
    let own: Vec<&str> =
        policy.own_addresses.iter().map(|address| self::domain(address)).filter(|own| !own.is_empty()).collect();
    mixed || own.iter().all(|own| *own != domain) && own.iter().any(|own| skeleton(own) == skeleton(domain))
}

/// The domain with letters that look alike made equal.
fn skeleton(domain: &str) -> String {
    let folded: String = domain
        .chars()
        .map(|c| match c {
            '0' | 'о' | 'ο' => 'o',
            '1' | 'i' | 'і' | 'ı' => 'l',
            '5' | 'ѕ' => 's',
            'а' | 'α' => 'a',
            'е' => 'e',
            'р' => 'p',
            'с' => 'c',
            'х' => 'x',
            'у' => 'y',
            '_' => '-',
            c => c,
        })
        .collect();
    folded.replace("rn", "m").replace("vv", "w")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy { own_addresses: vec!["help@acme.example".to_owned()], authserv_id: Some("mx.acme.example".to_owned()) }
    }

    fn told(raw: &str) -> Vec<String> {
        super::super::parse(raw.as_bytes(), &policy()).warnings
    }

    #[test]
    fn results_are_trusted_only_from_the_configured_server_above_foreign_hosts() {
        let fail = "Authentication-Results: mx.acme.example; spf=pass; dmarc=fail header.from=b.example\n";
        let foreign = "Received: from x by relay.evil.example; Mon\n";
        let own = "Received: from x by mx.acme.example with ESMTP\n";
        let from = "From: a@b.example\n\nx";
        for (raw, warned) in [
            (format!("{fail}{own}{from}"), true),
            (format!("{own}{fail}{foreign}{from}"), true),
            (format!("{foreign}{fail}{from}"), false),
            (format!("{}{from}", fail.replace("mx.acme", "mx.evil")), false),
            (format!("{}{fail}{from}", fail.replace("fail", "pass")), false),
        ] {
            assert_eq!(told(&raw).iter().any(|warning| warning.starts_with("DMARC")), warned, "{raw}");
        }
    }

    #[test]
    fn doubtful_senders_are_told() {
        for (raw, wanted) in [
            ("From: a@b.example\nFrom: c@d.example\n\n", "two From"),
            ("From: a@b.example\nReply-To: x@evil.example\n\n", "answers go"),
            ("From: \"ceo@acme.example\" <x@evil.example>\n\n", "the display name"),
            ("From: a@acrne.example\n\n", "the sender's domain"),
            ("From: a@аcme.example\n\n", "the sender's domain"),
        ] {
            let told = told(raw);
            assert!(told.iter().any(|warning| warning.starts_with(wanted)), "{raw}: {told:?}");
        }
        assert_eq!(told("From: \"A\" <a@b.example>\nReply-To: c@mail.b.example\n\n"), Vec::<String>::new());
        assert_eq!(told("From: a@acme.example\n\n"), Vec::<String>::new());
    }

    #[test]
    fn marks_of_spam_filters_are_seen() {
        for (raw, spam) in [
            ("X-Spam-Flag: YES\n\n", true),
            ("X-Spam-Status: Yes, score=9\n\n", true),
            ("X-Spam-Status: No, score=1\n\n", false),
            ("X-MS-Exchange-Organization-SCL: 6\n\n", true),
            ("X-MS-Exchange-Organization-SCL: -1\n\n", false),
            ("Subject: spam\n\n", false),
        ] {
            assert_eq!(super::super::parse(raw.as_bytes(), &policy()).spam, spam, "{raw}");
        }
    }
}
