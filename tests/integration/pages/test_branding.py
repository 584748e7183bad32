"""A site's own name, logo and colours; and that every colour of ours can be read."""

import pytest

from accounts import branding
from accounts.branding import CONTROL, TEXT, check_branding, contrast
from tasks import assets

LOGIN = "/accounts/login/"

SURFACES = ("surface", "surface-2", "surface-3", "canvas")
TEXTS = [
    *((ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in SURFACES),
    *(
        (ink, ground)
        for ink in ("brand", "danger", "warn", "ok")
        for ground in ("surface", "surface-2")
    ),
    *branding.PAIRS,
    ("on-brand", "brand-hover"),
    ("brand", "select"),
    ("stat-ink", "stat-bg"),
    ("asap-ink", "asap-bg"),
    ("urgent-ink", "urgent-bg"),
    ("danger", "danger-bg"),
    ("warn", "warn-bg"),
    ("ok", "ok-bg"),
    ("patient-ink", "patient-bg"),
    ("on-toast", "toast"),
]
CONTROLS = [
    *((edge, ground) for edge in ("control", "focus", "brand") for ground in SURFACES[:2]),
    ("focus", "canvas"),
    ("danger", "canvas"),
]


@pytest.mark.parametrize("theme", [0, 1], ids=[*branding.THEMES])
@pytest.mark.parametrize(
    ("pairs", "least"), [(TEXTS, TEXT), (CONTROLS, CONTROL)], ids=["text", "controls"]
)
def test_our_own_colours_can_be_read(theme, pairs, least):
    tokens = branding.tokens()
    ratios = {
        pair: round(contrast(tokens[pair[0]][theme], tokens[pair[1]][theme]), 2) for pair in pairs
    }
    assert not {pair: ratio for pair, ratio in ratios.items() if ratio < least}


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ffffff", "#ffffff") == 1


def ids() -> list[str]:
    return [each.id for each in check_branding(None)]


def test_a_site_that_sets_nothing_gets_no_style_sheet_of_its_own(client):
    assert check_branding(None) == []
    assert branding.style_sheet() == ""
    assert "site.css" not in client.get(LOGIN).content.decode()


def test_a_site_gets_its_colours_after_ours(client, settings):
    settings.TASKWARD_BRAND = ["#5b2a86", "#cba6f0"]
    settings.TASKWARD_ON_BRAND = ["#ffffff", "#26073d"]
    settings.TASKWARD_BRAND_TINT = ["#f1e8f9", "#2f1c42"]
    settings.TASKWARD_SITE_NAME = "Lakeside Clinic"
    settings.TASKWARD_LOGO = "/static/img/icon.svg"
    assert check_branding(None) == []
    text = client.get(LOGIN).content.decode()
    assert text.index("app.css") < text.index("site.css")
    assert "Lakeside Clinic" in text
    assert '<img class="mark logo" src="/static/img/icon.svg" alt="">' in text
    sheet = client.get(assets.url("site.css"))
    assert sheet["Content-Type"] == "text/css; charset=utf-8"
    assert "--brand: light-dark(#5b2a86, #cba6f0);" in sheet.content.decode()


def test_one_colour_is_for_both_themes(settings):
    settings.TASKWARD_BRAND_TINT = ["#e2f1f3"]
    assert "--brand-tint: light-dark(#e2f1f3, #e2f1f3)" in branding.style_sheet()


@pytest.mark.parametrize("colours", [["red"], ["#123"], ["#12345g"], ["#000000"] * 3, ["}"]])
def test_what_is_no_colour_is_refused(settings, colours):
    settings.TASKWARD_BRAND = colours
    assert ids() == ["accounts.E001"]


def test_a_pair_that_cannot_be_read_is_refused(settings):
    settings.TASKWARD_BRAND = ["#9fd3dc", "#58bccb"]
    found = check_branding(None)
    assert {each.id for each in found} == {"accounts.E002"}
    assert "In the light theme, --on-brand #ffffff on --brand #9fd3dc" in found[0].msg


@pytest.mark.parametrize(
    "logo", ["https://cdn.example/logo.png", "//cdn.example/logo.png", "logo.png"]
)
def test_a_logo_of_another_server_is_refused(settings, logo):
    settings.TASKWARD_LOGO = logo
    assert ids() == ["accounts.E003"]


@pytest.mark.parametrize("url", ["http://sso.example/", "javascript:alert(1)", "//sso.example"])
def test_so_is_a_sign_on_that_is_not_safe(settings, url):
    settings.TASKWARD_SSO_URL = url
    assert ids() == ["accounts.E004"]


def test_single_sign_on_is_offered_where_a_site_has_it(client, settings):
    assert "sign-on" not in client.get(LOGIN).content.decode()
    settings.TASKWARD_SSO_URL = "https://sso.example/start"
    settings.TASKWARD_SSO_LABEL = "Continue with hospital sign-on"
    text = client.get(LOGIN).content.decode()
    assert (
        '<a class="btn p wide" href="https://sso.example/start">Continue with hospital sign-on</a>'
        in text
    )
