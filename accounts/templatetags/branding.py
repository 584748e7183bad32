"""What a site calls its own: its mark, and where its people sign in."""

from django import template
from django.conf import settings
from django.utils.translation import gettext as _

from accounts import branding
from accounts.site import setting

register = template.Library()


@register.simple_tag
def is_branded() -> bool:
    return bool(branding.site_colours())


@register.simple_tag
def undo_seconds() -> int:
    """For how long a page says what was done, and offers to take it back."""
    return setting("undo_seconds")


@register.inclusion_tag("accounts/_mark.html")
def site_mark() -> dict:
    return {"logo": settings.TASKWARD_LOGO}


@register.simple_tag
def sso() -> dict[str, str]:
    """Where those sign in who have an account elsewhere; no `url` where there is none."""
    label = settings.TASKWARD_SSO_LABEL or _("Continue with single sign-on")
    return {"url": settings.TASKWARD_SSO_URL, "label": label}
