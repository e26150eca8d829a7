//! Mails that carry an id of the server's own are known by it, wherever they are.

use super::Reader;
use super::imap_evil::settings;
use crate::support::evil_imap::{EvilImap, MAIL, Mode};

#[tokio::test]
async fn a_mail_is_known_by_the_id_the_server_gives_it() {
    for (capability, id) in
        [("OBJECTID", "EMAILID:M6d952b5c6f82bfd8"), ("X-GM-EXT-1", "X-GM-MSGID:1278455344230334865")]
    {
        let server = EvilImap::start(Mode::Nothing, 0).await;
        server.can(capability);
        let mut reader = Reader::new(settings(server.port));
        reader.until(1).await;
        let first = reader.ledger.keys().next().unwrap().clone();
        assert_eq!(first, format!("support/{id}/{}", MAIL.len()));
        // The folder is numbered anew: the same mail is the same row.
        reader.receiver.close().await;
        server.renumber(9);
        let mut again = Reader::resume(settings(server.port), reader.state.clone());
        again.until(1).await;
        assert_eq!((again.ledger.keys().next(), again.state.uid_validity), (Some(&first), Some(9)));
    }
}

#[tokio::test]
async fn a_server_without_ids_or_that_refuses_them_gives_its_numbers() {
    for capability in ["", "OBJECTID REFUSES"] {
        let server = EvilImap::start(Mode::Nothing, 0).await;
        server.can(capability);
        let mut reader = Reader::new(settings(server.port));
        reader.until(1).await;
        assert_eq!(reader.ledger.keys().next().unwrap(), "support/INBOX/1/1", "{capability}");
        assert_eq!(reader.ledger.values().next().unwrap().full_size_bytes, None);
        assert!(reader.errors.is_empty(), "{:?}", reader.errors);
    }
}
