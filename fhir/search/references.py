"""References as the search compares them: relative when they lead to this server, unversioned."""

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from fhir.datatypes import parse_reference


def local(text: str) -> str:
    """A URL of this server as the relative reference that it is; any other text as it came.

    "A relative reference resolving to the same value as a specified absolute URL, or vice versa,
    qualifies as a match." https://hl7.org/fhir/R4/search.html#reference
    """
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in ("http", "https"):
        return text
    host, _, path = rest.partition("/")
    domain, _ = split_domain_port(host)
    # A wildcard says who may be answered, not what this server is called.
    names = [name for name in settings.ALLOWED_HOSTS if name != "*"]
    if not domain or not validate_host(domain, names):
        return text
    for start in settings.FHIR_PATHS:
        if path.startswith(f"{start}/"):
            return path.removeprefix(f"{start}/")
    return text


def unversioned(text: str) -> str:
    """What a column of references holds: the local form, without a version."""
    return reference_forms(text)[0] if "/" in text else text


def reference_forms(text: str) -> tuple[str, ...]:
    """What a reference is found by: `Type/id` and `id`, or its URL; never with a version."""
    if "://" in text:
        text = local(text)
    if text.count("/") != 1:
        try:
            reference = parse_reference(text)
        except ValueError:
            return (text,)
        if not reference.is_relative:
            if reference.version:
                return (f"{reference.url}/{reference.type}/{reference.id}",)
            return (text,)
        return f"{reference.type}/{reference.id}", reference.id
    return text, text[text.index("/") + 1 :]
