//! What arrives in a real Dovecot mailbox is read once.

use std::time::Instant;

use madoguchi::connectors::email::imap::{MailState, Receiver};
use madoguchi::connectors::email::settings::{After, Backfill};

use super::{NOW, Reader};
use crate::support::dovecot::{dovecot, mail};

#[tokio::test]
async fn a_thousand_mails_are_read_once_and_in_order() {
    let user = dovecot().user("thousand");
    user.deliver_many(0, 1_000);
    let mut reader = Reader::new(user.settings(dovecot().imap));
    reader.until(1_000).await;
    assert_eq!(reader.repeats, 0);
    assert!(reader.errors.is_empty(), "{:#?}", reader.errors);
    assert_eq!(reader.state.contiguous_done, 1_000);
    assert!(reader.state.done_above.is_empty());
    reader.finds_nothing_more().await;
    assert!(user.flags().iter().all(|flags| !flags.contains('S')), "reading marks nothing");
    let first = &reader.ledger[&format!("support/INBOX/{}/1", reader.state.uid_validity.unwrap())];
    assert_eq!(first.raw, mail("mail 0", "hello").into_bytes());
    assert_eq!((first.conversation.as_str(), first.full_size_bytes), ("mail-0@example.com", None));
}

#[tokio::test]
async fn a_new_uid_validity_reads_everything_again_under_new_keys() {
    let user = dovecot().user("validity");
    user.deliver_many(0, 50);
    let mut reader = Reader::new(user.settings(dovecot().imap));
    reader.until(50).await;
    let before = reader.state.uid_validity;
    reader.receiver.close().await;
    user.bump_uid_validity();
    user.deliver_many(50, 1);
    let mut rescan = Reader::resume(user.settings(dovecot().imap), reader.state.clone());
    let fetched = rescan.step().await.unwrap();
    assert!(fetched.rescan);
    rescan.until(51).await;
    assert_ne!(rescan.state.uid_validity, before);
    assert_eq!(rescan.state.contiguous_done, 51);
    assert!(rescan.ledger.keys().all(|key| !reader.ledger.contains_key(key)));
}

#[tokio::test]
async fn gaps_and_an_empty_tail_bring_nothing_twice() {
    let user = dovecot().user("gaps");
    user.deliver_many(0, 9);
    let mut reader = Reader::new(user.settings(dovecot().imap));
    reader.until(9).await;
    for gone in ["mail 2\r", "mail 5\r", "mail 8\r"] {
        assert_eq!(user.remove(gone), 1);
    }
    user.deliver_many(9, 2);
    reader.until(11).await;
    // The highest UID is gone, so `n:*` names an old mail.
    user.remove("mail 10\r");
    reader.receiver.close().await;
    let mut later = Reader::resume(user.settings(dovecot().imap), reader.state.clone());
    later.finds_nothing_more().await;
    assert_eq!((reader.repeats, later.state.contiguous_done), (0, 11));
}

#[tokio::test]
async fn a_mail_not_stored_is_handed_out_again_and_only_that() {
    let user = dovecot().user("crash");
    user.deliver_many(0, 9);
    let mut state = MailState::default();
    let mut receiver = Receiver::new("support", user.settings(dovecot().imap));
    let all = receiver.next(&state, NOW).await.unwrap();
    // A worker died with UID 5 while 6 to 9 were stored.
    state.uid_validity = Some(all.uid_validity);
    state.contiguous_done = 4;
    state.done_above = (6..=9).collect();
    for mut receiver in [receiver, Receiver::new("support", user.settings(dovecot().imap))] {
        let again = receiver.next(&state, NOW).await.unwrap();
        assert_eq!(again.messages.iter().map(|(uid, _)| *uid).collect::<Vec<_>>(), [5]);
        assert_eq!(state.after(&again, NOW).contiguous_done, 9);
    }
    // UID 7 is gone for good: it does not hold the mark back.
    user.remove("mail 6\r");
    state.done_above = [5, 6, 8, 9].into();
    let mut reader = Reader::resume(user.settings(dovecot().imap), state);
    reader.finds_nothing_more().await;
    assert_eq!((reader.state.contiguous_done, reader.state.done_above.len()), (9, 0));
}

#[tokio::test]
async fn a_mail_a_person_read_first_is_still_taken_in() {
    let user = dovecot().user("human");
    user.deliver_many(0, 3);
    user.read_by_a_person();
    let mut reader = Reader::new(user.settings(dovecot().imap));
    reader.until(3).await;
}

