//! Planned maintenance is announced in good time, and worded so that each customer sees that it concerns them: the mail names the
//! customer, the time and the services. Whoever it does not concern hears nothing.

use super::wording::date_and_time;
use crate::domain::catalog::Catalog;
use crate::domain::maintenance::Maintenance;
use crate::domain::routing::Customer;
use crate::domain::{Address, Channel, Language, Outbound, OutboundKind, Timestamp};

const DAY_MS: i64 = 86_400_000;

/// The announcements whose time has come and whose maintenance has not begun. The same ones each time: their keys are unique in the
/// store, so what was announced is announced once.
#[must_use]
pub fn announcements(catalog: &Catalog, now: Timestamp) -> Vec<Outbound> {
    let mut all = Vec::new();
    for plan in &catalog.service.maintenance {
        let from = plan.span.from.plus_ms(-i64::from(plan.announce_days) * DAY_MS);
        if now < from || now >= plan.span.from {
            continue;
        }
        let customers = catalog.service.routing.customers.iter().filter(|customer| plan.concerns(&customer.name));
        all.extend(
            customers
                .filter(|customer| !customer.notices.is_empty())
                .filter_map(|customer| announcement(catalog, plan, customer, now)),
        );
    }
    all
}

fn announcement(catalog: &Catalog, plan: &Maintenance, customer: &Customer, now: Timestamp) -> Option<Outbound> {
    let mailbox = catalog.desk.mailboxes.first()?;
    let language = customer.language.unwrap_or(catalog.desk.language);
    let zone = catalog.desk.timezone;
    let [from, to] = [plan.span.from, plan.span.to].map(|at| date_and_time(at, zone, language));
    let (from, to) = (from?, to?);
    // A time that was changed is announced anew.
    let key = format!("maintenance:{}:{}:{}:{}", plan.name, plan.span.from.0, plan.span.to.0, customer.name);
    let domain = mailbox.address.rsplit_once('@').map_or("desk.invalid", |(_, domain)| domain);
    let id: String = key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let (desk, name, what) = (&catalog.desk.name, &customer.name, plan.what.get(language));
    let (subject, text) = match language {
        Language::Ja => {
            let services = if plan.services.is_empty() {
                "すべてのサービス".to_owned()
            } else {
                plan.services.join("、")
            };
            (
                format!("【メンテナンスのお知らせ】{name} 様ご利用分 {from} から"),
                format!(
                    "{name} ご担当者様\n\n{desk}です。次のとおりメンテナンスを行います。\n\n貴社への影響: あり\n対象: {services}\n\
                     開始: {from}\n終了: {to}(予定)\n\n{what}\n\nこの間、対象のサービスはお使いになれないことがあります。\n\
                     ご不明な点や日程のご相談は、このメールにご返信ください。"
                ),
            )
        }
        Language::En => {
            let services = if plan.services.is_empty() { "all services".to_owned() } else { plan.services.join(", ") };
            (
                format!("Planned maintenance for {name}: {from}"),
                format!(
                    "To whom it may concern at {name},\n\nThis is {desk}. Maintenance is planned as follows.\n\nDoes it concern \
                     you: yes\nServices: {services}\nBegins: {from}\nEnds: {to} (planned)\n\n{what}\n\nThese services may not be \
                     available in the meantime.\nIf you have questions, or the time does not suit you, please reply to this mail."
                ),
            )
        }
    };
    Some(Outbound {
        message_id: format!("{id}@{domain}"),
        dedupe_key: key,
        ticket: None,
        channel: Channel::Email,
        source: mailbox.name.clone(),
        kind: OutboundKind::Notice,
        place: None,
        offers: Vec::new(),
        replaces: None,
        notice: None,
        to: customer.notices.iter().map(|mail| Address { name: String::new(), address: mail.clone() }).collect(),
        cc: Vec::new(),
        subject,
        text,
        language,
        in_reply_to: None,
        references: Vec::new(),
        send_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, catalog};
    use super::*;
    use crate::domain::{Bilingual, Span};

    fn planned() -> Catalog {
        let mut catalog = catalog();
        let customer = |name: &str, language: Option<Language>, notices: &[&str]| Customer {
            name: name.into(),
            addresses: vec![format!("@{name}.example")],
            notices: notices.iter().map(|mail| (*mail).to_owned()).collect(),
            language,
            ..Customer::default()
        };
        catalog.service.routing.customers = vec![
            customer("acme", None, &["it@acme.example", "boss@acme.example"]),
            customer("global", Some(Language::En), &["ops@global.example"]),
            customer("quiet", None, &[]),
        ];
        let plan = |name: &str, customers: &[&str], services: &[&str]| Maintenance {
            name: name.into(),
            span: Span { from: NOW.plus_ms(10 * DAY_MS), to: NOW.plus_ms(10 * DAY_MS + 3_600_000) },
            services: services.iter().map(|one| (*one).to_owned()).collect(),
            customers: customers.iter().map(|one| (*one).to_owned()).collect(),
            what: Bilingual { ja: "スイッチの交換です。".into(), en: "A switch is replaced.".into() },
            announce_days: 7,
        };
        catalog.service.maintenance = vec![plan("switch", &["acme"], &["web01", "mail"]), plan("power", &[], &[])];
        catalog
    }

    #[test]
    fn each_customer_it_concerns_is_told_seven_days_ahead_in_its_language() {
        let catalog = planned();
        assert_eq!(announcements(&catalog, NOW.plus_ms(3 * DAY_MS - 1)), [], "not before its time");
        let told = announcements(&catalog, NOW.plus_ms(3 * DAY_MS));
        let to: Vec<Vec<&str>> = told.iter().map(|one| one.to.iter().map(|to| to.address.as_str()).collect()).collect();
        let acme = vec!["it@acme.example", "boss@acme.example"];
        assert_eq!(to, [acme.clone(), acme, vec!["ops@global.example"]]);
        assert!(
            told[0].subject.contains("acme 様") && told[0].text.contains("対象: web01、mail\n"),
            "{}",
            told[0].text
        );
        assert!(told[0].text.contains("貴社への影響: あり") && told[0].text.contains("スイッチの交換です。"));
        assert!(told[2].subject.contains("for global") && told[2].text.contains("Services: all services\n"));
        let later = announcements(&catalog, NOW.plus_ms(9 * DAY_MS));
        assert!(told.iter().zip(&later).all(|(one, other)| one.dedupe_key == other.dedupe_key), "written once");
        assert_eq!(announcements(&catalog, NOW.plus_ms(10 * DAY_MS)), [], "nor once it has begun");
        let mut moved = catalog;
        moved.service.maintenance[0].span.to = NOW.plus_ms(11 * DAY_MS);
        let again = announcements(&moved, NOW.plus_ms(4 * DAY_MS));
        assert_ne!(again[0].dedupe_key, told[0].dedupe_key, "another time is announced");
        assert_eq!(again[1].dedupe_key, told[1].dedupe_key);
    }
}
