"""Who may write why a Task moved."""

from fhir.actor import Actor
from fhir.errors import Forbidden


def check_change(actor: Actor, before: dict | None, after: dict | None) -> None:
    """A practitioner records what she did herself, once; nobody but an admin edits it later.

    The target is not looked at: she may have just rerouted it away (T4), and whether it exists is
    not for her to learn (T5).
    """
    if actor.writes_everything:
        return
    if before is not None:
        raise Forbidden("A Provenance is a record: it is not changed.")
    agents = [agent.get("who", {}).get("reference") for agent in after.get("agent", [])]
    if not actor.reference or actor.reference not in agents:
        raise Forbidden("You may record what you did yourself: name yourself as agent.who.")
