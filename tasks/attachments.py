"""The files of a message: what may be sent with it, and how that is kept.

Each file is a Binary of its own, so that whoever reads a thread does not read its files, and is for
those who may read the message that it came with (Binary.securityContext). What a file is, its first
bytes say.
"""

from base64 import b64encode
from collections.abc import Iterator, Sequence

from django.core.files.uploadedfile import UploadedFile
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from fhir import store
from fhir.actions import new_consequence
from fhir.actor import Actor
from fhir.errors import InvalidResource
from tasks.files import PICTURE_TYPES, type_of
from tasks.uploads import LARGEST

MOST = 5
"""Files of one message."""
ALLOWED = frozenset({"application/pdf", *PICTURE_TYPES})
LONGEST_NAME = 100


class FilesRefused(InvalidResource):
    """These files cannot be sent."""

    def __init__(self, faults: Sequence[str]):
        self.faults = faults
        super().__init__(" ".join(faults), expression="Communication.payload.content")


def check(files: Sequence[UploadedFile]) -> None:
    """Raise FilesRefused, with a sentence for each fault."""
    if faults := [*_faults(files)]:
        raise FilesRefused(faults)


def _faults(files: Sequence[UploadedFile]) -> Iterator[str]:
    if len(files) > MOST:
        yield _("A message takes %(count)s files at most.") % {"count": MOST}
    for each in files:
        if each.size > LARGEST:
            yield _("“%(name)s” is too large: a file has %(most)s kB at most.") % {
                "name": each.name,
                "most": number_format(LARGEST // 1000),
            }
        elif type_of(_start_of(each)) not in ALLOWED:
            yield _("“%(name)s” is neither a PDF nor a picture (PNG, JPEG, GIF or WebP).") % {
                "name": each.name
            }


def _start_of(file: UploadedFile) -> bytes:
    file.seek(0)
    return file.read(16)


def keep(files: Sequence[UploadedFile], message_id: str, *, actor: Actor) -> list[dict]:
    """Keep the files of a message that is about to be written; what is its payload of them.

    It belongs into the transaction of the message. Raises FilesRefused.
    """
    check(files)
    return [_kept(each, message_id, actor) for each in files]


def _kept(file: UploadedFile, message_id: str, actor: Actor) -> dict:
    file.seek(0)
    content = file.read()
    binary_id, content_type = store.new_id(), type_of(content)
    binary = {
        "resourceType": "Binary",
        "contentType": content_type,
        "securityContext": {"reference": f"Communication/{message_id}"},
        "data": b64encode(content).decode(),
    }
    new_consequence("Binary", binary, actor=actor, resource_id=binary_id)
    title = " ".join((file.name or "").split())[-LONGEST_NAME:]
    return {
        "contentType": content_type,
        "url": f"Binary/{binary_id}",
        "size": len(content),
        **({"title": title} if title else {}),
    }
