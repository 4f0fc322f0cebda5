"""newscrawl schema."""

import argparse
import json

from newscrawl.cli.exits import ExitCode
from newscrawl.jsonl import schema


def configure(parser: argparse.ArgumentParser) -> None:
    """Define the command's options."""
    parser.epilog = "example:\n  newscrawl schema > article.schema.json"
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> ExitCode:
    """Print the schema."""
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return ExitCode.OK
