"""Every language is complete: what the code marks is translated, with the same placeholders."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from tasks.management.commands import translations

LANGUAGES = translations.translated_languages()
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(params=LANGUAGES)
def catalogue(request):
    with translations.catalogue_file(request.param).open("rb") as file:
        return read_po(file, locale=request.param)


def told(message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else [*message.string]


def asked(message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else [*message.id]


def test_spanish_is_spoken():
    assert LANGUAGES == ["es"]
    with translation.override("es"):
        assert translation.gettext("No connection: that was not done.").startswith("Sin conexión")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_what_the_code_says_and_no_more(language):
    written = translations.catalogue_file(language).read_text()
    assert written == translations.updated(language), "run manage.py translations"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language):
    file = translations.catalogue_file(language)
    made = translations.compiled(file.read_text(), language)
    assert file.with_suffix(".mo").read_bytes() == made, "run manage.py translations"


def test_every_message_is_translated(catalogue):
    missing = [message.id for message in catalogue if message.id and not all(told(message))]
    assert not missing
    assert not [message.id for message in catalogue if message.id and message.fuzzy]


def test_a_translation_fills_in_the_same(catalogue):
    """The singular may leave the number out: "one minute"."""
    wrong = []
    for message in catalogue:
        if not message.id:
            continue
        known = {*PLACEHOLDER.findall(asked(message)[-1])}
        for text in told(message):
            found = {*PLACEHOLDER.findall(text)}
            if found - known or (text == told(message)[-1] and known - found):
                wrong.append((message.id, text))
    assert not wrong


def test_messages_are_whole_literals():
    """What is put together before it is looked up is never found."""
    wrong = [
        (path, found)
        for path, code in translations.sources()
        for found in re.findall(r"(?:\b_|gettext(?:_lazy)?)\(f[\"'][^\"']*", code)
    ]
    assert not wrong


TRANSLATED = re.compile(
    r"{% blocktranslate.*?{% endblocktranslate %}|{% comment.*?{% endcomment %}|{#.*?#}", re.S
)
SPOKEN = {"alt", "aria-description", "aria-label", "aria-roledescription", "placeholder", "title"}
NAMES = {"API", "Taskward", "FHIR", "JSON", "CSV", "PDF", "Ctrl", "Enter", "Esc", "Shift"}
"""The same in every language."""


class Bare(HTMLParser):
    """Collects the words of a page that stand outside of what is translated."""

    def __init__(self):
        super().__init__()
        self.found, self.skipping = [], 0

    def handle_starttag(self, tag, attrs):
        self.skipping += tag in ("script", "style", "kbd")
        for name, value in attrs:
            if name in SPOKEN and value:
                self.handle_data(value)

    def handle_endtag(self, tag):
        self.skipping -= tag in ("script", "style", "kbd")

    def handle_data(self, data):
        words = {*re.findall(r"[A-Za-z]{2,}", data)}
        if words - NAMES and not self.skipping:
            self.found.append(" ".join(data.split()))


def test_templates_say_nothing_that_is_not_translated():
    wrong = {}
    for file in sorted((settings.TOP / "templates").rglob("*.html")):
        if file.name == "api_docs.html":
            continue  # the API is described in English
        text = TRANSLATED.sub("", file.read_text())
        text = re.sub(r"{%.*?%}|{{.*?}}", "", text, flags=re.S)
        page = Bare()
        page.feed(text)
        page.close()
        if page.found:
            wrong[file.relative_to(settings.TOP).as_posix()] = page.found
    assert not wrong
