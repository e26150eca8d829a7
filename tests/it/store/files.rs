use madoguchi::domain::*;
use madoguchi::store::{Scanned, SentCopy, StoreError};
use sha2::{Digest, Sha256};

use super::{Desk, MINUTE, NOW, on_both, opening, received};

on_both! {
    a_file_is_kept_by_its_sum
    a_file_goes_with_the_last_message_that_names_it
    files_nobody_names_are_swept
    bytes_that_are_a_message_and_a_file_stay_while_one_of_them_does
    unscanned_files_come_again_with_growing_pauses
    racing_processes_claim_an_unscanned_file_once
    what_the_scanner_says_is_noted_once
    a_copy_of_delivered_mail_is_asked_for_until_it_is_done
}

fn sum(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A ticket whose message has these files.
async fn filed_with(desk: &Desk, name: &str, files: &[(&str, Scan)]) -> (InboxId, TicketId) {
    desk.store.accept(&[received(name, name)], NOW).await.unwrap();
    let item = desk.claim("filer", NOW, 1).await.remove(0);
    let mut changes = opening(&item);
    let template = changes.message.as_ref().unwrap().attachments[0].clone();
    let attachment = |(n, (sha256, scan)): (usize, &(&str, Scan))| Attachment {
        name: format!("file{n}.txt"),
        sha256: (*sha256).to_owned(),
        scan: *scan,
        warnings: vec!["not scanned: clamd cannot be reached".to_owned()],
        ..template.clone()
    };
    changes.message.as_mut().unwrap().attachments = files.iter().enumerate().map(attachment).collect();
    desk.store.settle("filer", &[changes], NOW).await.unwrap();
    (item.id, item.id.into())
}

async fn a_file_is_kept_by_its_sum(desk: Desk) {
    let store = &desk.store;
    for bytes in [Vec::new(), b"small\0".to_vec(), vec![9; 2_500_000]] {
        let name = sum(&bytes);
        assert_eq!(store.file(&name).await.unwrap(), None);
        store.put_file(&name, &bytes, NOW).await.unwrap();
        store.put_file(&name, &bytes, NOW).await.unwrap();
        assert_eq!(store.file(&name).await.unwrap().unwrap(), bytes);
    }
    let wrong = store.put_file(&sum(b"a"), b"b", NOW).await;
    assert!(matches!(wrong, Err(StoreError::Conflict { .. })), "{wrong:?}");
    assert_eq!(store.file(&sum(b"a")).await.unwrap(), None);
}

async fn a_file_goes_with_the_last_message_that_names_it(desk: Desk) {
    let (store, name) = (&desk.store, sum(b"shared"));
    store.put_file(&name, b"shared", NOW).await.unwrap();
    let (one, _) = filed_with(&desk, "one", &[(&name, Scan::Clean)]).await;
    let (two, _) = filed_with(&desk, "two", &[(&name, Scan::Clean)]).await;
    store.forget(&[one], NOW).await.unwrap();
    assert!(store.file(&name).await.unwrap().is_some());
    store.forget(&[two], NOW).await.unwrap();
    assert_eq!(store.file(&name).await.unwrap(), None);
    assert!(!desk.dir.path().join("raw").join(&name[..2]).join(&name).exists());
}

async fn files_nobody_names_are_swept(desk: Desk) {
    let store = &desk.store;
    let names = [sum(b"named"), sum(b"old"), sum(b"new")];
    store.put_file(&names[0], b"named", NOW).await.unwrap();
    store.put_file(&names[1], b"old", NOW).await.unwrap();
    store.put_file(&names[2], b"new", NOW.plus_ms(MINUTE)).await.unwrap();
    filed_with(&desk, "one", &[(&names[0], Scan::Clean)]).await;
    assert_eq!(store.sweep_files(NOW.plus_ms(1)).await.unwrap(), 1);
    let mut kept = Vec::new();
    for name in &names {
        kept.push(store.file(name).await.unwrap().is_some());
    }
    assert_eq!(kept, [true, false, true]);
}

async fn bytes_that_are_a_message_and_a_file_stay_while_one_of_them_does(desk: Desk) {
    let (store, large) = (&desk.store, vec![b'a'; 400_000]);
    let name = sum(&large);
    let message = Received { raw: large.clone(), ..received("large", "large") };
    let id = store.accept(&[message], NOW).await.unwrap().rows[0].unwrap();
    store.put_file(&name, &large, NOW).await.unwrap();
    store.forget(&[id], NOW).await.unwrap();
    assert_eq!(store.file(&name).await.unwrap().unwrap(), large);
    assert_eq!(store.sweep_files(NOW.plus_ms(1)).await.unwrap(), 1);
    assert_eq!(store.file(&name).await.unwrap(), None);
}

async fn unscanned_files_come_again_with_growing_pauses(desk: Desk) {
    let store = &desk.store;
    let states = [("a", Scan::Unscanned), ("b", Scan::Clean), ("c", Scan::Unscanned)];
    let (id, _) = filed_with(&desk, "one", &states).await;
    assert_eq!(store.unscanned(NOW).await.unwrap(), (2, 2));
    let mut at = NOW;
    let mut pauses = Vec::new();
    for attempt in 1..=10 {
        let claimed = store.claim_unscanned(at, 5).await.unwrap();
        assert_eq!((claimed.len(), claimed[0].inbox_id), (1, id));
        let files: Vec<_> = claimed[0].files.iter().map(|file| (file.n, file.sha256.as_str(), file.attempt)).collect();
        assert_eq!(files, [(0, "a", attempt), (2, "c", attempt)]);
        let began = at;
        while store.unscanned(at).await.unwrap().1 == 0 {
            at = at.plus_ms(5 * MINUTE);
        }
        pauses.push((at.0 - began.0) / MINUTE);
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 640, 640]);
}

