"""newscrawl clean."""

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final

from newscrawl.batch import (
    PAGE_SECONDS,
    Ending,
    Journal,
    Options,
    Totals,
    clean_pages,
    sources_of,
    write_ending,
)
from newscrawl.cli.exits import ExitCode, exit_code
from newscrawl.cli.output import add_output_options, open_file, open_output
from newscrawl.crew import collect_seldom
from newscrawl.errors import InputError, UsageError
from newscrawl.executors import check_address, open_executor
from newscrawl.extraction.document import is_http_url
from newscrawl.items import Page, Rejected
from newscrawl.pages import FORMATS, Sizes, Source, format_of, read_source
from newscrawl.profiles import Profiles, encode_profiles, learn_profiles, read_profiles
from newscrawl.progress import Progress
from newscrawl.remote import is_remote
from newscrawl.shards import clean_shards, plan_shards, shared_terms
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl clean page.html
  newscrawl clean pages/ -O articles.jsonl --rejects rejects.jsonl
  cat pages.jsonl | newscrawl clean --input-format jsonl > articles.jsonl
  newscrawl clean CC-NEWS-*.warc.gz --workers 4 -O articles.jsonl --resume
  newscrawl clean archive/ --workers 4 --shards cleaned/
  newscrawl clean archive/ --shards cleaned/ --executor dask://scheduler:8786

Each line of JSON lines, by suffix or --input-format jsonl, {"id"?, "url", "html", "fetched_at"?} is answered by
one with the same id: an article, or {"id", "rejected": reason}. Of other inputs the articles are
written, and what is refused is named on standard error and in the --rejects file.

What comes out does not depend on --workers. A batch that was interrupted goes on with --resume, and ends
with the same output as if it had not been.

--executor cleans the files of --shards on the workers of a Dask cluster (docs/cluster-cleaning.md), which see the same
folders: one file a task, within the limits of a page. A file on which workers die again and again is left and named.

exit codes: 0 all well, 1 a page failed, an input was broken or a file was left, 2 wrong usage, 3 no article came out
"""
SAVE_SECONDS: Final = 1.0
"""Seconds between two notes of how far a batch has come; what was done since is done again."""
MEGABYTE: Final = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help='files, folders, or - for stdin; with the extra "remote" also addresses such as s3://…',
    )  # fmt: skip
    parser.add_argument(
        "--input-format", choices=FORMATS,
        help="what the input is; by default a file's suffix says it, and stdin is html",
    )  # fmt: skip
    parser.add_argument("--url", help="the address of the page, where a single file is read")
    add_output_options(parser)
    parser.add_argument(
        "--rejects", metavar="FILE", help="write refused pages to FILE, with reasons"
    )
    parser.add_argument(
        "--provenance", action="store_true", help="also write removed texts and each field's source"
    )
    add_profile_option(parser)
    parser.add_argument(
        "--learn", action="store_true",
        help="read the input twice, and drop from each source's pages what recurs on them",
    )  # fmt: skip
    group = parser.add_argument_group("many pages")
    group.add_argument(
        "--workers", type=int, default=0, metavar="N",
        help="clean in N processes, each page within the limits below; 0, the default: in this one",
    )  # fmt: skip
    group.add_argument(
        "--page-seconds", type=float, default=PAGE_SECONDS, metavar="S",
        help="end a worker that takes longer for a page, which is counted as time_limit (%(default)g)",
    )  # fmt: skip
    group.add_argument(
        "--page-memory", type=int, default=2000, metavar="MB",
        help="memory that a page may take a worker, in megabytes (%(default)d)",
    )  # fmt: skip
    group.add_argument(
        "--unordered", action="store_true", help="write each line when it is there, in any order"
    )
    group.add_argument(
        "--resume", action="store_true",
        help="go on with the batch that was interrupted, by the notes beside the -O file",
    )  # fmt: skip
    group.add_argument(
        "--shards", metavar="FOLDER",
        help="write a file for each file that is read; those that are whole are not done again",
    )  # fmt: skip
    group.add_argument(
        "--executor", metavar="dask://HOST:PORT",
        help="clean the files of --shards on a cluster, by the address of its scheduler; needs the extra \"dask\"",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Clean the pages."""
    collect_seldom()
    paths = _paths(options)
    _check(options, paths)
    options.answers_lines = _are_lines(paths, options.input_format)
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(quiet=options.quiet))
        how = _how(options, paths, stack)
        if options.shards:
            totals, left = _shards(options, paths, how, progress)
        else:
            found = _one_output(options, paths, how, progress)
            if found is None:
                return ExitCode.OK
            totals, left = found, ""
    if not options.quiet:
        print(f"newscrawl: {totals}", file=sys.stderr)
    if left:
        print(f"newscrawl: {left}", file=sys.stderr)
        return ExitCode.FAILED
    return exit_code(totals)


