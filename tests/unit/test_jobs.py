"""What runs in the background is known to whoever runs it."""

from procrastinate.contrib.django import app


def test_the_jobs_of_the_apps_are_periodic_work():
    names = {name for name, _ in app.periodic_registry.periodic_tasks}
    assert names >= {
        "accounts.jobs.clear_expired",
        "accounts.jobs.retry_stalled",
        "tasks.jobs.warn_of_unserved",
    }
