#!/usr/bin/env python3
"""Finding the right article: madoguchi beside engines that desks use, on the same questions, in one run.

  side_by_side.py MADOGUCHI DIR [--folds 5]

DIR holds articles.jsonl and queries.jsonl as `madoguchi eval faq` reads them. Each engine is asked every question twice:
knowing the articles alone, and with a history (the other folds' questions with their best articles), which the others get
as more text of the article. Needs Python's sqlite3 with FTS5 (3.34 or later); rank-bm25 and scikit-learn are used when
they are installed (pip install rank-bm25 scikit-learn), and named as missing when not.
"""
import argparse
import json
import math
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import time
import unicodedata
import zlib

LISTED = 100


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def write(path, objects):
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects), encoding="utf-8")
    return str(path)


def normal(text):
    return unicodedata.normalize("NFKC", text).lower()


def words(text):
    """Words of Latin letters and digits; pairs of neighbouring characters of everything else."""
    found = []
    for run in re.findall(r"[a-z0-9]+|[^\W\d_a-z]+", normal(text)):
        if run.isascii() or len(run) == 1:
            found.append(run)
        else:
            found.extend(run[at : at + 2] for at in range(len(run) - 1))
    return found


def texts(articles, history):
    """One text an article: title, ways to ask, what people asked, answer."""
    asked = {}
    for one in history:
        asked.setdefault(one["article"], []).append(one["text"])
    return [
        "\n".join([a["title"], *a.get("questions", []), *asked.get(a["id"], []), a["body"]]) for a in articles
    ]


def in_process(build):
    """An engine from a function that takes texts and returns a function from a question to places, best first."""

    def engine(articles, history, queries):
        ask = build(texts(articles, history))
        ids = [a["id"] for a in articles]
        ranked, micros = {}, []
        for query in queries:
            started = time.perf_counter()
            places = ask(query["text"])
            micros.append((time.perf_counter() - started) * 1e6)
            ranked[query["id"]] = [ids[place] for place in places[:LISTED]]
        return ranked, micros

    return engine


def fts5(all_texts):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE found USING fts5(text, tokenize='trigram')")
    database.executemany("INSERT INTO found(rowid, text) VALUES (?, ?)", enumerate(map(normal, all_texts)))

    def ask(question):
        text = re.sub(r"\s+", " ", normal(question))
        threes = {text[at : at + 3] for at in range(len(text) - 2)}
        if not threes:
            return []
        match = " OR ".join('"' + three.replace('"', '""') + '"' for three in sorted(threes))
        found = database.execute("SELECT rowid FROM found WHERE found MATCH ? ORDER BY bm25(found) LIMIT ?", (match, LISTED))
        return [row[0] for row in found]

    return ask


def bm25(all_texts):
    from rank_bm25 import BM25Okapi

    index = BM25Okapi([words(text) for text in all_texts])

    def ask(question):
        scores = index.get_scores(words(question))
        return [int(place) for place in (-scores).argsort(kind="stable")[:LISTED]]

    return ask


def tfidf(all_texts):
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, preprocessor=normal)
    matrix = vectors.fit_transform(all_texts)

    def ask(question):
        scores = (matrix @ vectors.transform([question]).T).toarray().ravel()
        return [int(place) for place in (-scores).argsort(kind="stable")[:LISTED]]

    return ask


def madoguchi(program):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="side-by-side-"))

    def engine(articles, history, queries):
        run = folder / "run.trec"
        command = [program, "eval", "faq", "--json", "--run", str(run)]
        command += ["--articles", write(folder / "articles.jsonl", articles)]
        command += ["--queries", write(folder / "queries.jsonl", queries)]
        command += ["--history", write(folder / "history.jsonl", history)]
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        ranked = {}
        for line in run.read_text(encoding="utf-8").splitlines():
            query, _, article, *_ = line.split()
            ranked.setdefault(query, []).append(article)
        # The program reports percentiles of its own; they are repeated so that folds can be put together.
        latency = said["latency_us"]
        return ranked, [latency["p50"]] * 98 + [latency["p99"]] * 2

    return engine


def measure(queries, ranked):
    sums = {"success@1": 0.0, "success@5": 0.0, "R@10": 0.0, "nDCG@10": 0.0}
    for query in queries:
        relevant = {article: grade for article, grade in query["relevant"].items() if grade > 0}
        found = ranked.get(query["id"], [])
        hits = [place for place, article in enumerate(found) if article in relevant]
        sums["success@1"] += bool(hits and hits[0] == 0)
        sums["success@5"] += bool(hits and hits[0] < 5)
        sums["R@10"] += sum(place < 10 for place in hits) / len(relevant)
        gain = sum((2 ** relevant.get(article, 0) - 1) / math.log2(place + 2) for place, article in enumerate(found[:10]))
        best = sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(sorted(relevant.values(), reverse=True)[:10]))
        sums["nDCG@10"] += gain / best
    return {name: total / len(queries) for name, total in sums.items()}


def best_articles(queries):
    for query in queries:
        top = max(query["relevant"].values())
        for article, grade in query["relevant"].items():
            if grade == top:
                yield {"text": query["text"], "article": article}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--folds", type=int, default=5)
    given = parser.parse_args()
    articles, queries = rows(given.data / "articles.jsonl"), rows(given.data / "queries.jsonl")
    engines = {
        "madoguchi": madoguchi(given.program),
        "SQLite FTS5 trigram": in_process(fts5),
        "rank-bm25": in_process(bm25),
        "scikit-learn TF-IDF": in_process(tfidf),
    }
    print(f"{given.data.name}: {len(articles)} articles, {len(queries)} questions\n")
    print("| engine | history | success@1 | success@5 | R@10 | nDCG@10 | p50 µs | p99 µs |")
    print("|---|---|---|---|---|---|---|---|")
    for name, engine in engines.items():
        for history in ("none", f"{given.folds}-fold"):
            fold = lambda query: zlib.crc32(query["id"].encode()) % given.folds
            ranked, micros = {}, []
            try:
                if history == "none":
                    ranked, micros = engine(articles, [], queries)
                else:
                    for hand in range(given.folds):
                        past = list(best_articles(query for query in queries if fold(query) != hand))
                        found, took = engine(articles, past, [query for query in queries if fold(query) == hand])
                        ranked.update(found)
                        micros += took
            except ImportError as missing:
                print(f"| {name} | {history} | not installed: {missing.name} | | | | | |")
                continue
            measured = measure(queries, ranked)
            micros.sort()
            at = lambda share: micros[round((len(micros) - 1) * share)]
            figures = " | ".join(f"{value:.3f}" for value in measured.values())
            print(f"| {name} | {history} | {figures} | {at(0.5):.0f} | {at(0.99):.0f} |", flush=True)


if __name__ == "__main__":
    main()