def _one_output(
    options: argparse.Namespace, paths: list[str], how: Options, progress: Progress
) -> Totals | None:
    sizes = Sizes()
    with ExitStack() as stack:
        opened = _opened(options, paths, stack)
        if opened is None:
            print(
                f"newscrawl: {options.overwrite} is whole: nothing is left to do", file=sys.stderr
            )
            return None
        output, rejects, journal, totals = opened
        saved = time.monotonic()
        pages = with_url(_read(paths, options, sizes), options.url)
        try:
            for number, ending in clean_pages(pages, how, journal.has if journal else None):
                totals.count(ending)
                _write(ending, output, rejects, options)
                progress.show(str(totals), totals.read, sizes.share)
                if journal:
                    journal.note(number)
                    if time.monotonic() - saved > SAVE_SECONDS:
                        journal.save(output, rejects, totals)
                        saved = time.monotonic()
        except BaseException:
            # What is written is kept, whatever ended it.
            if journal:
                journal.save(output, rejects, totals)
            raise
        if journal:
            journal.save(output, rejects, totals)
            journal.finish()
    return totals


def _read(paths: list[str], options: argparse.Namespace, sizes: Sizes) -> Iterator[Page | Rejected]:
    own = [Path(p) for p in (options.append, options.overwrite, options.rejects) if p]
    # All are found first, so that it can be said how much is left.
    for source in list(sources_of(paths, options.input_format, own, sizes)):
        if isinstance(source, Rejected):
            yield source
        else:
            yield from read_source(source, sizes)


def _opened(
    options: argparse.Namespace, paths: list[str], stack: ExitStack
) -> tuple[IO[bytes], IO[bytes] | None, Journal | None, Totals] | None:
    """Open the outputs; with `--resume` as long as the journal says they are. None if all is done."""
    journal = None
    if options.overwrite not in (None, "-") and "-" not in paths:
        journal = Journal.beside(Path(options.overwrite), _asked(options, paths))
        stack.callback(journal.close)
    if options.resume and journal:
        found = journal.resume()
        if found is not None:
            kept, refused, totals = found
            output = stack.enter_context(_reopened(Path(options.overwrite), kept))
            rejects = Path(options.rejects) if options.rejects else None
            again = stack.enter_context(_reopened(rejects, refused)) if rejects else None
            return output, again, journal, totals
        if Path(options.overwrite).exists():
            return None
    output = stack.enter_context(open_output(options))
    rejects_file = (
        stack.enter_context(open_file(Path(options.rejects))) if options.rejects else None
    )
    if journal:
        try:
            journal.begin()
        except OSError as error:
            raise InputError(f"cannot write {journal.path}: {error.strerror}") from error
    return output, rejects_file, journal, Totals()


def _reopened(path: Path, size: int) -> IO[bytes]:
    try:
        stream = path.open("r+b")
        if stream.seek(0, os.SEEK_END) < size:
            raise InputError(f"{path} is shorter than its journal says: it was cut or replaced")
        stream.truncate(size)
        stream.seek(size)
    except OSError as error:
        raise InputError(f"cannot go on with {path}: {error.strerror}") from error
    return stream


def _asked(options: argparse.Namespace, paths: list[str]) -> dict[str, Any]:
    """Give what must be the same for a batch to be taken up again."""
    sizes = Sizes()
    own = [Path(p) for p in (options.overwrite, options.rejects) if p]
    found = sources_of(paths, options.input_format, own, sizes)
    files = [[s.path, s.size] if isinstance(s, Source) else [str(s.origin), 0] for s in found]
    names = ("input_format", "url", "rejects", "provenance", "profiles", "learn")
    return {"files": files} | {name: getattr(options, name) for name in names}


def _shards(
    options: argparse.Namespace, paths: list[str], how: Options, progress: Progress
) -> tuple[Totals, str]:
    """Clean file by file; give the totals, and what is left, if anything is."""
    sizes, totals, left = Sizes(), Totals(), 0
    folder = Path(options.shards)
    shards = plan_shards(paths, folder, options.input_format, sizes)
    # The threads, or the cluster's, read and write; the work is done in a process of each, which has limits.
    each = replace(how, workers=1 if options.executor else min(1, options.workers))
    with ExitStack() as stack:
        executor = stack.enter_context(open_executor(options.executor, max(1, options.workers)))
        terms = stack.enter_context(shared_terms(folder, each)) if options.executor else each
        for number, (shard, end) in enumerate(clean_shards(executor, shards, terms), start=1):
            if isinstance(end, Totals):
                totals.add(end)
            else:
                left += 1
                print(f"newscrawl: {shard.source.path}: left, {end}", file=sys.stderr)
            sizes.read += shard.source.size
            files = f"{number} of {numbered(len(shards), 'file')}"
            progress.show(f"{files}, {totals}", totals.read, sizes.share)
    # What is not whole is not among the totals: it is done from its beginning.
    whole = f"{left} of {numbered(len(shards), 'file')} left; the same command does what is left"
    return totals, whole if left else ""


