"""Models that have not seen some publishers, put in the place of the shipped ones for a while."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import train_lines
from benchmarks.evalset import fold_of
from newscrawl import forest
from newscrawl.extraction.choice import FIRST_MODEL, SECOND_MODEL


@contextmanager
def models_in(folder: Path) -> Iterator[None]:
    """Read models from a folder; those that are not there, from the package."""
    shipped = forest.FOLDER
    for name in (FIRST_MODEL, SECOND_MODEL, "pages"):
        if not (folder / f"{name}.json").exists():
            (folder / f"{name}.json").write_bytes((shipped / f"{name}.json").read_bytes())
    forest.FOLDER = folder
    forest.load_forest.cache_clear()
    try:
        yield
    finally:
        forest.FOLDER = shipped
        forest.load_forest.cache_clear()


@contextmanager
def line_model_without(samples: list[train_lines.Sample], fold: int) -> Iterator[Path]:
    """Use line models that have seen no publisher of a fold; give the folder it stands in."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        others = [sample for sample in samples if fold_of(sample.truth) != fold]
        train_lines.write_models(others, folder)
        with models_in(folder):
            yield folder
