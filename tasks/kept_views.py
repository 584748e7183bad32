"""Views that people keep: a list with what narrows it, its order and its look, under a name."""

from datetime import datetime

from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import Pool
from fhir.actor import Actor
from fhir.errors import Conflict, Forbidden, InvalidSearch
from fhir.once import reading
from tasks.look import Look
from tasks.models import SavedView
from tasks.worklist import (
    Count,
    View,
    as_kept,
    count_each,
    opens,
    pools_shown,
    saved_views,
)

MOST = 50
"""Views that one user keeps."""


def query_of(view: View) -> str:
    """What a view keeps of a list: never the patient that it was narrowed to."""
    order = urlencode({"sort": view.sort})
    look = view.look.query if view.look.table else ""
    return "&".join(filter(None, (view.facets.without_patient().query, order, look)))


def save(view: View, name: str, actor: Actor, *, share: str = "") -> SavedView:
    """Keep a list as it is now. `share` is the slug of the pool whose members may use it too."""
    if SavedView.objects.filter(owner_id=actor.user_id).count() >= MOST:
        raise Conflict(_("You keep as many views as one may: delete one first."))
    return SavedView.objects.create(
        owner_id=actor.user_id,
        name=_named(name),
        base=view.saved.base if view.saved else view.key,
        query=query_of(view),
        pool=_pool(share, actor),
    )


def change(
    saved: SavedView, actor: Actor, *, name: str, share: str, view: View | None = None
) -> None:
    """Another name, other readers, and with `view` what it shows now."""
    _hers(saved, actor)
    saved.name, saved.pool = _named(name), _pool(share, actor)
    if view is not None:
        saved.query = query_of(view)
    saved.save()


def delete(saved: SavedView, actor: Actor) -> None:
    _hers(saved, actor)
    saved.delete()


@reading
def counts(actor: Actor, *, now: datetime) -> list[tuple[SavedView, Count]]:
    pools = pools_shown(actor)
    kept = [each for each in saved_views(actor) if opens(each, actor, pools)][:MOST]
    counted = count_each([as_kept(each, actor) for each in kept], actor, now=now)
    return list(zip(kept, counted, strict=True))


def keep_look(saved: SavedView, look: Look) -> None:
    query = QueryDict(saved.query, mutable=True)
    query.pop("mode", None)
    query.pop("column", None)
    asked = query.urlencode()
    saved.query = "&".join(filter(None, (asked, look.query if look.table else "mode=split")))
    saved.save(update_fields=["query"])


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > SavedView._meta.get_field("name").max_length:
        raise InvalidSearch(_("A view needs a name of no more than 60 characters."))
    return name


def _hers(saved: SavedView, actor: Actor) -> None:
    if saved.owner_id != actor.user_id:
        raise Forbidden(_("Only who keeps a view may change it."))


def _pool(slug: str, actor: Actor) -> Pool | None:
    if not slug:
        return None
    pool = Pool.objects.filter(slug=slug, pk__in={*actor.pools, *actor.coordinates}).first()
    if pool is None:
        raise Forbidden(_("A view can be shared with a pool of yours only."))
    return pool
