"""What the scripts of the pages say by themselves, in the language of the page.

`words` of static/js/core.js. What stands in braces is filled in there.
"""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tasks import times

BOTH = (1, 2)


def words() -> dict[str, str | list[str]]:
    """By the name that the scripts ask for; a pair is for one and for several."""
    return {
        "live": _("Live"),
        "checking": _("Checking"),
        "lost": _("No connection since {time}"),
        "stale": _("Not updated since {time}"),
        "halves": times.halves(),
        "undone": _("No connection: that was not done."),
        "slow": _("Slow down, retry in {seconds} s."),
        "copied": _("Link copied. Who opens it sees what they may see."),
        "failed": _("The server could not answer: that was not done. Try again."),
        "new": [ngettext("{count} new, show", "{count} new, show", n) for n in BOTH],
        "place": _("{place} of {total}"),
        "overdue": _("Overdue {time}"),
        "due": _("Due {time}"),
        "in": _("in {time}"),
        "instant": _("under 1 min"),
        "minutes": _("{minutes} min"),
        "hours": _("{hours} h {minutes} min"),
        "days": [ngettext("{days} day", "{days} days", n) for n in BOTH],
    }