#[tokio::test]
async fn idle_wakes_when_a_mail_arrives() {
    let user = dovecot().user("idle");
    let mut settings = user.settings(dovecot().imap);
    settings.poll_s = 30;
    let mut receiver = Receiver::new("support", settings);
    let mut state = MailState::default();
    let first = receiver.next(&state, NOW).await.unwrap();
    assert!(first.messages.is_empty(), "the first look does not wait");
    state = state.after(&first, NOW);
    let started = Instant::now();
    let (fetched, ()) = tokio::join!(receiver.next(&state, NOW), async {
        // Whenever it comes, before or during IDLE, it must not wait for the next poll.
        tokio::task::yield_now().await;
        user.deliver_many(0, 1);
    });
    assert_eq!(fetched.unwrap().messages.len(), 1);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_long_mail_is_taken_in_by_its_beginning() {
    let user = dovecot().user("long");
    user.deliver_many(0, 1);
    let long = mail("long", &"0123456789abcde\r\n".repeat(200_000));
    user.deliver(long.as_bytes());
    user.deliver_many(1, 1);
    let mut settings = user.settings(dovecot().imap);
    (settings.max_bytes, settings.excerpt_bytes) = (1 << 20, 10_000);
    let mut reader = Reader::new(settings);
    reader.until(3).await;
    let cut = reader.ledger.values().find(|received| received.full_size_bytes.is_some()).unwrap();
    assert_eq!(cut.raw, long.as_bytes()[..10_000]);
    assert_eq!(cut.full_size_bytes, i64::try_from(long.len()).ok());
    assert_eq!(reader.subjects(), ["long", "mail 0", "mail 1"]);
    assert_eq!(user.count(), 3);
}

#[tokio::test]
async fn batches_keep_to_their_size() {
    let user = dovecot().user("batch");
    for number in 0..10 {
        user.deliver(mail(&format!("mail {number}"), &"x".repeat(40_000)).as_bytes());
    }
    let mut settings = user.settings(dovecot().imap);
    settings.batch_bytes = 100_000;
    let mut reader = Reader::new(settings);
    let fetched = reader.step().await.unwrap();
    assert_eq!((fetched.messages.len(), fetched.horizon), (2, 2));
    reader.until(10).await;
    assert_eq!(reader.repeats, 0);
}

#[tokio::test]
async fn the_first_look_begins_where_the_settings_say() {
    let user = dovecot().user("backfill");
    user.deliver_many(0, 3);
    let mut settings = user.settings(dovecot().imap);
    settings.backfill = Backfill::New;
    let mut reader = Reader::new(settings.clone());
    assert!(reader.step().await.unwrap().messages.is_empty());
    assert_eq!(reader.state.contiguous_done, 3);
    // A mail that comes while the program is down is new all the same.
    user.deliver_many(3, 1);
    let mut later = Reader::resume(settings.clone(), reader.state.clone());
    later.until(1).await;
    assert_eq!(later.subjects(), ["mail 3"]);
    for (day, found) in [("2020-01-01", 4), ("2099-01-01", 0)] {
        settings.backfill = Backfill::Since(day.parse().unwrap());
        let mut since = Reader::new(settings.clone());
        since.step().await.unwrap();
        since.step().await.unwrap();
        assert_eq!(since.ledger.len(), found, "{day}");
    }
}

#[tokio::test]
async fn old_mail_is_stale_and_new_mail_is_not() {
    let user = dovecot().user("stale");
    user.deliver_many(0, 1);
    let mut receiver = Receiver::new("support", user.settings(dovecot().imap));
    let arrived_at = receiver.next(&MailState::default(), NOW).await.unwrap().messages[0].1.arrived_at;
    for (hours, stale) in [(71, false), (73, true)] {
        let now = arrived_at.plus_ms(hours * 3_600_000);
        let fetched = receiver.next(&MailState::default(), now).await.unwrap();
        assert_eq!(fetched.messages[0].1.stale, stale, "{hours}");
    }
}

#[tokio::test]
async fn stored_mail_is_kept_marked_or_moved_as_the_settings_say() {
    for (after, seen, left, moved) in
        [(After::Keep, 0, 3, 0), (After::Seen, 2, 3, 0), (After::Move("処理済み".to_owned()), 0, 1, 2)]
    {
        let user = dovecot().user("after");
        user.deliver_many(0, 3);
        let mut settings = user.settings(dovecot().imap);
        settings.after = after;
        let mut reader = Reader::new(settings);
        reader.until(3).await;
        let uid_validity = reader.state.uid_validity.unwrap();
        reader.receiver.acknowledge(uid_validity + 1, &[1, 2, 3]).await.unwrap();
        assert_eq!(user.count(), 3, "another UIDVALIDITY touches nothing");
        reader.receiver.acknowledge(uid_validity, &[1, 3]).await.unwrap();
        reader.receiver.close().await;
        assert_eq!(user.flags().iter().filter(|flags| flags.contains('S')).count(), seen);
        assert_eq!(user.count(), left);
        assert_eq!(user.count_in("&UeZ0Bm4IMH8-"), moved);
    }
}

#[tokio::test]
async fn the_inventory_lists_what_the_server_holds() {
    let user = dovecot().user("inventory");
    user.deliver_many(0, 4);
    let mut receiver = Receiver::new("support", user.settings(dovecot().imap));
    let inventory = receiver.inventory().await.unwrap();
    assert_eq!(inventory.uids.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
}
