"""SMART App Launch scopes: what a token may do, which only ever narrows its user's role.

A scope is `user/Task.rs`: a context, a type or `*`, and letters of `cruds` (create, read, update,
delete, search). The names of version 1 (`user/Task.read`) are read too. A scope with a query
(`user/Task.rs?status=…`) would narrow further than we can, so it grants nothing.
https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

from django.utils.translation import gettext as _

from fhir.actor import Actor
from fhir.errors import Forbidden

CONTEXTS = ("user", "system")
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


def allows(actor: Actor, type_name: str, letter: str) -> bool:
    """Whether the actor's token may do `letter` to this type; a token without scopes may."""
    if actor.scopes is None:
        return True
    for scope in actor.scopes:
        context, _, rest = scope.partition("/")
        scoped_type, _, letters = rest.rpartition(".")
        if context in CONTEXTS and scoped_type in (type_name, "*"):
            if letter in VERSION_1.get(letters, letters if set(letters) <= set("cruds") else ""):
                return True
    return False


def check_scope(actor: Actor, type_name: str, letter: str) -> None:
    """Raise Forbidden unless the token's scopes allow this."""
    if not allows(actor, type_name, letter):
        raise Forbidden(_("The scopes of this token do not allow this."))
