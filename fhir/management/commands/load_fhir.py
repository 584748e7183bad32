"""`manage.py load_fhir PATH…`: loads Bundles and NDJSON files."""

import sys
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from fhir.loading import SUFFIXES, load, read

STDIN = Path("-")


class Command(BaseCommand):
    help = (
        "Load FHIR R4 resources from NDJSON files and Bundles of any size. Each resource is put by"
        " its id, so it is safe to repeat. What is refused is named on stderr, and the rest loaded."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "paths", nargs="+", metavar="PATH", help="a file, a folder of files, or - for stdin"
        )

    def handle(self, *, paths, **options):
        files = [file for path in paths for file in files_of(Path(path))]
        loaded, refused, done, began = 0, 0, 0, monotonic()
        total = None if STDIN in files else sum(file.stat().st_size for file in files)
        with self.progress() as progress:
            bar = progress.add_task("", total=total)
            for file in files:
                name = "stdin" if file == STDIN else str(file)
                progress.update(bar, description=file.name)
                with opened(file) as stream:
                    for outcome in load(read(stream, suffix=file.suffix.lower())):
                        loaded += outcome.loaded
                        refused += len(outcome.refused)
                        for item in outcome.refused:
                            self.say(progress, f"{name}, {item.name}: {item.refusal}")
                        if total is not None:
                            progress.update(bar, completed=done + stream.tell())
                if total is not None:
                    done += file.stat().st_size
        seconds = monotonic() - began
        self.stdout.write(
            f"{loaded:,} resources loaded from {counted(len(files), 'file')} in {seconds:.1f} s."
        )
        if refused:
            raise CommandError(
                f"{counted(refused, 'resource')} refused, named above.", returncode=1
            )

    def say(self, progress, line):
        """To stderr, above the bar where there is one."""
        if progress.disable:
            self.stderr.write(line)
        else:
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def progress(self):
        """A bar for people; nothing where the output is read by something else."""
        return Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def files_of(path: Path) -> list[Path]:
    """The file, or those of a folder by name. Raises CommandError when there is none."""
    if path == STDIN or path.is_file():
        return [path]
    if not path.is_dir():
        raise CommandError(f"There is no file or folder {path}.")
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise CommandError(f"The folder {path} holds no {', '.join(SUFFIXES)} file.")
    return files


@contextmanager
def opened(file: Path):
    """The file as a binary stream. Raises CommandError for one that cannot be read."""
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    with stream:
        yield stream
