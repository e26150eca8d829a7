//! The virus scanner.

use madoguchi::connectors::email::clamd::{Verdict, scan};
use madoguchi::connectors::email::probe::{Probe, probe_clamd};
use madoguchi::connectors::email::settings::{ClamdAddress, ClamdSettings};

use crate::support::clamd::{STREAM_LIMIT_BYTES, clamd, eicar};
use crate::support::server::free_port;

fn tcp() -> ClamdSettings {
    ClamdSettings::new(ClamdAddress::Tcp(format!("127.0.0.1:{}", clamd().port)))
}

#[tokio::test]
async fn files_are_judged_over_both_kinds_of_socket() {
    for settings in [tcp(), ClamdSettings::new(ClamdAddress::Unix(clamd().socket.clone()))] {
        assert_eq!(scan(&settings, b"a harmless text").await, Verdict::Clean);
        assert_eq!(scan(&settings, b"").await, Verdict::Clean);
        assert!(matches!(scan(&settings, &eicar()).await, Verdict::Infected(name) if name.starts_with("Eicar")));
        assert!(matches!(probe_clamd(&settings).await, Probe::Works(_)));
    }
}

#[tokio::test]
async fn what_cannot_be_scanned_is_not_called_clean() {
    let long = vec![b'x'; STREAM_LIMIT_BYTES * 4];
    let refused = scan(&tcp(), &long).await;
    assert!(matches!(&refused, Verdict::Unscanned(why) if why.contains("limit")), "{refused:?}");
    let small = ClamdSettings { max_bytes: 10, ..tcp() };
    assert!(matches!(scan(&small, &long).await, Verdict::Unscanned(_)));
    let down = ClamdSettings::new(ClamdAddress::Tcp(format!("127.0.0.1:{}", free_port())));
    assert!(matches!(scan(&down, b"x").await, Verdict::Unscanned(_)));
    assert!(matches!(probe_clamd(&down).await, Probe::Fails(text) if text.contains("clamav-daemon")));
}

#[tokio::test]
async fn a_scanner_that_dies_or_hangs_in_a_scan_leaves_the_file_unscanned() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let settings = ClamdSettings { timeout_s: 1, ..ClamdSettings::new(ClamdAddress::Tcp(address)) };
    let (dead, ()) = tokio::join!(scan(&settings, b"x"), async { drop(listener.accept().await) });
    assert!(matches!(dead, Verdict::Unscanned(_)), "{dead:?}");
    // Nobody accepts the second connection: the kernel takes it and nothing answers.
    let hung = scan(&settings, b"x").await;
    assert!(matches!(&hung, Verdict::Unscanned(why) if why.contains("within 1 s")), "{hung:?}");
}
