//! Files that come in while the virus scanner is down: held back, scanned when it is back, and then let out or not.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base64::Engine as _;
use madoguchi::clock::Clock;
use madoguchi::connectors::email::settings::{ClamdAddress, ClamdSettings};
use madoguchi::store::Store;
use madoguchi::telemetry::Metrics;
use madoguchi::workers::rescan::Rescanner;

use super::harness::{Database, Desk, write};
use super::on_both;
use crate::support::clamd::{Clamd, eicar};
use crate::support::server::free_port;

on_both! {
    files_are_held_back_until_the_scanner_has_seen_them
}

const TEXT: &[u8] = b"a plain text\r\nwith two lines\r\n";

fn mail() -> Vec<u8> {
    let part = |name: &str, bytes: &[u8]| {
        let coded = base64::engine::general_purpose::STANDARD.encode(bytes);
        format!(
            "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{coded}\r\n"
        )
    };
    let head = "From: u1@sink.test\r\nTo: desk@example.test\r\nSubject: files\r\nMessage-ID: <f1@sink.test>\r\n\
                Date: Thu, 19 Nov 2026 09:30:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                --b\r\nContent-Type: text/plain\r\n\r\nPlease look at these files.\r\n";
    let (bad, good) = (part("../../tool.exe", &eicar()), part("notes.txt", TEXT));
    format!("{head}{bad}{good}--b--\r\n").into_bytes()
}

async fn files_are_held_back_until_the_scanner_has_seen_them(database: Database) {
    let mut desk = Desk::new(database, "desk@example.test").await;
    let port = free_port();
    desk.edit(|text| format!("{text}\n[scanner]\nclamd = \"127.0.0.1:{port}\"\n"));
    let file = desk.path("mail.eml");
    write(&file, &String::from_utf8(mail()).unwrap());
    desk.json(&["ingest", &file.display().to_string()]).await;
    let ticket = desk.tickets().await[0]["id"].as_str().unwrap().to_owned();
    let scans = async |desk: &Desk| -> Vec<(String, String)> {
        let files = desk.json(&["ticket", "attachment", &ticket]).await;
        let word = |file: &serde_json::Value, name: &str| file[name].as_str().unwrap().to_owned();
        files.as_array().unwrap().iter().map(|file| (word(file, "name"), word(file, "scan"))).collect()
    };
    let named =
        |scans: [&str; 2]| [("tool.exe", scans[0]), ("notes.txt", scans[1])].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(scans(&desk).await, named(["unscanned", "unscanned"]));
    for number in ["1", "2"] {
        let refused = desk.run(&["ticket", "attachment", &ticket, number, "--out", "-"]).await;
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0));
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--anyway"));
    }

    let store = Arc::new(Store::open(&desk.database_url(), &desk.path("data")).await.unwrap());
    let rescanner = Rescanner {
        store: store.clone(),
        scanner: ClamdSettings::new(ClamdAddress::Tcp(format!("127.0.0.1:{port}"))),
        clock: Clock::system(),
        metrics: Metrics::new(),
        is_down: AtomicBool::new(false),
    };
    for _ in 0..3 {
        // While it is down nothing is tried, so nothing has to wait longer afterwards.
        assert_eq!(rescanner.once().await.unwrap(), 0);
    }
    let clamd = Clamd::start_on(port);
    assert_eq!(rescanner.once().await.unwrap(), 2);
    assert_eq!(rescanner.once().await.unwrap(), 0);
    drop(clamd);
    assert_eq!(scans(&desk).await, named(["infected", "clean"]));
    let metrics = rescanner.metrics.text(madoguchi::telemetry::Gauges::default()).unwrap();
    for line in ["madoguchi_rescans_total{verdict=\"infected\"} 1", "madoguchi_unscanned 0"] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    store.close().await;

    let shown = desk.json(&["ticket", "show", &ticket]).await;
    let notes: Vec<&str> =
        shown["history"].as_array().unwrap().iter().map(|event| event["detail"].as_str().unwrap()).collect();
    assert!(notes.iter().any(|note| note.contains("tool.exe") && note.contains("virus found: Eicar")), "{notes:?}");
    assert!(notes.contains(&"notes.txt: scanned now, nothing found"), "{notes:?}");
    let out = desk.run(&["ticket", "attachment", &ticket, "2", "--out", "-"]).await;
    assert_eq!((out.status.code(), out.stdout.as_slice()), (Some(0), TEXT));
    let refused = desk.run(&["ticket", "attachment", &ticket, "1"]).await;
    assert_eq!(refused.status.code(), Some(1));
    // Under a safe name, and never over a file that is there.
    for name in ["tool.exe", "tool-2.exe"] {
        let written = desk.json(&["ticket", "attachment", &ticket, "1", "--anyway"]).await;
        assert_eq!(written["file"], name);
        assert_eq!(std::fs::read(desk.working_directory().join(name)).unwrap(), eicar());
    }
    assert_eq!(desk.run(&["ticket", "attachment", &ticket, "3"]).await.status.code(), Some(1));
}
