//! `[[maintenance]]`: when what is worked on, and which customers are told.

use chrono::{NaiveDateTime, TimeZone};
use serde::Deserialize;

use super::document::Document;
use super::sections::Title;
use crate::domain::maintenance::Maintenance;
use crate::domain::routing::Customer;
use crate::domain::{Bilingual, Span, Timestamp};

const ANNOUNCE_DAYS: u32 = 7;
const MOST_DAYS: u32 = 90;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    from: String,
    to: String,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    customers: Vec<String>,
    what: Title,
    announce_days: Option<u32>,
}

/// The maintenance of the settings, in file order.
pub(super) fn maintenance(
    document: &mut Document<'_>,
    customers: &[Customer],
    zone: chrono_tz::Tz,
) -> Vec<Maintenance> {
    let mut all: Vec<Maintenance> = Vec::new();
    for (line, raw) in document.list::<Raw>("maintenance") {
        let name = raw.name.clone();
        match one(raw, customers, zone) {
            Ok(found) if all.iter().any(|other| other.name == found.name) => {
                document.fault(line, format!("[[maintenance]] `{name}` is there twice"));
            }
            Ok(found) => all.push(found),
            Err(message) => document.fault(line, format!("[[maintenance]] {name}: {message}")),
        }
    }
    all
}

fn one(raw: Raw, customers: &[Customer], zone: chrono_tz::Tz) -> Result<Maintenance, String> {
    let span = Span { from: instant(&raw.from, "from", zone)?, to: instant(&raw.to, "to", zone)? };
    if span.from >= span.to {
        return Err(format!("to = \"{}\" is not after from = \"{}\"", raw.to, raw.from));
    }
    let announce_days = raw.announce_days.unwrap_or(ANNOUNCE_DAYS);
    if announce_days > MOST_DAYS {
        return Err(format!("announce_days = {announce_days}: write 0 to {MOST_DAYS}"));
    }
    for name in &raw.customers {
        match customers.iter().find(|customer| customer.name == *name) {
            None => return Err(format!("customers: `{name}` is not in [[customers]]")),
            Some(customer) if customer.notices.is_empty() => {
                return Err(format!("customers: nobody of `{name}` is told; write notices in its [[customers]]"));
            }
            Some(_) => {}
        }
    }
    let what = match raw.what {
        Title::Both { ja, en } => Bilingual { ja, en },
        Title::One(text) => Bilingual { ja: text.clone(), en: text },
    };
    Ok(Maintenance { name: raw.name, span, services: raw.services, customers: raw.customers, what, announce_days })
}

/// `2026-12-12 22:00` in the desk's zone.
fn instant(text: &str, key: &str, zone: chrono_tz::Tz) -> Result<Timestamp, String> {
    let wall = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M").ok();
    let at = wall.and_then(|wall| zone.from_local_datetime(&wall).earliest());
    at.map(Timestamp::from).ok_or_else(|| format!("{key} = \"{text}\" is no time in {zone}; write 2026-12-12 22:00"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;

    const CUSTOMER: &str = "[[customers]]\nname = \"acme\"\naddresses = [\"@acme.example\"]\nnotices = [\"it@acme.example\"]\nlanguage = \"en\"\n\
                            [[customers]]\nname = \"quiet\"\naddresses = [\"@quiet.example\"]\n";

    #[test]
    fn it_means_what_it_says() {
        let text = format!(
            "{CUSTOMER}[[maintenance]]\nname = \"m\"\nfrom = \"2026-12-12 22:00\"\nto = \"2026-12-13 02:00\"\nservices = [\"web01\"]\n\
             customers = [\"acme\"]\nwhat = {{ ja = \"交換\", en = \"A switch is replaced.\" }}\n"
        );
        let config = Config::parse(Path::new("desk/madoguchi.toml"), &text, &[]).unwrap();
        let found = &config.service.maintenance[0];
        assert_eq!((found.span.from.rfc3339().as_str(), found.announce_days), ("2026-12-12T13:00:00.000Z", 7));
        assert_eq!((found.span.to.0 - found.span.from.0) / 3_600_000, 4);
        assert!(found.touches(Some("web01")) && !found.touches(Some("web02")) && !found.touches(None));
        assert!(found.concerns("acme") && !found.concerns("other"));
        assert_eq!(config.service.routing.customers[0].notices, ["it@acme.example"]);
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let plan = |rest: &str| format!("{CUSTOMER}[[maintenance]]\nname = \"m\"\nwhat = \"x\"\n{rest}\n");
        let times = "from = \"2026-12-12 22:00\"\nto = \"2026-12-13 02:00\"\n";
        for (text, wanted) in [
            (plan("from = \"2026-12-12\"\nto = \"2026-12-13 02:00\""), "from = \"2026-12-12\" is no time"),
            (plan("from = \"2026-12-12 22:00\"\nto = \"2026-12-12 22:00\""), "is not after"),
            (plan(&format!("{times}announce_days = 91")), "0 to 90"),
            (plan(&format!("{times}customers = [\"other\"]")), "`other` is not in [[customers]]"),
            (plan(&format!("{times}customers = [\"quiet\"]")), "nobody of `quiet` is told"),
            (plan(&format!("{times}[[maintenance]]\nname = \"m\"\nwhat = \"y\"\n{times}")), "there twice"),
        ] {
            let faults = Config::parse(Path::new("desk/madoguchi.toml"), &text, &[]).unwrap_err();
            assert!(
                faults.iter().any(|fault| fault.line >= 9 && fault.message.contains(wanted)),
                "{wanted}: {faults:?}"
            );
        }
    }
}
