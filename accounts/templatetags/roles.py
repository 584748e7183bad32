"""What somebody is here, in words."""

from django import template

from accounts.models import Pool

register = template.Library()


@register.simple_tag(takes_context=True)
def roles(context: template.Context) -> list[str]:
    """The role of whoever looks, and the pools that she is in."""
    actor = getattr(context["request"], "actor", None)
    if not actor:
        return []
    pools = Pool.objects.filter(pk__in={*actor.pools, *actor.coordinates})
    return [actor.role.capitalize(), *(pool.name for pool in pools)]
