"""The single keys of the pages, and those that somebody has put in their place (WCAG 2.1.4).

A page names each by the key that it has at first; what is pressed is looked up by the scripts.
"""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _


class Key(NamedTuple):
    code: str
    default: str
    label: str


KEYS = (
    Key("next", "j", _("Next task")),
    Key("previous", "k", _("Previous task")),
    Key("go", "g", _("Go to a list, with another key")),
    Key("search", "/", _("Search")),
    Key("claim", "c", _("Claim")),
    Key("claim-next", "n", _("Claim next")),
    Key("start", "s", _("Start work")),
    Key("complete", "e", _("Complete")),
    Key("reply", "a", _("Reply to patient, assign")),
    Key("reroute", "r", _("Reroute")),
    Key("hold", "h", _("Hold or resume")),
    Key("release", "u", _("Release to pool")),
    Key("stage", ".", _("Next stage")),
    Key("due", "d", _("Change due date")),
    Key("note", "m", _("Add note")),
    Key("watch", "w", _("Watch")),
    Key("select", "x", _("Select task")),
    Key("look", "v", _("Split or table")),
    Key("privacy", "p", _("Hide patient details")),
    Key("undo", "z", _("Undo last action")),
    Key("help", "?", _("This help")),
)
_CODES = {each.default: each.code for each in KEYS}


def pressed(default: str, chosen: dict[str, str]) -> str:
    """The key that does now what `default` did at first; "" for none. `chosen` is User.keys."""
    return chosen.get(_CODES[default], default)


def remapped(chosen: dict[str, str]) -> dict[str, str]:
    """What is pressed → the key that it stands for, as far as that is another; "" for nothing."""
    changed = [each for each in KEYS if pressed(each.default, chosen) != each.default]
    freed = {each.default: "" for each in changed}
    taken = {pressed(each.default, chosen): each.default for each in changed}
    return {key: default for key, default in (freed | taken).items() if key}


def shared(chosen: dict[str, str]) -> list[Key]:
    """Those whose key another one has, too."""
    used = [pressed(each.default, chosen) for each in KEYS]
    return [each for each, key in zip(KEYS, used, strict=True) if key and used.count(key) > 1]
