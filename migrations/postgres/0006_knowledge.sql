-- Who wrote a revision (`file`, or a person's name), and whether it deletes the article.
ALTER TABLE article_revisions ADD COLUMN author TEXT NOT NULL DEFAULT 'file';
ALTER TABLE article_revisions ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;

-- The revision in which an article's file and store were the same for the last time. Up to now all came from files.
CREATE TABLE article_syncs (
    article TEXT NOT NULL,
    language TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (article, language)
);
INSERT INTO article_syncs (article, language, revision)
SELECT article, language, MAX(revision) FROM article_revisions GROUP BY article, language;

-- What the model keeps of an example whose text had to go (hex); its text is then empty.
ALTER TABLE examples ADD COLUMN features TEXT;
