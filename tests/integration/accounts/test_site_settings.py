"""What admins change while the server runs: used everywhere at once, and refused where it could not
be read."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import lock, site
from accounts.branding import style_sheet
from accounts.models import SiteSettings
from tasks import assets

FORM = "/admin/accounts/sitesettings/1/change/"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def nothing_stays():
    yield
    site.forget()


def save(page, **fields):
    return page("admin").post(FORM, fields)


def errors(answer) -> str:
    return " ".join(str(each) for each in answer.context["adminform"].form.errors.values())


def test_the_list_is_the_form_of_the_only_row(page):
    admin = page("admin")
    assert admin.get("/admin/accounts/sitesettings/")["Location"] == FORM
    text = admin.get(FORM).content.decode()
    assert 'placeholder="Northgate Family Health"' in text
    assert 'placeholder="#0a5a69,#58bccb"' in text
    assert SiteSettings.objects.count() == 0
    for path in ("/admin/accounts/sitesettings/add/", f"{FORM[:-7]}delete/"):
        assert admin.get(path).status_code == 403
    assert page("coordinator").get(FORM).status_code == 302


def test_what_is_chosen_holds_on_every_page_at_once(client, page, settings):
    answer = save(page, name="Lakeside Clinic", idle_minutes=12, undo_seconds=25, sla_goal=80)
    assert answer.status_code == 302, errors(answer)
    text = page("coordinator").get("/worklist/my").content.decode()
    assert "Lakeside Clinic" in text
    assert 'data-seconds="25"' in text and 'data-seconds="720"' in text
    assert "Lakeside Clinic" in client.get(LOGIN).content.decode()
    assert lock.idle_limit().total_seconds() == 720
    assert site.setting("sla_goal") == 80
    # What is empty is as the environment says, and a zero is no emptiness.
    assert site.setting("stats_smallest") == settings.TASKWARD_STATS_SMALLEST
    assert save(page, idle_minutes=0).status_code == 302
    assert lock.idle_limit() is None
    assert site.setting("name") == settings.TASKWARD_SITE_NAME


def test_colours_come_after_ours_and_under_another_address_when_they_change(client, page):
    assert "site.css" not in client.get(LOGIN).content.decode()
    sent = {"brand": "#5b2a86,#cba6f0", "on_brand": "#ffffff,#26073d"}
    assert save(page, **sent, brand_tint="#f1e8f9,#2f1c42").status_code == 302
    before = assets.url("site.css")
    assert before in client.get(LOGIN).content.decode()
    assert "--brand: light-dark(#5b2a86, #cba6f0);" in client.get(before).content.decode()
    text = page("admin").get(FORM).content.decode()
    assert 'fill="#5b2a86"' in text and 'fill="#cba6f0"' in text
    assert save(page, **sent, brand_tint="#f5effb,#2f1c42").status_code == 302
    assert assets.url("site.css") != before
    # A page of a moment ago asks for what was there before.
    assert client.get(before)["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"brand": "red"}, "Write #rrggbb for both themes"),
        ({"brand_tint": "#ffffff,#000000,#111111"}, "it should contain no more than 2"),
        ({"brand": "#9fd3dc,#58bccb"}, "In the light theme, --on-brand #ffffff on --brand #9fd3dc"),
        ({"idle_minutes": 31}, "less than or equal to 30"),
        ({"undo_seconds": 1}, "greater than or equal to 5"),
        ({"stats_smallest": 0}, "greater than or equal to 1"),
        ({"sla_goal": 101}, "less than or equal to 100"),
    ],
)
def test_what_could_not_be_read_or_used_is_refused(page, fields, said):
    answer = save(page, **fields)
    assert answer.status_code == 200
    assert said in errors(answer)
    assert SiteSettings.objects.count() == 0
    assert style_sheet() == ""


def test_there_is_one_row(db):
    SiteSettings(pk=1).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSettings(pk=2).save()


def test_no_page_asks_for_it_twice(page):
    nurse = page("nurse")
    site.forget()
    nurse.get("/worklist/my")
    with CaptureQueriesContext(connection) as asked:
        nurse.get("/worklist/my")
    assert not [each for each in asked if "sitesettings" in each["sql"]]
