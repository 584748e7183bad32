"""What pages need to lock themselves."""

from django import template

from accounts.lock import idle_limit

register = template.Library()


@register.simple_tag
def idle_seconds() -> int:
    """How long nobody may be there; 0 for any time."""
    limit = idle_limit()
    return int(limit.total_seconds()) if limit else 0
