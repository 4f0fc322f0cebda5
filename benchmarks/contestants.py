"""Run one extractor over pages and print what it took, as JSON; needs nothing but that extractor.

    python contestants.py NAME PAGES.jsonl WORKERS

With WORKERS 0 the pages are cleaned one by one in this process and the CPU time of each is taken; else that many
processes clean them, and the rate is given.
"""

import contextlib
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

Extract = Callable[[dict[str, Any]], Any]
WARM = 60
"""Pages that are cleaned before the clock starts: word lists and models are loaded by then."""


def parse() -> Extract:
    """Decode and parse, which is the least that anybody does."""
    import lxml.html

    def run(page: dict[str, Any]) -> Any:
        data = page["html"].encode("utf-8", "ignore").decode().encode()
        return lxml.html.document_fromstring(data, parser=lxml.html.HTMLParser(encoding="utf-8"))

    return run


def newscrawl() -> Extract:
    """Run newscrawl: all fields, to the JSON line."""
    from newscrawl.batch import Options, clean_line
    from newscrawl.crew import collect_seldom
    from newscrawl.items import Page

    collect_seldom()
    options = Options()
    return lambda page: clean_line(Page(body=page["html"], url=page["url"]), options)


def trafilatura() -> Extract:
    """Run trafilatura as a library, with metadata."""
    from trafilatura import bare_extraction

    return lambda page: bare_extraction(page["html"], url=page["url"], with_metadata=True)


def trafilatura_json() -> Extract:
    """Run trafilatura with metadata to JSON, as its command line does."""
    from trafilatura import extract

    return lambda page: extract(
        page["html"], url=page["url"], with_metadata=True, output_format="json"
    )


def newspaper4k() -> Extract:
    """Run newspaper4k."""
    import newspaper

    def run(page: dict[str, Any]) -> Any:
        article = newspaper.Article(page["url"], fetch_images=False)
        article.download(input_html=page["html"])
        article.parse()
        return article.text

    return run


def readability() -> Extract:
    """Run readability-lxml: text and title only."""
    from readability import Document

    return lambda page: Document(page["html"], url=page["url"]).summary()


def resiliparse() -> Extract:
    """Run resiliparse: text only."""
    from resiliparse.extract.html2text import extract_plain_text

    return lambda page: extract_plain_text(page["html"], main_content=True)


CONTESTANTS = {
    "parse": parse, "newscrawl": newscrawl, "trafilatura": trafilatura, "trafilatura-json": trafilatura_json,
    "newspaper4k": newspaper4k, "readability": readability, "resiliparse": resiliparse,
}  # fmt: skip


def guarded(extract: Extract, page: dict[str, Any]) -> None:
    """Clean a page; what a contestant fails on counts with the time it took."""
    with contextlib.suppress(Exception):
        extract(page)


_own: list[Extract] = []


def _begin(name: str) -> None:
    _own.append(CONTESTANTS[name]())


def _one(page: dict[str, Any]) -> None:
    guarded(_own[0], page)


def main() -> None:
    """Run, and print."""
    name, path, workers = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if workers:
        pages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        print(json.dumps({"rate": rate(name, pages, workers)}))
        return
    extract = CONTESTANTS[name]()
    times = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            begun = time.process_time()
            guarded(extract, page)
            times.append((time.process_time() - begun) * 1000)
    times = times[min(WARM, len(times) // 2) :]
    peak = peak_memory()
    p95 = sorted(times)[int(0.95 * len(times))]
    print(json.dumps({"cpu_ms": fmean(times), "p95_ms": p95, "memory_mb": peak}))


def peak_memory() -> float:
    """Give the most memory that this process has had, in megabytes; getrusage tells its parent's too."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - no file to keep
        found = next(line for line in file if line.startswith("VmHWM"))
    return int(found.split()[1]) / 1024


def rate(name: str, pages: list[dict[str, Any]], workers: int) -> float:
    """Give the pages a second that so many processes clean, each warm."""
    with multiprocessing.get_context("spawn").Pool(workers, _begin, (name,)) as pool:
        pool.map(_one, pages[: WARM * workers], chunksize=1)
        begun = time.monotonic()
        for _ in pool.imap_unordered(_one, pages, chunksize=4):
            pass
        return len(pages) / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
