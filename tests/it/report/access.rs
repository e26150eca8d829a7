//! Users, tokens and the audit log, in the store and from the shell.

use madoguchi::decide::agent::{Hand, assign, set_priority};
use madoguchi::domain::password;
use madoguchi::domain::*;
use madoguchi::store::{AuditFilter, Standing};

use super::shipped;
use crate::desk::harness::{Database, Desk as Program};
use crate::desk::letter::Letter;
use crate::sla::ring;
use crate::store::{Desk, MINUTE, NOW, on_both};

on_both! {
    users_and_tokens_are_kept_by_their_hashes
    a_change_stands_in_the_audit_log_and_stays
}

async fn users_and_tokens_are_kept_by_their_hashes(desk: Desk) {
    let store = &desk.store;
    let hash = password::hash("correct horse battery", [3; 16]).unwrap();
    let user = User { name: "sato".into(), role: Role::Agent, created_at: NOW, disabled_at: None };
    assert!(store.add_user(&user, &hash).await.unwrap());
    assert!(!store.add_user(&user, "other").await.unwrap(), "a name is taken once");
    assert!(password::matches("correct horse battery", &store.password_hash("sato").await.unwrap().unwrap()));
    assert!(store.set_role("sato", Role::Lead, NOW).await.unwrap());
    assert!(!store.set_role("nobody", Role::Lead, NOW).await.unwrap());
    assert!(store.set_standing("sato", Standing::Disabled, NOW).await.unwrap());
    assert!(!store.set_standing("sato", Standing::Disabled, NOW).await.unwrap());
    assert_eq!(store.password_hash("sato").await.unwrap(), None, "who is disabled does not sign in");
    let user = User { role: Role::Lead, disabled_at: Some(NOW), ..user };
    assert_eq!(store.users().await.unwrap(), [user]);

    let digest = password::token_digest("secret");
    let kept = |expires_at| ApiToken {
        id: 0,
        name: "dashboard".into(),
        role: Role::Viewer,
        created_by: "sato".into(),
        created_at: NOW,
        expires_at,
        revoked_at: None,
    };
    let lasting = store.add_token(&kept(None), &digest).await.unwrap();
    let short = store.add_token(&kept(Some(NOW.plus_ms(MINUTE))), &password::token_digest("other")).await.unwrap();
    assert_ne!(lasting, short);
    let other = password::token_digest("other");
    assert_eq!(store.token(&other, NOW).await.unwrap().map(|token| token.id), Some(short));
    assert_eq!(store.token(&other, NOW.plus_ms(MINUTE)).await.unwrap(), None);
    assert_eq!(store.token(&digest, NOW).await.unwrap().map(|token| token.role), Some(Role::Viewer));
    assert!(store.revoke_token(lasting, NOW).await.unwrap());
    assert!(!store.revoke_token(lasting, NOW).await.unwrap());
    assert_eq!(store.token(&digest, NOW).await.unwrap(), None);
    assert_eq!(store.tokens().await.unwrap().len(), 2);
}

