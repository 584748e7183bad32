"""What the tests of the workflow's actions share."""

from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from tests import agreement
from tests.factories import create, put


@pytest.fixture
def unchanged():
    """`with unchanged(task_id):` the block writes nothing of this Task."""

    @contextmanager
    def unchanged(task_id):
        before = agreement.everything(task_id)
        yield
        assert agreement.everything(task_id) == before

    return unchanged


@pytest.fixture
def failing(cast):
    """`with failing(task_id):` the database refuses the last row of what the block writes.

    The trigger goes with the transaction of the test. Nothing of the Task may be left changed.
    """

    @contextmanager
    def failing(task_id):
        before = agreement.everything(task_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "create function pg_temp.refuse() returns trigger language plpgsql as"
                " $$ begin raise exception 'refused by the test'; end $$"
            )
            cursor.execute(
                "create trigger refuse before insert on fhir_resourceversion"
                " for each row execute function pg_temp.refuse()"
            )
        with pytest.raises(DatabaseError, match="refused by the test"), transaction.atomic():
            yield
        assert agreement.everything(task_id) == before

    return failing


@pytest.fixture
def thread(cast):
    """A header that goes to the nurse, and a message of it, which is returned."""
    put(
        {
            "resourceType": "Communication",
            "id": "header",
            "status": "in-progress",
            "recipient": [{"reference": cast["nurse"].reference}],
        }
    )
    return create(
        {
            "resourceType": "Communication",
            "status": "completed",
            "partOf": [{"reference": "Communication/header"}],
        }
    )
