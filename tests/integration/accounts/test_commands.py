"""api_token and reindex as an operator types them."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from tasks.models import Task
from tests.factories import pool_task


def test_api_token_prints_a_token_that_works(cast, capsys):
    call_command("api_token", "maya", days=2)
    token = capsys.readouterr().out.strip()
    answer = Client().get("/api/fhir/Task", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_api_token_narrows_by_scope(cast, capsys):
    call_command("api_token", "maya", scope=["user/Patient.rs"])
    token = capsys.readouterr().out.strip()
    answer = Client().get("/api/fhir/Task", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


@pytest.mark.parametrize("arguments", [["nobody"], ["maya", "--days=0"]])
def test_api_token_refuses_what_makes_no_sense(cast, arguments):
    with pytest.raises(CommandError):
        call_command("api_token", *arguments)


def test_reindex_finds_and_mends_what_disagrees(cast, capsys):
    task = Task.objects.get(resource_id=pool_task(note=[{"text": "x"}])["id"])
    call_command("reindex", check=True)
    Task.objects.filter(pk=task.pk).update(priority=4, pool=None)
    task.notes.all().delete()
    with pytest.raises(CommandError, match="1 resources have stale"):
        call_command("reindex", check=True)
    call_command("reindex")
    call_command("reindex", check=True)
    mended = Task.objects.get(pk=task.pk)
    assert (mended.priority, mended.pool.slug) == (1, "registered-nurse")
    assert mended.notes.count() == 1
