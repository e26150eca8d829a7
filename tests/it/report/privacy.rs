//! A requester's data handed over and erased: afterwards nothing of theirs is left in any file of the desk.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use serde_json::Value;

use crate::desk::harness::{Database, Desk};
use crate::desk::letter::Letter;

/// Words only the person uses, in every place a mail has.
const WORDS: [&str; 7] =
    ["zanzibar", "kilimanjaro", "ngorongoro", "serengeti", "sansibar.test", "xylograph", "okapi-thread"];

fn letters() -> Vec<Letter> {
    let attached = base64::engine::general_purpose::STANDARD.encode("serengeti in a file ".repeat(40_000));
    let theirs = Letter {
        from: "Xylograph Zanzibar <zanzibar@sansibar.test>".to_owned(),
        subject: "kilimanjaro room".to_owned(),
        text: "I want to make a complaint: nobody has prepared the ngorongoro room for our visitors.".to_owned(),
        id: "1.okapi-thread@sansibar.test".to_owned(),
        ..Letter::request(1)
    };
    let with_file = Letter {
        id: "2.okapi-thread@sansibar.test".to_owned(),
        subject: "kilimanjaro file".to_owned(),
        headers: "MIME-Version: 1.0\r\nX-Mailer: xylograph\r\n".to_owned(),
        text: format!(
            "The ngorongoro plan is attached.\r\n--b\r\nContent-Type: text/plain\r\n\
             Content-Disposition: attachment; filename=\"serengeti.txt\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{attached}\r\n--b--\r\n"
        ),
        ..theirs.clone()
    };
    let ignored = Letter {
        headers: "Auto-Submitted: auto-replied\r\n".to_owned(),
        subject: "Out of office: kilimanjaro".to_owned(),
        id: "3.okapi-thread@sansibar.test".to_owned(),
        ..theirs.clone()
    };
    vec![theirs, with_file, ignored, Letter::request(7)]
}

/// A mail with a file has parts.
fn raw(letter: &Letter) -> Vec<u8> {
    let raw = String::from_utf8(letter.raw()).unwrap();
    if !letter.text.contains("--b--") {
        return raw.into_bytes();
    }
    let plain = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let parts = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{plain}");
    raw.replacen(plain, &parts, 1).into_bytes()
}

/// Files under `dir` that hold one of the words, in plain or as base64.
fn holding(dir: &Path) -> Vec<(PathBuf, &'static str)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap().to_ascii_lowercase();
        let encoded = base64::engine::general_purpose::STANDARD.encode("serengeti in a file ").to_ascii_lowercase();
        for word in WORDS {
            if bytes.windows(word.len()).any(|part| part == word.as_bytes()) {
                found.push((path.clone(), word));
            }
        }
        let encoded = &encoded.as_bytes()[..20];
        if bytes.windows(encoded.len()).any(|part| part == encoded) {
            found.push((path.clone(), "base64"));
        }
    }
    found
}

async fn filled(database: Database) -> Desk {
    let desk = Desk::new(database, "desk@example.test").await;
    let folder = desk.working_directory().join("mail");
    fs::create_dir(&folder).unwrap();
    for (n, letter) in letters().iter().enumerate() {
        fs::write(folder.join(format!("{n}.eml")), raw(letter)).unwrap();
    }
    desk.json(&["ingest", &folder.display().to_string()]).await;
    let tickets = desk.json(&["ticket", "list", "--requester", "zanzibar@sansibar.test"]).await;
    assert_eq!(tickets.as_array().unwrap().len(), 2, "{tickets}");
    for ticket in tickets.as_array().unwrap() {
        let id = ticket["id"].as_str().unwrap();
        desk.json(&["ticket", "reply", id, "The ngorongoro room is ready.", "--resolve", "--agent", "aoki"]).await;
    }
    fs::remove_dir_all(&folder).unwrap();
    registered(&desk).await;
    desk
}

/// The registers get to know the person: a complaint with an answer, a rating with words, a problem called after their room.
async fn registered(desk: &Desk) {
    let register = desk.json(&["complaint", "list"]).await;
    let complained = register[0]["ticket"].as_str().unwrap_or_else(|| panic!("{register}")).to_owned();
    desk.json(&["complaint", "action", &complained, "called Zanzibar", "--service", "serengeti", "--agent", "aoki"])
        .await;
    desk.json(&[
        "problem",
        "open",
        "ngorongoro",
        "--title",
        "kilimanjaro is not ready",
        "--ticket",
        &complained,
        "--agent",
        "aoki",
    ])
    .await;
    desk.json(&["problem", "own", "ngorongoro", "aoki"]).await;
    let rating = Letter {
        from: "Xylograph Zanzibar <zanzibar@sansibar.test>".to_owned(),
        subject: "Re: kilimanjaro room".to_owned(),
        headers: "In-Reply-To: <1.okapi-thread@sansibar.test>\r\n".to_owned(),
        text: "Rating: 2 - the ngorongoro took too long".to_owned(),
        id: "4.okapi-thread@sansibar.test".to_owned(),
        ..Letter::request(1)
    };
    let folder = desk.working_directory().join("rating");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("rating.eml"), raw(&rating)).unwrap();
    desk.json(&["ingest", &folder.display().to_string()]).await;
    fs::remove_dir_all(&folder).unwrap();
    let shown = desk.json(&["ticket", "show", &complained]).await;
    assert!(shown.to_string().contains("took too long"), "the rating is on the ticket: {shown}");
}

