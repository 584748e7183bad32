"""Which key stands for which."""

import re

from django.conf import settings

from accounts.keys import KEYS, pressed, remapped, shared


def test_what_somebody_chose_stands_for_what_was_there_at_first():
    chosen = {"claim": "n", "claim-next": "5", "hold": ""}
    assert [pressed(each, chosen) for each in "cnhj"] == ["n", "5", "", "j"]
    assert remapped(chosen) == {"c": "", "n": "c", "5": "n", "h": ""}
    assert remapped({}) == {}


def test_a_key_does_one_thing():
    assert shared({}) == []
    assert [each.code for each in shared({"claim": "n", "hold": "", "watch": ""})] == [
        "claim", "claim-next",
    ]  # fmt: skip


def test_every_key_that_a_page_names_can_be_another():
    named = set()
    for file in (settings.TOP / "templates").rglob("*.html"):
        named |= {*re.findall(r'{% (?:key|shortcut) "(.)"', file.read_text())}
    assert {each.lower() for each in named} <= {each.default for each in KEYS}
