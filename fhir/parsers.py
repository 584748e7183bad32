"""Request bodies: FHIR JSON, and JSON Patch. Both are read whole before anything is answered.

https://hl7.org/fhir/R4/http.html#mime-type
"""

from rest_framework.parsers import BaseParser

from fhir import json
from fhir.errors import MalformedRequest, TooLarge

MAX_BUNDLE_BYTES = 10 * 1024 * 1024
MAX_FORM_BYTES = 64 * 1024
NO_BODY = "The request has no body."


class FhirJsonParser(BaseParser):
    """One resource. Raises MalformedRequest or TooLarge."""

    media_type = "application/fhir+json"
    max_bytes = json.MAX_RESOURCE_BYTES

    def parse(self, stream, media_type=None, parser_context=None):
        length = int(stream.META.get("CONTENT_LENGTH") or 0)
        if length > self.max_bytes:
            raise TooLarge(f"{length} bytes are more than the {self.max_bytes} allowed here.")
        body = stream.read(self.max_bytes + 1)
        if not body.strip():
            raise MalformedRequest(NO_BODY)
        return json.loads(body, max_bytes=self.max_bytes)


class JsonParser(FhirJsonParser):
    """FHIR JSON under the plain name that curl and others send."""

    media_type = "application/json"


class BundleParser(FhirJsonParser):
    max_bytes = MAX_BUNDLE_BYTES


class PlainBundleParser(BundleParser):
    media_type = "application/json"


class JsonPatchParser(FhirJsonParser):
    """https://www.rfc-editor.org/rfc/rfc6902"""

    media_type = "application/json-patch+json"


class FormParser(BaseParser):
    """The parameters of a search by POST, still percent-encoded, as text."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read(MAX_FORM_BYTES + 1)
        if len(body) > MAX_FORM_BYTES:
            raise TooLarge("The parameters of the search are too long.")
        try:
            return body.decode("ascii")
        except UnicodeDecodeError as error:
            raise MalformedRequest("The parameters must be percent-encoded.") from error