def _how(options: argparse.Namespace, paths: list[str], stack: ExitStack) -> Options:
    profiles = options.profiles
    if profiles:
        read_profiles(Path(profiles))  # now, so that a broken file is said at once
    if options.learn:
        learnt = learn_profiles(with_url(_read(paths, options, Sizes()), options.url))
        file = stack.enter_context(NamedTemporaryFile(suffix=".json"))  # noqa: SIM115 - entered
        file.write(encode_profiles(learnt))
        file.flush()
        profiles = file.name
    return Options(
        provenance=options.provenance,
        profiles=profiles,
        workers=options.workers,
        seconds=options.page_seconds,
        memory=options.page_memory * MEGABYTE,
        ordered=not options.unordered,
    )


def _paths(options: argparse.Namespace) -> list[str]:
    if options.url and not is_http_url(options.url):
        raise UsageError(f"--url {options.url!r} is not an http or https address")
    if options.url and (len(options.paths) > 1 or any(Path(p).is_dir() for p in options.paths)):
        raise UsageError("--url is the address of one page; name one file")
    if options.learn and (options.profiles or not options.paths or "-" in options.paths):
        raise UsageError("--learn reads the input twice: name files or folders, and no --profiles")
    if options.paths:
        local = [path for path in options.paths if path != "-" and not is_remote(path)]
        missing = [path for path in local if not Path(path).exists()]
        if missing:
            raise UsageError(f"no such file or folder: {missing[0]}")
        return list(options.paths)
    if sys.stdin.isatty():
        raise UsageError("name files or folders to clean, or - for standard input")
    return ["-"]


def _check(options: argparse.Namespace, paths: list[str]) -> None:
    if options.workers < 0:
        raise UsageError("--workers is a number of processes, 0 or more")
    if options.page_seconds <= 0 or options.page_memory <= 0:
        raise UsageError("--page-seconds and --page-memory are above 0")
    if options.resume and (options.overwrite in (None, "-") or "-" in paths):
        raise UsageError("--resume goes on with the file that -O names, from files or folders")
    written = {Path(path).resolve() for path in (options.append, options.overwrite) if path}
    for path in paths:
        if path != "-" and Path(path).resolve() in written and not Path(path).is_dir():
            raise UsageError(
                f"{path} is the file which is read, and which is written: name another"
            )
    if options.overwrite not in (None, "-") and Path(options.overwrite).is_dir():
        raise UsageError(f"{options.overwrite} is a folder; name a file")
    given = (options.append, options.overwrite, options.rejects, options.resume, options.url)
    if options.shards and (any(given) or "-" in paths or options.unordered):
        raise UsageError(
            "--shards names its files itself, and takes none of -o, -O, --rejects, --resume, --url, -"
        )
    _check_executor(options)


def _check_executor(options: argparse.Namespace) -> None:
    if options.shards and is_remote(options.shards):
        raise UsageError("--shards is a folder, which all who write there see; no address")
    if options.executor is None:
        return
    if not options.shards:
        raise UsageError("--executor cleans file by file: name the folder of the --shards")
    if options.workers:
        raise UsageError("--workers are of this machine; with --executor the cluster has its own")
    check_address(options.executor)


def add_profile_option(parser: argparse.ArgumentParser) -> None:
    """Add --profiles."""
    parser.add_argument(
        "--profiles",
        metavar="FILE",
        help="drop what FILE, made by newscrawl profile, knows to recur",
    )


def given_profiles(options: argparse.Namespace) -> Profiles | None:
    """Read the file that --profiles names, if any."""
    return read_profiles(Path(options.profiles)) if options.profiles else None


def _are_lines(paths: list[str], input_format: str | None) -> bool:
    """Tell whether the input is JSON lines, so that each is answered by one."""
    if input_format:
        return input_format == "jsonl"
    return all(path != "-" and format_of(path) == "jsonl" for path in paths)


def with_url(
    pages: Iterable[Page | Rejected], url: str | None, moment: datetime | None = None
) -> Iterator[Page | Rejected]:
    """Give pages of unknown address, or time of download, those from the command line."""
    for page in pages:
        if isinstance(page, Rejected):
            yield page
        else:
            yield replace(page, url=page.url or url, fetched_at=page.fetched_at or moment)


def given_moment(text: str | None) -> datetime | None:
    """Read `--fetched-at`; a time without an offset is in UTC.

    Raises:
        UsageError: it is no time.

    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--fetched-at {text}: no time such as 2026-01-31T12:00+01:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write(
    ending: Ending, output: IO[bytes], rejects: IO[bytes] | None, options: argparse.Namespace
) -> None:
    write_ending(ending, output, rejects, answers_lines=options.answers_lines)
    # Line by line: who pipes a page in waits for its answer.
    output.flush()
    if ending.told and not options.answers_lines and not options.quiet:
        print(f"newscrawl: {ending.told}", file=sys.stderr)