/// Everything the desk holds, as files: a backup of it, unpacked.
async fn unpacked(desk: &Desk, name: &str) -> PathBuf {
    let (file, dir) = (desk.working_directory().join(format!("{name}.tar.gz")), desk.working_directory().join(name));
    desk.json(&["backup", "--to", &file.display().to_string()]).await;
    let archive = flate2::read::GzDecoder::new(fs::File::open(&file).unwrap());
    tar::Archive::new(archive).unpack(&dir).unwrap();
    fs::remove_file(file).unwrap();
    dir
}

async fn erased(database: Database) {
    let desk = filled(database).await;
    let before = unpacked(&desk, "before").await;
    assert!(holding(&before).len() > 10, "the words are there to begin with");
    fs::remove_dir_all(before).unwrap();

    let to = desk.working_directory().join("handed-over");
    let said = desk.json(&["privacy", "export", "Zanzibar@Sansibar.test", "--to", &to.display().to_string()]).await;
    assert_eq!(said["tickets"], 2, "{said}");
    let document: Value = serde_json::from_slice(&fs::read(to.join("everything.json")).unwrap()).unwrap();
    assert_eq!(document["tickets"].as_array().unwrap().len(), 2);
    assert_eq!(document["ratings"][0]["rating"]["score"], 2, "{document}");
    assert_eq!(document["complaints"].as_array().unwrap().len(), 1, "{document}");
    assert_eq!(fs::read_dir(to.join("raw")).unwrap().count(), 4, "what was ignored is theirs too");
    let file = fs::read_dir(to.join("attachments")).unwrap().next().unwrap().unwrap().path();
    assert_eq!(fs::read_to_string(file).unwrap(), "serengeti in a file ".repeat(40_000));
    let zip = desk.working_directory().join("handed-over.zip");
    desk.json(&["privacy", "export", "zanzibar@sansibar.test", "--to", &zip.display().to_string()]).await;
    let mut packed = zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap();
    assert!(packed.by_name("everything.json").is_ok());
    assert!(!to.join("everything.json").metadata().unwrap().permissions().readonly());

    fs::create_dir_all(desk.path("data/backups")).unwrap();
    fs::write(desk.path("data/backups/madoguchi-2026-11-20.tar.gz"), b"x").unwrap();
    let dry = desk.json(&["privacy", "erase", "zanzibar@sansibar.test", "--dry-run"]).await;
    assert_eq!((&dry["erased"], &dry["messages"]), (&Value::Bool(false), &Value::from(4)), "{dry}");
    assert_eq!(dry["backups"][0]["until"], "2026-11-26T19:00:00.000Z", "{dry}");
    assert!(
        !desk.json(&["ticket", "list", "--requester", "zanzibar@sansibar.test"]).await.as_array().unwrap().is_empty()
    );

    let done = desk.json(&["privacy", "erase", "zanzibar@sansibar.test"]).await;
    assert_eq!(done["tickets"].as_array().unwrap().len(), 2, "{done}");
    let again = desk.json(&["privacy", "erase", "zanzibar@sansibar.test"]).await;
    assert_eq!((again["messages"].as_u64(), again["outgoing"].as_u64()), (Some(0), Some(0)), "{again}");

    for dir in [desk.path("data"), unpacked(&desk, "after").await] {
        assert_eq!(holding(&dir), [], "{}", dir.display());
    }
    // Figures stay, and so does everybody else.
    let tickets = desk.json(&["ticket", "list"]).await;
    assert_eq!(tickets.as_array().unwrap().len(), 3, "{tickets}");
    assert_eq!(desk.totals().await.seen, 5);
    let others = desk.json(&["ticket", "list", "--requester", "u7@sink.test"]).await;
    assert_eq!(others[0]["subject"], "case-000007");
    let report = desk.json(&["report", "--period", "2026"]).await;
    let automation = &report["sections"]["automation"]["rows"];
    assert_eq!(automation[0]["count"], 3, "{automation}");
    let satisfaction = &report["sections"]["satisfaction"]["rows"][3];
    assert_eq!((&satisfaction["rating"], &satisfaction["count"]), (&"2".into(), &1.into()), "{satisfaction}");
    let noted = desk.json(&["audit", "list"]).await;
    let actions: Vec<&str> = noted.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    for wanted in ["privacy.erase", "privacy.export", "problem.own", "complaint", "linked"] {
        assert!(actions.contains(&wanted), "{wanted} is not in {actions:?}");
    }
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_sqlite() {
    erased(Database::Sqlite).await;
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_postgres() {
    erased(Database::Postgres).await;
}

#[tokio::test]
async fn who_is_not_known_is_not_exported() {
    let desk = Desk::new(Database::Sqlite, "desk@example.test").await;
    let said = desk.run(&["privacy", "export", "nobody@sansibar.test", "--to", "out"]).await;
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("nobody@sansibar.test"));
    let erased = desk.json(&["privacy", "erase", "nobody@sansibar.test"]).await;
    assert_eq!(erased["tickets"], Value::Array(Vec::new()));
}
