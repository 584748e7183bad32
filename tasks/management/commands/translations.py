"""manage.py translations: bring locale/ up to date with what the code and the templates say.

Babel reads and writes the catalogues, so that nobody needs GNU gettext; what is compiled is
committed, so that nothing has to be compiled before the first start.
"""

import ast
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation.template import templatize

from tasks import shipped
from tasks.absence import ON_LEAVE
from tasks.dialogs import DUE_REASONS, ESCALATE_REASONS
from tasks.reasons import REROUTED, WITHOUT_REPLY

APPS = ("accounts", "communications", "config", "fhir", "tasks")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "gettext_noop": None,
}
TAGS = ("Translators:",)
"""Comments that begin so are for translators too."""


def catalogue_file(language: str) -> Path:
    return settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po"


def translated_languages() -> list[str]:
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def sources() -> Iterator[tuple[str, str]]:
    """The path and text of all that may be translated; templates as the Python they amount to."""
    for file in sorted((settings.TOP / "templates").rglob("*.html")):
        code = templatize(file.read_text(), origin=str(file))
        # Indented as templates are, it would be no Python.
        yield _path(file), "\n".join(line.strip() for line in code.splitlines())
    for app in APPS:
        for file in sorted((settings.TOP / app).rglob("*.py")):
            if "migrations" not in file.parts:
                yield _path(file), file.read_text()


def _path(file: Path) -> str:
    return file.relative_to(settings.TOP).as_posix()


def extracted() -> Catalog:
    """Everything that is marked as translatable, with the files that say it."""
    found = Catalog()
    for path, code in sources():
        lines = BytesIO(code.encode())
        for line, message, comments, context in extract(extract_python, lines, KEYWORDS, TAGS):
            found.add(message, None, [(path, line)], auto_comments=comments, context=context)
    for text in _shipped():
        found.add(text, None, [("tasks/shipped.py", 1)])
    for path, docstring in _refusals():
        found.add(docstring, None, [(path, 1)])
    return found


def _shipped() -> Iterator[str]:
    """What kinds of work, stages and reasons are called that a site begins with."""
    yield from (each.display for each in shipped.CATEGORIES.values())
    for task_type in shipped.TYPES:
        yield task_type.title
        yield from (each.display for each in task_type.stages)
    for kind in (*shipped.REASONS.values(), WITHOUT_REPLY, ESCALATE_REASONS, DUE_REASONS):
        yield from (each.display for each in kind)
    yield from (REROUTED.display, ON_LEAVE["text"])


def _refusals() -> Iterator[tuple[str, str]]:
    """The docstrings of errors: what they say unless told otherwise (fhir.errors)."""
    classes = [
        (path, each)
        for path, code in sources()
        if path.endswith(".py")
        for each in ast.parse(code).body
        if isinstance(each, ast.ClassDef)
    ]
    errors = {"FhirError"}
    for _ in range(3):  # errors of errors of errors
        errors |= {
            each.name
            for _, each in classes
            if {base.id for base in each.bases if isinstance(base, ast.Name)} & errors
        }
    for path, each in classes:
        if each.name in errors and (said := ast.get_docstring(each, clean=False)):
            yield path, said


def updated(language: str) -> str:
    """The catalogue as it should be: a new message is there untranslated, an old one is gone."""
    file = catalogue_file(language)
    with file.open("rb") as stored:
        catalogue = read_po(stored, locale=language)
    catalogue.update(extracted(), no_fuzzy_matching=True, update_creation_date=False)
    written = BytesIO()
    write_po(
        written, catalogue, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False
    )
    return written.getvalue().decode()


def compiled(text: str, language: str) -> bytes:
    written = BytesIO()
    write_mo(written, read_po(StringIO(text), locale=language))
    return written.getvalue()


class Command(BaseCommand):
    help = "Bring the catalogues of locale/ up to date, and compile them."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="Only say whether they are.")

    def handle(self, *args, check, **options):
        for language in translated_languages():
            file, text = catalogue_file(language), updated(language)
            if check and file.read_text() != text:
                raise CommandError(f"{file} is out of date: run manage.py translations.")
            if not check:
                file.write_text(text)
                file.with_suffix(".mo").write_bytes(compiled(text, language))
