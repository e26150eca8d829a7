//! What is dealt with beside all tickets: lists, settings, linking codes.

use std::collections::BTreeMap;

use minijinja::Value;

use super::super::chat::{Aside, Typed};
use super::super::clocks;
use super::super::letter::{Told, shown_subject, status_words};
use super::super::person;
use super::super::recipient::recipient;
use super::super::silence::silence;
use super::super::wording::{ChatTemplate, Values};
use super::{Sheet, acted};
use crate::domain::reply_token::code_digest;
use crate::domain::{Act, Changes, Fate, Language, OutboundKind, PersonChange, Step, Ticket};

const CODE_MS: i64 = 10 * 60_000;

pub(super) fn plan(mut sheet: Sheet<'_>, aside: &Aside<'_>) -> Changes {
    let language = person::language(sheet.message, sheet.context.known);
    match aside {
        Aside::Triage { .. } | Aside::Nothing { .. } => {}
        Aside::Courtesy => sheet.keep_message(None),
        Aside::Forgets { inbox_id } => acted::forget(&mut sheet, *inbox_id),
        Aside::StatusList { tickets } => {
            sheet.keep_message(None);
            let entries: Vec<Value> = tickets.iter().map(|ticket| entry(&sheet, ticket, language)).collect();
            tell(&mut sheet, ChatTemplate::StatusList, language, Values::from([("tickets", Value::from(entries))]));
        }
        Aside::Language(wanted) => {
            meet(&mut sheet);
            let address = sheet.message.from.address.to_lowercase();
            sheet.changes.people.push(PersonChange::Speaks { address, language: *wanted });
            let follows = wanted.is_none().then(|| ("follows", Value::from(true)));
            let language = wanted.unwrap_or(sheet.message.language);
            tell(&mut sheet, ChatTemplate::Language, language, follows.into_iter().collect());
        }
        Aside::CodeWanted => code(&mut sheet, language),
        Aside::CodeInPublic => tell(&mut sheet, ChatTemplate::CodeInPublic, language, Values::new()),
        Aside::CodeTyped(typed) => self::typed(&mut sheet, typed, language),
    }
    sheet.settle(Fate::Ignored, aside.reason().as_str(), None, None)
}

/// The sender has a number from now on.
fn meet(sheet: &mut Sheet<'_>) {
    let learnt = person::learnt(sheet.message, sheet.context.known);
    sheet.changes.people.extend(learnt);
}

fn code(sheet: &mut Sheet<'_>, language: Language) {
    meet(sheet);
    let code = sheet.post.keyring.link_code(sheet.message.inbox_id);
    sheet.changes.people.push(PersonChange::Code {
        address: sheet.message.from.address.to_lowercase(),
        code: code_digest(&code),
        expires_at: sheet.post.now.plus_ms(CODE_MS),
    });
    tell(sheet, ChatTemplate::Code, language, Values::from([("code", Value::from(code))]));
}

fn typed(sheet: &mut Sheet<'_>, typed: &Typed<'_>, language: Language) {
    let address = sheet.message.from.address.to_lowercase();
    let tried = PersonChange::Tried { address: address.clone(), nth: sheet.context.known.link.tries.saturating_add(1) };
    let (template, values) = match typed {
        Typed::Right { owner } => {
            meet(sheet);
            sheet.changes.people.push(tried);
            if let Some(Act::Links { code: Some(code) }) = &sheet.message.act {
                sheet.changes.people.push(PersonChange::Used { code: code_digest(code) });
            }
            let (inbox_id, proof) = (sheet.message.inbox_id, "code".to_owned());
            let addresses = vec![address, (*owner).to_owned()];
            sheet.changes.people.push(PersonChange::Same { inbox_id, addresses, proof });
            (ChatTemplate::Linked, Values::new())
        }
        Typed::Own => (ChatTemplate::Linked, Values::new()),
        Typed::Wrong => {
            sheet.changes.people.push(tried);
            (ChatTemplate::NotLinked, Values::new())
        }
        Typed::TooOften => (ChatTemplate::NotLinked, Values::from([("too_often", Value::from(true))])),
    };
    tell(sheet, template, language, values);
}

fn tell(sheet: &mut Sheet<'_>, chat: ChatTemplate, language: Language, values: Values) {
    let silent = silence(sheet.message, sheet.context, None);
    let to = recipient(sheet.message, &sheet.context.catalog.desk).map_err(str::to_owned);
    let told = Told { kind: OutboundKind::StatusReport, chat, language, values };
    let written = match silent {
        Some(why) => Err(why),
        None => to.and_then(|to| sheet.post.tell(sheet.message, &to, told).map_err(|fault| fault.in_full())),
    };
    match written {
        Ok(outbound) => sheet.changes.outbound.push(outbound),
        Err(because) => {
            sheet.decided.trace.push(Step { check: "reply.refused".to_owned(), decided: false, because });
        }
    }
}

/// A ticket in the list: number, subject, status, and by when while people work on it.
fn entry(sheet: &Sheet<'_>, ticket: &Ticket, language: Language) -> Value {
    let running = !clocks::is_standing(ticket.status);
    // Worded for the reader, whatever language the ticket is in.
    let worded = Ticket { language, ..ticket.clone() };
    let expected = running.then(|| sheet.post.expected(&worded)).flatten().unwrap_or(Value::from(()));
    Value::from(BTreeMap::from([
        ("ticket", Value::from(ticket.id.to_string())),
        ("subject", Value::from(shown_subject(&worded))),
        ("status", Value::from(status_words(ticket.status, language))),
        ("expected", expected),
    ]))
}