async fn racing_processes_claim_an_unscanned_file_once(desk: Desk) {
    for name in ["one", "two", "three"] {
        filed_with(&desk, name, &[("a", Scan::Unscanned)]).await;
    }
    let mut processes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let store = desk.store.clone();
        processes.spawn(async move { store.claim_unscanned(NOW, 10).await.unwrap() });
    }
    let claimed: Vec<InboxId> = processes.join_all().await.concat().iter().map(|message| message.inbox_id).collect();
    assert_eq!(claimed.len(), 3, "{claimed:?}");
}

async fn what_the_scanner_says_is_noted_once(desk: Desk) {
    let store = &desk.store;
    let states = [("a", Scan::Unscanned), ("b", Scan::Unscanned), ("c", Scan::Unscanned)];
    let (id, ticket) = filed_with(&desk, "one", &states).await;
    let before = store.ticket_events(ticket).await.unwrap().len();
    let said = |n, scan, note: &str| Scanned { n, scan, warnings: vec![note.to_owned()], note: note.to_owned() };
    let results = [
        said(0, Scan::Clean, "file0.txt: clean"),
        said(1, Scan::Infected, "file1.txt: virus found"),
        said(2, Scan::Unscanned, "not scanned: too large"),
    ];
    assert_eq!(store.scanned(id, &results, NOW).await.unwrap(), 2);
    assert_eq!(store.scanned(id, &results, NOW).await.unwrap(), 0);
    let events = store.ticket_events(ticket).await.unwrap();
    let notes: Vec<&str> = events[before..].iter().map(|event| event.detail.as_str()).collect();
    assert_eq!(notes, ["file0.txt: clean", "file1.txt: virus found"]);
    assert!(events[before..].iter().all(|event| event.kind == EventKind::Note && event.actor == "rule"));
    let messages = store.ticket_messages(ticket).await.unwrap();
    let madoguchi::store::TicketMessage::In(stored) = &messages[0] else { panic!("{messages:?}") };
    let files: Vec<_> = stored.attachments.iter().map(|file| (file.scan, file.warnings[0].as_str())).collect();
    assert_eq!(
        files,
        [
            (Scan::Clean, "file0.txt: clean"),
            (Scan::Infected, "file1.txt: virus found"),
            (Scan::Unscanned, "not scanned: too large")
        ]
    );
    assert_eq!(store.unscanned(NOW).await.unwrap().0, 1);
}

async fn a_copy_of_delivered_mail_is_asked_for_until_it_is_done(desk: Desk) {
    let ticket = desk.filed("a").await;
    let store = &desk.store;
    let senders = [madoguchi::store::Sending { channel: Channel::Email, source: "support".into() }];
    let item = store.claim_outbox("s", [NOW, NOW.plus_ms(MINUTE)], 5, &senders).await.unwrap().remove(0);
    assert!(store.delivered_to_be_copied("thief", item.id, NOW).await.is_err());
    assert_eq!(store.claim_sent_copies("support", NOW, 5).await.unwrap(), []);
    store.delivered_to_be_copied("s", item.id, NOW).await.unwrap();
    assert_eq!(store.claim_sent_copies("billing", NOW, 5).await.unwrap(), []);
    let copy = |attempt| SentCopy { id: item.id, outbound: item.outbound.clone(), attempt };
    assert_eq!(store.claim_sent_copies("support", NOW, 5).await.unwrap(), [copy(1)]);
    assert_eq!(store.claim_sent_copies("support", NOW.plus_ms(MINUTE - 1), 5).await.unwrap(), []);
    assert_eq!(store.claim_sent_copies("support", NOW.plus_ms(MINUTE), 5).await.unwrap(), [copy(2)]);
    store.sent_copies_done(&[item.id]).await.unwrap();
    assert_eq!(store.claim_sent_copies("support", NOW.plus_ms(600 * MINUTE), 5).await.unwrap(), []);
    assert_eq!(item.outbound.ticket, Some(ticket.id));
}
