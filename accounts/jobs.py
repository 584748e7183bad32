"""Background work on accounts, and the care of the queue itself (design.md §7).

Jobs may run twice: each is safe to repeat.
"""

from django.core.management import call_command
from procrastinate import JobContext
from procrastinate.contrib.django import app

from fhir import idempotency
from fhir.subscriptions import delivering


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="clear_expired")
def clear_expired(timestamp: int) -> None:
    """Delete sessions and tokens that have ended, answers kept for repeats, and old events."""
    call_command("clearsessions")
    call_command("cleartokens")
    idempotency.forget()
    delivering.forget()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:
    """Take up jobs again whose worker was killed: they would stay `doing` for ever."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)
