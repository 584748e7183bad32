"""Sessions that know when somebody was there last, and whether they are locked (accounts.lock).

Both stand in a column beside Django's data: what a request saves of the data, it saves as it found
it, and must not open a lock that came meanwhile.
"""

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone


class Session(AbstractBaseSession):
    """Ends twelve hours after the sign-in (SESSION_COOKIE_AGE), whatever is done in it."""

    seen_at = models.DateTimeField(null=True, default=timezone.now)
    """When somebody was there last; null while it is locked by hand."""

    class Meta(AbstractBaseSession.Meta):
        db_table = "accounts_session"

    @classmethod
    def get_session_store_class(cls):
        return SessionStore

    def save(self, *, force_update: bool = False, **options) -> None:
        if force_update:
            options["update_fields"] = ["session_data"]
        super().save(force_update=force_update, **options)


class SessionStore(db.SessionStore):
    seen_at: datetime | None = None
    """As it was when this request began."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        found = super()._get_session_from_db()
        if found:
            self.seen_at = found.seen_at
        return found

    def see(self, at: datetime) -> None:
        """Somebody is there; unless somebody else has said something else since."""
        self._rows().filter(seen_at=self.seen_at).update(seen_at=at)

    def lock(self) -> None:
        self._rows().update(seen_at=None)

    def unlock(self, at: datetime) -> None:
        self._rows().update(seen_at=at)

    def _rows(self) -> models.QuerySet[Session]:
        return Session.objects.filter(session_key=self.session_key)
