//! Servers that answer wrongly: the process lives, nothing is lost, nobody is hammered.

use super::Reader;
use crate::support::evil_imap::{EvilImap, MAIL, Mode};
use madoguchi::connectors::email::settings::{Auth, ImapSettings, TlsMode};

pub fn settings(port: u16) -> ImapSettings {
    let mut settings = ImapSettings::new("127.0.0.1", "user", Auth::Password("pw".to_owned().into()));
    settings.port = port;
    settings.tls = TlsMode::None;
    (settings.poll_s, settings.timeout_s, settings.retry_base_ms, settings.login_spacing_s) = (1, 1, 10, 1);
    settings
}

/// A server that is evil for a while: the mail comes in the end, whole.
#[tokio::test]
async fn a_passing_illness_loses_no_mail() {
    for mode in [
        Mode::No,
        Mode::Bad,
        Mode::Bye,
        Mode::Cut,
        Mode::Nil,
        Mode::Nothing,
        Mode::Deep,
        Mode::HugeLiteral,
        Mode::HugeNumber,
        Mode::Short,
        Mode::Endless,
        Mode::NoLine,
        Mode::BareLf,
        Mode::WrongUid,
        Mode::NoDate,
        Mode::Silent,
    ] {
        let server = EvilImap::start(mode, 2).await;
        let mut reader = Reader::new(settings(server.port));
        reader.until(1).await;
        let received = reader.ledger.values().next().unwrap();
        assert_eq!(String::from_utf8_lossy(&received.raw), MAIL, "{mode:?}");
        assert!(reader.unreadable.is_empty(), "{mode:?}");
        assert_eq!((reader.state.contiguous_done, reader.ledger.len()), (1, 1), "{mode:?}");
    }
}

/// What is odd but can be understood is read at once.
#[tokio::test]
async fn oddities_are_tolerated() {
    for mode in [Mode::Twice, Mode::Unknown, Mode::UnknownAttribute, Mode::Latin, Mode::Vanished] {
        let server = EvilImap::start(mode, usize::MAX).await;
        let mut reader = Reader::new(settings(server.port));
        reader.until(1).await;
        assert_eq!(String::from_utf8_lossy(&reader.ledger.values().next().unwrap().raw), MAIL, "{mode:?}");
        assert!(reader.errors.is_empty(), "{mode:?}: {:?}", reader.errors);
        assert_eq!(server.logins(), 1, "{mode:?}");
    }
}

/// A mail that breaks every answer is filed without its text after a few tries, and told.
#[tokio::test]
async fn a_mail_that_can_never_be_read_is_filed_as_unreadable() {
    for mode in
        [Mode::No, Mode::Bad, Mode::Nil, Mode::Nothing, Mode::Deep, Mode::HugeLiteral, Mode::NoDate, Mode::BareLf]
    {
        let server = EvilImap::start(mode, usize::MAX).await;
        let mut reader = Reader::new(settings(server.port));
        reader.until(1).await;
        let received = reader.ledger.values().next().unwrap();
        assert!(received.raw.is_empty(), "{mode:?}");
        assert_eq!(received.conversation, received.external_id);
        assert_eq!((reader.unreadable.len(), reader.state.contiguous_done), (1, 1), "{mode:?}");
        assert!((3..=30).contains(&server.fetches()), "{mode:?}: {} fetches", server.fetches());
        assert!(server.logins() <= 10, "{mode:?}: {} logins", server.logins());
    }
}

/// A server that ends each connection is not a mail that cannot be read: it is tried on, ever more slowly.
#[tokio::test]
async fn a_server_that_always_hangs_up_gives_up_no_mail() {
    for mode in [Mode::Bye, Mode::Cut] {
        let server = EvilImap::start(mode, 6).await;
        let mut reader = Reader::new(settings(server.port));
        for _ in 0..6 {
            assert!(reader.step().await.is_none(), "{mode:?}");
        }
        assert_eq!(server.logins(), 6);
        reader.until(1).await;
        assert!(reader.unreadable.is_empty());
    }
}
