//! Revisions in the store: imported, edited by people, deleted.

use madoguchi::domain::*;
use madoguchi::knowledge::sync::{State, compare};
use madoguchi::store::ArticleChanges;

use crate::store::{Desk, NOW, on_both};

on_both! {
    an_edit_is_a_revision_with_author_and_time
    of_two_people_who_edit_at_once_the_second_is_told
    an_edit_and_a_changed_file_are_both_kept
    articles_stored_by_an_older_program_are_the_same_as_their_files
}

fn article(body: &str) -> Article {
    Article {
        id: "vpn".into(),
        language: Language::Ja,
        title: "VPN につながらない".into(),
        questions: vec!["VPNにつながりません".into()],
        body: body.into(),
        tags: Vec::new(),
        visibility: Visibility::Public,
        answer_alone: true,
        review_by: None,
        status: ArticleStatus::Active,
    }
}

fn imported(article: &Article, number: i64) -> ArticleChanges<'_> {
    ArticleChanges {
        add: vec![NewRevision { number, article, deleted: false, author: Revision::FILE }],
        synced: vec![(&article.id, article.language, number)],
    }
}

async fn an_edit_is_a_revision_with_author_and_time(desk: Desk) {
    let [first, second] = ["一つ目", "二つ目"].map(article);
    assert!(desk.store.change_articles(&imported(&first, 1), NOW).await.unwrap());
    let edit = NewRevision { number: 2, article: &second, deleted: false, author: "sato" };
    assert!(desk.store.save_article(&edit, NOW.plus_ms(5)).await.unwrap());
    let stored = desk.store.articles().await.unwrap();
    assert_eq!(stored.len(), 1);
    let (newest, synced) = (&stored[0].newest, stored[0].synced.as_ref().unwrap());
    assert_eq!(
        (newest.number, newest.author.as_str(), newest.at, &newest.article),
        (2, "sato", NOW.plus_ms(5), &second)
    );
    assert_eq!((synced.number, synced.author.as_str(), &synced.article), (1, Revision::FILE, &first));
    let gone = NewRevision { number: 3, article: &second, deleted: true, author: "aoki" };
    assert!(desk.store.save_article(&gone, NOW).await.unwrap());
    assert_eq!(desk.store.articles().await.unwrap()[0].newest.text(), None);
    let history = desk.store.article_revisions("vpn", Language::Ja).await.unwrap();
    let outline: Vec<(i64, &str, bool)> =
        history.iter().map(|one| (one.number, one.author.as_str(), one.deleted)).collect();
    assert_eq!(outline, [(3, "aoki", true), (2, "sato", false), (1, "file", false)]);
    assert_eq!(desk.store.article_revisions("vpn", Language::En).await.unwrap(), []);
}

async fn of_two_people_who_edit_at_once_the_second_is_told(desk: Desk) {
    let articles = ["前", "佐藤", "青木"].map(article);
    desk.store.change_articles(&imported(&articles[0], 1), NOW).await.unwrap();
    let edit = |article, author| NewRevision { number: 2, article, deleted: false, author };
    let both =
        tokio::join!(async { desk.store.save_article(&edit(&articles[1], "sato"), NOW).await.unwrap() }, async {
            desk.store.save_article(&edit(&articles[2], "aoki"), NOW).await.unwrap()
        },);
    assert_ne!(both.0, both.1, "exactly one of them is stored");
    let newest = &desk.store.articles().await.unwrap()[0].newest;
    assert_eq!(newest.article, articles[if both.0 { 1 } else { 2 }]);
    // Nothing of a change is written when a part of it clashes.
    let other = Article { id: "wifi".into(), ..article("x") };
    let mut changes = imported(&other, 1);
    changes.add.push(edit(&articles[1], "late"));
    assert!(!desk.store.change_articles(&changes, NOW).await.unwrap());
    assert_eq!(desk.store.articles().await.unwrap().len(), 1);
}

async fn an_edit_and_a_changed_file_are_both_kept(desk: Desk) {
    let [first, edited, file] = ["前", "画面で直した", "ファイルで直した"].map(article);
    desk.store.change_articles(&imported(&first, 1), NOW).await.unwrap();
    let edit = NewRevision { number: 2, article: &edited, deleted: false, author: "sato" };
    desk.store.save_article(&edit, NOW).await.unwrap();
    let stored = desk.store.articles().await.unwrap();
    let compared = compare(&[&file], &stored);
    assert_eq!(
        (compared[0].state, compared[0].file, compared[0].stored_text()),
        (State::Conflict, Some(&file), Some(&edited))
    );
    assert_eq!(compare(&[&first], &stored)[0].state, State::StoreChanged);
    assert_eq!(compare(&[&edited], &stored)[0].state, State::Same);
}

async fn articles_stored_by_an_older_program_are_the_same_as_their_files(desk: Desk) {
    // As the program before wrote them: without a status.
    let body = serde_json::to_string(&article("x")).unwrap().replace(",\"status\":\"active\"", "");
    assert!(!body.contains("status"));
    let read: Article = serde_json::from_str(&body).unwrap();
    assert_eq!(read, article("x"));
    desk.store.change_articles(&imported(&read, 1), NOW).await.unwrap();
    let stored = desk.store.articles().await.unwrap();
    assert_eq!(compare(&[&article("x")], &stored)[0].state, State::Same);
}
