"""How much of a file that a form sends is taken in: Django reads it before any view is asked."""

from io import BytesIO

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

LARGEST = 750_000
"""Bytes of a file: written as base64 it is one text of a resource, which has 1 MB at most."""
LONGEST = 10 * 1024 * 1024
"""Bytes of a whole form."""


class CountingUploadHandler(FileUploadHandler):
    """Keeps of a file, in memory, what may be sent and one byte more; the rest is only counted, so
    that the form can say which file was too large."""

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        if content_length > LONGEST:
            raise RequestDataTooBig("The form is larger than the server takes.")

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.kept = BytesIO()

    def receive_data_chunk(self, raw_data, start):
        self.kept.write(raw_data[: max(0, LARGEST + 1 - start)])

    def file_complete(self, file_size):
        return InMemoryUploadedFile(
            self.kept,
            self.field_name,
            self.file_name,
            self.content_type,
            file_size,
            self.charset,
            self.content_type_extra,
        )
