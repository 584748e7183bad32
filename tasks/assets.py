"""Our own style sheets, script and sheet of icons.

They are kept in files by concern and sent joined in the order given here and made small, under an
address that changes with what is in it: browsers keep them for good.
"""

import re
from functools import cache, partial
from hashlib import sha256

import minify
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe
from lucide.templatetags.lucide import lucide

from accounts import branding

STYLES = {
    "app.css": (
        *("tokens", "base", "layout", "controls", "list", "top", "toast", "bulk"),
        *("utilities", "small", "print"),
    ),
    "task.css": ("task", "thread", "focus", "dialog", "new", "small"),
    "coordination.css": ("people", "board", "handover", "analytics", "profile", "search"),
    "admin.css": ("tokens", "admin"),
}
"""Files of static/css. The layers that they name come first; in a layer the later one wins.

What a list needs is in the first, what a task and dialogs need besides in the second: a list
without a task loads that when it is there. What is said for small windows is said after either.
A page of its own kind asks for the third.
"""
_EVERYWHERE = (
    *("core", "dialogs", "privacy", "select", "keys", "swap", "clock", "presence", "live", "lists"),
    *("lock", "start"),
)
SCRIPTS = {
    "app.js": _EVERYWHERE,
    "board.js": (*_EVERYWHERE, "board"),
}
"""Files of static/js, one after the other in one function: they share what they declare.

The page of the board asks for the second in place of the first.
"""
ICONS = (
    "alarm-clock", "arrow-down-wide-narrow", "arrow-right", "arrow-up", "ban", "bookmark", "list-filter", "panel-left", "calendar-clock", "chart-column", "check",
    "chevron-down", "chevron-left", "chevron-up", "circle-check", "circle-question-mark", "circle-x",
    "clipboard-list", "clock", "columns-3", "contrast", "corner-up-right", "download", "ellipsis", "eye", "eye-off", "file-text",
    "flask-conical", "hand", "history", "image", "inbox", "info", "keyboard", "link", "link-2-off",
    "list-checks", "lock", "log-out", "message-square", "milestone", "paperclip", "pause",
    "pencil", "pill", "play", "plus", "printer", "rows-3", "search", "send", "settings-2", "shield-alert",
    "shield-check", "shuffle", "siren", "sticky-note", "stethoscope", "triangle-alert", "undo-2", "user-round", "user-round-plus", "users-round", "wifi-off", "x",
)  # fmt: skip
"""Every icon of lucide that the pages use: https://lucide.dev/icons/"""


def _read(kind: str, names: tuple[str, ...]) -> str:
    return "".join(
        (settings.STATICFILES_DIRS[0] / kind / f"{name}.{kind}").read_text() for name in names
    )


def _style(files: tuple[str, ...]) -> str:
    return minify.string("text/css", _read("css", files))


def _script(files: tuple[str, ...]) -> str:
    """One function, whose own names are shortened."""
    return minify.string("text/javascript", f"(() => {{'use strict';{_read('js', files)}}})();")


def _icons() -> str:
    symbols = "".join(
        f'<symbol id="{name}" viewBox="0 0 24 24">{_paths(name)}</symbol>' for name in ICONS
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


def _paths(name: str) -> str:
    svg = re.sub(r"\s+", " ", lucide(name))
    return re.sub(r"^\s*<svg[^>]*>|</svg>\s*$", "", svg).strip()


MADE = {
    **{name: (partial(_style, files), "text/css") for name, files in STYLES.items()},
    "site.css": (branding.style_sheet, "text/css"),
    **{name: (partial(_script, files), "text/javascript") for name, files in SCRIPTS.items()},
    "icons.svg": (_icons, "image/svg+xml"),
}


CHANGING = {"site.css"}
"""What admins may change while the server runs: a few lines, made each time."""


@cache
def _kept(name: str) -> tuple[str, str]:
    make, _ = MADE[name]
    text = make()
    return text, sha256(text.encode()).hexdigest()[:12]


def asset(name: str) -> tuple[str, str]:
    """What is sent, and the digest of it; made once, or each time while debugging."""
    return _kept.__wrapped__(name) if settings.DEBUG or name in CHANGING else _kept(name)


def url(name: str) -> str:
    """The address of one of MADE, for example "app.css"."""
    return reverse("asset", args=[asset(name)[1], name])


@login_not_required
@require_safe
def serve(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """One of them. A page of before an upgrade asks for another digest, and gets what there is."""
    if name not in MADE:
        raise Http404
    text, current = asset(name)
    response = HttpResponse(text, content_type=f"{MADE[name][1]}; charset=utf-8")
    kept = "public, max-age=31536000, immutable" if digest == current else "no-cache"
    response["Cache-Control"] = kept
    return response
