"""Background work on Tasks. Jobs may run twice: each is safe to repeat."""

from django.utils import timezone
from procrastinate.contrib.django import app

from tasks.unserved import tell_coordinators


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="tell_coordinators")
def warn_of_unserved(timestamp: int) -> None:
    """Tell coordinators, once a day each, of pools that nobody serves and work that is left."""
    tell_coordinators(at=timezone.now())
