"""What the scripts say comes with the page, in its language."""

import json
import re
from html import unescape

from django.conf import settings

from tasks import assets
from tasks.words import words


def scripts() -> list[tuple[str, str]]:
    """The name and the text of each file that is sent to pages."""
    folder = settings.STATICFILES_DIRS[0] / "js"
    names = [name for bundle in assets.SCRIPTS.values() for name in bundle]
    return [(name, (folder / f"{name}.js").read_text()) for name in names]


def test_the_page_brings_the_words_of_its_scripts(page):
    text = page("nurse").get("/worklist/my").content.decode()
    told = json.loads(unescape(re.search(r'data-words="([^"]*)"', text)[1]))
    assert told == words()
    assert told["days"] == ["{days} day", "{days} days"]


def test_the_scripts_ask_for_no_word_that_is_not_there_and_for_every_one_that_is():
    said = "".join(code for _, code in scripts())
    said = said.replace("words[state]", "words.live words.checking words.lost words.stale")
    assert {*re.findall(r"\bwords\.(\w+)", said)} == {*words()}


def test_the_scripts_have_no_sentences_of_their_own():
    """A capital, a small letter and a space: words for a reader."""
    for name, code in scripts():
        code = re.sub(r"^\s*//.*$", "", code, flags=re.M)
        assert not re.findall(r"[\"'`][A-Z][a-z]+ [^\"'`]*[\"'`]", code), name
