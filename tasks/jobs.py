"""Background work on Tasks. Jobs may run twice: each is safe to repeat."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tasks.rules import engine
from tasks.unserved import tell_coordinators


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="tell_coordinators")
def warn_of_unserved(timestamp: int) -> None:
    """Tell coordinators, once a day each, of pools that nobody serves and of work left alone."""
    tell_coordinators(at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="look_at_waits")
def look_at_waits(timestamp: int) -> None:
    """Let the rules on time look at what has waited too long, and try again what has failed."""
    engine.look()
    engine.retry()
