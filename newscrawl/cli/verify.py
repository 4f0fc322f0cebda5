"""newscrawl verify."""

import argparse
from pathlib import Path
from typing import Final

from newscrawl.cli.exits import ExitCode
from newscrawl.corpus.manifest import manifest_of, read_manifest, verify
from newscrawl.wording import numbered

EXAMPLE: Final = """
examples:
  newscrawl verify corpus/
  newscrawl verify ferries.csv              an export into a file has its manifest beside it

Each file is compared with the manifest; of a file that is not as it was exported, the articles are named that are not.

exit codes: 0 all is as it was exported, 1 something is not, 2 wrong usage
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "path", metavar="PATH", type=Path, help="a folder or file that newscrawl export has made"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Check."""
    problems = list(verify(options.path))
    for problem in problems:
        print(problem)
    if not problems and not options.quiet:
        manifest = read_manifest(manifest_of(options.path))
        print(
            f"{numbered(len(manifest['files']), 'file')}, {numbered(manifest['articles'], 'article')}: as exported"
        )
    return ExitCode.FAILED if problems else ExitCode.OK
