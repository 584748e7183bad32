"""What people type on a Task: a reason, or a note."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tasks import times
from tasks.document import instant_of
from tasks.reasons import Reason


class ReasonForm(forms.Form):
    """Why a Task is paused or ended: a coded choice, and a text that "other" needs."""

    reason = forms.CharField(required=False)
    note = forms.CharField(required=False, max_length=4000)

    def __init__(self, reasons: Sequence[Reason], *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.reasons = reasons

    def clean(self):
        data = super().clean()
        known = {each.code: each for each in self.reasons}
        chosen = known.get(data.get("reason", ""))
        text = (data.get("note") or "").strip()
        if chosen is None:
            self.add_error("reason", _("Choose a reason."))
        elif chosen.is_other:
            if text:
                data["concept"], data["note"] = {"text": text}, ""
            else:
                self.add_error("note", _("Say in a few words what the other reason is."))
        else:
            data["concept"], data["note"] = chosen.as_concept(), text
        return data

    @property
    def said(self) -> dict[str, Any]:
        """What the action takes."""
        return {"reason": self.cleaned_data["concept"], "note": self.cleaned_data["note"]}


class HoldForm(ReasonForm):
    """What paused work waits for, and when it is expected to go on."""

    day = forms.CharField(required=False)
    time = forms.CharField(required=False)

    def clean(self):
        data = super().clean()
        try:
            data["until"] = times.written(data.get("day", ""), data.get("time", ""))
        except ValueError:
            self.add_error("day", _("Say which day, and the time only with it."))
            return data
        if data["until"] and instant_of(data["until"]) <= timezone.now():
            self.add_error("day", _("Say a time to come: that has passed."))
        return data

    @property
    def said(self) -> dict[str, Any]:
        return super().said | {"until": self.cleaned_data["until"]}


class NoteForm(forms.Form):
    """A comment on a Task."""

    text = forms.CharField(
        max_length=20_000,
        error_messages={"required": gettext_lazy("Write something before you add it.")},
    )