async fn a_change_stands_in_the_audit_log_and_stays(desk: Desk) {
    let ticket = desk.filed("a").await;
    let catalog = shipped();
    let hand = Hand { catalog: &catalog, keyring: &ring(), agent: "aoki", now: NOW };
    desk.store.apply_from(&assign(&hand, &ticket, Some("sato")).unwrap(), NOW, "cli").await.unwrap();
    // What was made from an old state is refused, and with it its entry.
    let stale = set_priority(&hand, &ticket, Priority::Low).unwrap();
    desk.store.apply_from(&stale, NOW, "cli").await.unwrap_err();
    let fresh = desk.store.ticket(ticket.id).await.unwrap().unwrap();
    desk.store.apply_from(&set_priority(&hand, &fresh, Priority::Low).unwrap(), NOW, "cli").await.unwrap();
    let filter = AuditFilter { who: Some("aoki".into()), ..AuditFilter::default() };
    let entries = desk.store.audit_entries(&filter).await.unwrap();
    let short: Vec<_> =
        entries.iter().map(|(_, one)| (one.action.as_str(), one.before.as_str(), one.after.as_str())).collect();
    assert_eq!(short, [("assignee", "nobody", "sato"), ("status", "new", "open"), ("priority", "high", "low")]);
    assert!(entries.iter().all(|(_, one)| one.origin == "cli" && one.subject == ticket.id.to_string()));
    let later = AuditFilter { since: Some(NOW.plus_ms(1)), ..AuditFilter::default() };
    assert_eq!(desk.store.audit_entries(&later).await.unwrap(), []);

    let changed = "UPDATE audit_log SET actor = 'nobody'";
    let refused = if desk.is_sqlite() {
        let pool = sqlx::SqlitePool::connect(&desk.url).await.unwrap();
        sqlx::query(changed).execute(&pool).await.map(|_| ())
    } else {
        let pool = sqlx::PgPool::connect(&desk.url).await.unwrap();
        sqlx::query(changed).execute(&pool).await.map(|_| ())
    };
    assert!(refused.unwrap_err().to_string().contains("never changed"));

    let rules = AuditEntry { at: NOW, action: "rules".into(), subject: "catalog".into(), ..AuditEntry::default() };
    for (after, wanted) in [("v1", true), ("v1", false), ("v2", true)] {
        let entry = AuditEntry { after: after.into(), ..rules.clone() };
        assert_eq!(desk.store.audit_if_changed(&entry).await.unwrap(), wanted, "{after}");
    }
    assert_eq!(desk.store.audit_entries(&AuditFilter::default()).await.unwrap().last().unwrap().1.before, "v1");
}

#[tokio::test]
async fn what_is_done_from_the_shell_is_noted() {
    let mut desk = Program::new(Database::Sqlite, "desk@example.test").await;
    desk.environment.push(("USER".to_owned(), "operator".to_owned()));
    let mail = desk.path("a.eml");
    std::fs::write(&mail, Letter::request(1).raw()).unwrap();
    desk.json(&["ingest", &mail.display().to_string()]).await;
    let id = desk.json(&["ticket", "list"]).await[0]["id"].as_str().unwrap().to_owned();
    desk.json(&["ticket", "assign", &id, "sato", "--agent", "aoki"]).await;
    let added = desk.json(&["user", "add", "sato", "--role", "lead"]).await;
    assert!(added["password"].as_str().unwrap().len() >= 20, "{added}");
    desk.json(&["user", "role", "sato", "admin"]).await;
    desk.json(&["user", "disable", "sato"]).await;
    let token = desk.json(&["token", "create", "dashboard", "--days", "30"]).await;
    let number = token["id"].to_string();
    desk.json(&["token", "revoke", &number]).await;
    assert_eq!(desk.run(&["token", "revoke", &number]).await.status.code(), Some(1));
    assert_eq!(desk.run(&["user", "role", "nobody", "lead"]).await.status.code(), Some(1));
    let entries = desk.json(&["audit", "list"]).await;
    let short: Vec<String> = entries
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["from"] == "cli")
        .map(|entry| {
            let part = |name: &str| entry[name].as_str().unwrap().to_owned();
            [part("who"), part("action"), part("before"), part("after")].join(" ")
        })
        .collect();
    assert_eq!(
        short,
        [
            "aoki assignee nobody sato",
            "aoki status new open",
            "operator user.add  lead",
            "operator user.role lead admin",
            "operator user.standing enabled disabled",
            "operator token.create  viewer",
            "operator token.revoke in use revoked",
        ]
    );
    let secret = token["token"].as_str().unwrap();
    let file = std::fs::read(desk.path("data/madoguchi.db")).unwrap();
    assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()), "a token is not kept");
    assert_eq!(desk.json(&["audit", "list", "--who", "aoki"]).await.as_array().unwrap().len(), 2);
    let report = desk.json(&["report", "--period", "2026"]).await;
    assert_eq!(report["period"], "2026");
    assert_eq!(desk.run(&["report", "--period", "2026-13"]).await.status.code(), Some(2));
    for (format, word) in [("text", "サービスレベル"), ("csv", "section,row,figure"), ("html", "<!DOCTYPE html>")]
    {
        let said = desk.run(&["report", "--period", "2026", "--format", format]).await;
        assert!(String::from_utf8_lossy(&said.stdout).contains(word), "{format}");
    }
}
