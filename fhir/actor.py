"""Who is acting: what one request needs to know about a person or a client, read once."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The five roles (requirements.md T18). Each is a Django group of the same name."""

    ADMIN = "admin"
    COORDINATOR = "coordinator"
    PRACTITIONER = "practitioner"
    AUDITOR = "auditor"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in user with the rights that hold for this request.

    `reference` is the user's own FHIR reference ("Practitioner/x"), or "" for a user without one.
    `pools` are the ids of the pools that the user may see and claim from now; `coordinates` of
    those that the user coordinates. `scopes` narrow a token; None means no narrowing. `grant` is what
    stands behind the token, "client:7" or, for one of no client, "token:9"; "" for a session.
    """

    user_id: int
    username: str
    role: Role
    reference: str = ""
    display: str = ""
    pools: tuple[int, ...] = ()
    coordinates: tuple[int, ...] = ()
    scopes: frozenset[str] | None = None
    grant: str = ""

    is_authenticated: bool = field(default=True, init=False)
    is_active: bool = field(default=True, init=False)

    @property
    def pk(self) -> int:
        return self.user_id

    @property
    def reads_everything(self) -> bool:
        return self.role in (Role.ADMIN, Role.AUDITOR, Role.SERVICE)

    @property
    def writes_everything(self) -> bool:
        return self.role in (Role.ADMIN, Role.SERVICE)

    @property
    def name(self) -> str:
        """How versions and messages name this actor: a reference, or the user name."""
        return self.reference or f"User/{self.username}"


SYSTEM = Actor(user_id=0, username="system", role=Role.SERVICE, display="Taskward")
"""The server itself: commands and rules."""
