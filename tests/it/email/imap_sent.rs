//! Copies of sent mail, in a real Dovecot and against connections that break.

use madoguchi::connectors::email::imap::{Copied, ReceiveError, SentFolder};
use madoguchi::connectors::email::settings::Auth;

use super::NOW;
use crate::support::dovecot::{dovecot, mail};
use crate::support::fault_proxy::{Fault, FaultProxy, Way};

#[tokio::test]
async fn a_copy_is_stored_once_and_read() {
    let user = dovecot().user("sent");
    let mut folder = SentFolder::new("support", user.settings(dovecot().imap), "送信済み");
    let raw = mail("reply one", "こんにちは\r\n.\r\nend");
    for wanted in [Copied::Stored, Copied::There] {
        assert_eq!(folder.put("reply-one@example.com", raw.as_bytes(), NOW).await.unwrap(), wanted);
    }
    assert_eq!(
        folder.put("reply-two@example.com", mail("reply two", "x").as_bytes(), NOW).await.unwrap(),
        Copied::Stored
    );
    folder.close().await;
    let mut other = SentFolder::new("support", user.settings(dovecot().imap), "送信済み");
    assert_eq!(other.put("reply-two@example.com", b"", NOW).await.unwrap(), Copied::There);
    assert_eq!(user.count_in("&kAFP4W4IMH8-"), 2);
    let copies = user.mails_in("&kAFP4W4IMH8-");
    assert!(copies.iter().any(|(_, copy)| *copy == raw), "{copies:?}");
    assert!(copies.iter().all(|(name, _)| name.ends_with('S')), "{copies:?}");
    assert_eq!(user.count(), 0);
}

#[tokio::test]
async fn a_connection_cut_after_the_mail_leads_to_no_second_copy() {
    for text in ["end of the mail", "SEARCH HEADER"] {
        let user = dovecot().user("cut");
        let proxy = FaultProxy::start(dovecot().imap).await;
        proxy.once(Way::ToServer, text, Fault::Close);
        let mut folder = SentFolder::new("support", user.settings(proxy.port), "Sent");
        let raw = mail("reply", "end of the mail");
        let broken = folder.put("reply@example.com", raw.as_bytes(), NOW).await;
        assert!(matches!(broken, Err(ReceiveError::Transient { .. })), "{broken:?}");
        assert!(folder.rests_for().is_some());
        folder.put("reply@example.com", raw.as_bytes(), NOW).await.unwrap();
        assert_eq!(folder.put("reply@example.com", raw.as_bytes(), NOW).await.unwrap(), Copied::There);
        assert_eq!((proxy.fired(), user.count_in("Sent")), (1, 1), "{text}");
    }
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_soon() {
    let user = dovecot().user("sent");
    let mut settings = user.settings(dovecot().imap);
    settings.auth = Auth::Password("wrong".to_owned().into());
    settings.login_spacing_s = 60;
    let mut folder = SentFolder::new("support", settings, "Sent");
    let refused = folder.put("x@y", b"Subject: x\r\n\r\n", NOW).await;
    assert!(
        matches!(&refused, Err(ReceiveError::NeedsOperator { reason, .. }) if reason.contains("password")),
        "{refused:?}"
    );
    assert!(folder.rests_for().unwrap().as_secs() > 50);
}
