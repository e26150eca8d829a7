//! What an agent should know of a file before opening it: dangerous types, and what an archive holds. Nothing is unpacked.

use std::io::Cursor;

/// Extensions that run something when opened on a common desktop.
const DANGEROUS: [&str; 50] = [
    "exe",
    "com",
    "scr",
    "pif",
    "bat",
    "cmd",
    "vbs",
    "vbe",
    "js",
    "jse",
    "ws",
    "wsf",
    "wsh",
    "hta",
    "msi",
    "msp",
    "mst",
    "ps1",
    "psm1",
    "jar",
    "lnk",
    "url",
    "reg",
    "cpl",
    "dll",
    "sys",
    "chm",
    "hlp",
    "inf",
    "scf",
    "gadget",
    "application",
    "appref-ms",
    "iso",
    "img",
    "vhd",
    "vhdx",
    "app",
    "command",
    "dmg",
    "pkg",
    "docm",
    "xlsm",
    "pptm",
    "dotm",
    "xll",
    "xlam",
    "one",
    "sh",
    "settingcontent-ms",
];

/// Entries of an archive that are looked at.
const ENTRIES: usize = 1_000;
/// Unpacked over packed size above which an archive is suspicious.
const RATIO: u64 = 100;
/// Unpacked bytes above which an archive is suspicious.
const UNPACKED_BYTES: u64 = 1 << 30;
/// Bytes of an archive that is looked into.
const ARCHIVE_BYTES: usize = 50 * 1024 * 1024;

/// The warnings for a file.
#[must_use]
pub fn warnings(name: &str, media_type: &str, bytes: &[u8]) -> Vec<String> {
    let mut warnings = Vec::new();
    if is_dangerous(name) || bytes.starts_with(b"MZ") && bytes.len() > 64 || media_type == "application/x-msdownload" {
        warnings.push("dangerous type".to_owned());
    }
    if name.rsplit('.').nth(1).is_some_and(is_document) && is_dangerous(name) {
        warnings.push("two extensions".to_owned());
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        warnings.extend(zip_warnings(bytes));
    } else if is_encrypted_archive(bytes) {
        warnings.push("encrypted archive".to_owned());
    }
    warnings
}

fn is_dangerous(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| DANGEROUS.contains(&extension.trim().to_ascii_lowercase().as_str()))
}

fn is_document(extension: &str) -> bool {
    ["pdf", "doc", "docx", "xls", "xlsx", "txt", "jpg", "png"].contains(&extension.to_ascii_lowercase().as_str())
}

/// RAR 4 with encrypted headers; 7-Zip whose coder list names AES.
fn is_encrypted_archive(bytes: &[u8]) -> bool {
    let rar = bytes.starts_with(b"Rar!\x1a\x07\x00") && bytes.get(10).is_some_and(|flags| flags & 0x80 != 0);
    let tail = &bytes[bytes.len().saturating_sub(512)..];
    let seven = bytes.starts_with(b"7z\xbc\xaf\x27\x1c") && tail.windows(4).any(|window| window == b"\x06\xf1\x07\x01");
    rar || seven
}

/// Reads the directory of a zip file; sizes are those it states.
fn zip_warnings(bytes: &[u8]) -> Vec<String> {
    let mut warnings = Vec::new();
    if bytes.len() > ARCHIVE_BYTES {
        return vec!["archive too large to look into".to_owned()];
    }
    // The directory is small beside the data; an absurd one is refused before the crate builds its list.
    if directory_entries(bytes).is_some_and(|entries| entries > 65_000) {
        return vec!["archive with too many entries".to_owned()];
    }
    let Ok(mut archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return vec!["broken archive".to_owned()];
    };
    let (mut unpacked, mut encrypted, mut dangerous, mut nested) = (0u64, false, None, false);
    for at in 0..archive.len().min(ENTRIES) {
        let Ok(entry) = archive.by_index_raw(at) else { continue };
        unpacked = unpacked.saturating_add(entry.size());
        encrypted |= entry.encrypted();
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        nested |=
            ["zip", "7z", "rar", "gz"].iter().any(|kind| name.to_ascii_lowercase().ends_with(&format!(".{kind}")));
        if dangerous.is_none() && is_dangerous(&name) {
            dangerous = Some(name);
        }
    }
    if encrypted {
        warnings.push("encrypted archive".to_owned());
    }
    if let Some(name) = dangerous {
        warnings.push(format!("archive holds a dangerous type: {}", super::file_name::safe(&name)));
    }
    if unpacked > UNPACKED_BYTES || unpacked / RATIO > bytes.len() as u64 {
        warnings.push("archive unpacks to far more than its size".to_owned());
    }
    if archive.len() > ENTRIES {
        warnings.push("archive with too many entries".to_owned());
    }
    if nested {
        warnings.push("archive inside an archive".to_owned());
    }
    warnings
}

/// The number of entries the end record states (APPNOTE.TXT §4.3.16).
fn directory_entries(bytes: &[u8]) -> Option<u16> {
    let tail_at = bytes.len().saturating_sub(66_000);
    let at = tail_at + bytes[tail_at..].windows(4).rposition(|window| window == b"PK\x05\x06")?;
    Some(u16::from_le_bytes([*bytes.get(at + 10)?, *bytes.get(at + 11)?]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn zipped(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn dangerous_names_are_told() {
        assert_eq!(warnings("a.EXE", "application/pdf", b""), ["dangerous type"]);
        assert_eq!(warnings("invoice.pdf.js", "text/plain", b""), ["dangerous type", "two extensions"]);
        assert!(warnings("a.pdf", "application/pdf", b"%PDF").is_empty());
    }

    #[test]
    fn archives_are_looked_into() {
        assert!(warnings("a.zip", "application/zip", &zipped(&[("a.txt", b"hello".to_vec())])).is_empty());
        assert_eq!(
            warnings("a.zip", "application/zip", &zipped(&[("d/run.exe", b"x".to_vec()), ("b.zip", b"x".to_vec())])),
            ["archive holds a dangerous type: run.exe", "archive inside an archive"]
        );
        assert_eq!(
            warnings("a.zip", "application/zip", &zipped(&[("zeros", vec![0; 5_000_000])])),
            ["archive unpacks to far more than its size"]
        );
        assert_eq!(warnings("a.zip", "application/zip", b"PK\x03\x04rubbish"), ["broken archive"]);
    }

    #[test]
    fn a_changed_archive_is_harmless() {
        let good = zipped(&[("a.txt", b"hello".to_vec()), ("b.exe", b"x".to_vec())]);
        for at in 0..good.len() {
            for byte in [0, 0x7f, 0xff] {
                let mut changed = good.clone();
                changed[at] = byte;
                let _ = warnings("a.zip", "application/zip", &changed);
            }
            let _ = warnings("a.zip", "application/zip", &good[..at]);
        }
    }

    #[test]
    fn an_encrypted_archive_is_told() {
        let mut bytes = zipped(&[("a.txt", b"hello".to_vec())]);
        // The bit stands in the local header and in the directory (APPNOTE.TXT §4.4.4).
        bytes[6] |= 1;
        let at = bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        bytes[at + 8] |= 1;
        assert_eq!(warnings("a.zip", "application/zip", &bytes), ["encrypted archive"]);
    }
}
