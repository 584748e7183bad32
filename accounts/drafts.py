"""What users have begun on a page and not sent. A draft is its user's alone, on every device."""

from datetime import datetime

from accounts.models import Draft

LONGEST = 20_000
"""Characters of all fields; what is longer is not kept."""


def kept(user_id: int, page: str) -> Draft | None:
    return Draft.objects.filter(user_id=user_id, page=page).first()


def keep(user_id: int, page: str, fields: dict[str, str], *, at: datetime) -> Draft | None:
    """None, and nothing kept, when nothing has been filled in."""
    said = {name: value for name, value in fields.items() if value}
    if not said or sum(map(len, said.values())) > LONGEST:
        discard(user_id, page)
        return None
    return Draft.objects.update_or_create(
        user_id=user_id, page=page, defaults={"fields": said, "saved_at": at}
    )[0]


def discard(user_id: int, page: str) -> None:
    Draft.objects.filter(user_id=user_id, page=page).delete()
