//! How figures and rows are written.

use super::*;

#[test]
fn figures_are_grouped() {
    for (cell, kind, wanted) in [
        (Cell::Count(26_200), Kind::Count, "26,200"),
        (Cell::Count(999), Kind::Count, "999"),
        (Cell::Figure(-1_234.56), Kind::Hours, "-1,234.6"),
        (Cell::Figure(0.5), Kind::Share, "50.0 %"),
        (Cell::None, Kind::Count, "–"),
    ] {
        assert_eq!(shown(&cell, kind), wanted);
    }
}

#[test]
fn a_row_is_known_by_ids_and_never_by_its_verdict() {
    let columns = [("request_type", "種別", Kind::Text), ("met", "達成", Kind::Count), (VERDICT, "判定", Kind::Text)];
    let mut section = Section::new("service_levels", "", "", &columns);
    section.row(vec![Cell::named("障害の報告", "incident"), Cell::Count(3), Cell::named("未達", "missed")], Vec::new());
    let row = &section.rows[0];
    assert_eq!(section.name_of(row, Wording::People), "障害の報告");
    assert_eq!(section.name_of(row, Wording::Programs), "incident");
    let document = section_json(&section);
    assert_eq!(document["rows"][0]["request_type_id"], "incident");
    assert_eq!(
        (&document["rows"][0]["verdict"], &document["rows"][0]["verdict_id"]),
        (&json!("未達"), &json!("missed"))
    );
}

#[test]
fn formulas_are_harmless() {
    for (text, wanted) in [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝cmd", "'＝cmd"),
        ("-3.5", "-3.5"),
        ("-cmd", "'-cmd"),
        ("T-1", "T-1"),
    ] {
        assert_eq!(harmless(text.to_owned()), wanted);
    }
}
