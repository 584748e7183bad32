"""What a narrative may hold: one XHTML div without anything that acts.

https://hl7.org/fhir/R4/narrative.html
"""

from xml.parsers import expat

FORBIDDEN_ELEMENTS = frozenset(
    "applet base body button embed form frame frameset head html iframe input link math meta "
    "object script select svg textarea".split()
)
LINKS = frozenset({"action", "background", "cite", "href", "src", "xlink:href"})


class _Refused(Exception):
    pass


def narrative_problem(text: str) -> str | None:
    """None, or what the narrative should have been. Entities of XHTML such as &nbsp; may stay."""
    reader = expat.ParserCreate("utf-8")
    reader.UseForeignDTD(True)  # an unknown entity is skipped, and nothing is ever fetched
    reader.StartDoctypeDeclHandler = _refuse_declaration
    reader.StartElementHandler = _ElementReader().start
    try:
        reader.Parse(text.encode("utf-8", "surrogatepass"), True)
    except _Refused as refusal:
        return str(refusal)
    except expat.ExpatError:
        return "must be well-formed XHTML"
    return None


def _refuse_declaration(name: str, *_) -> None:
    if name is not None:
        raise _Refused("must not hold a document type")


class _ElementReader:
    def __init__(self):
        self.depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2].lower()
        if self.depth == 0 and name != "div":
            raise _Refused("must be one XHTML div")
        self.depth += 1
        if name in FORBIDDEN_ELEMENTS:
            raise _Refused(f"must not hold a {name} element")
        for attribute, value in attributes.items():
            attribute = attribute.lower()
            if attribute.startswith("on"):
                raise _Refused("must not hold event attributes")
            if attribute in LINKS and _is_active(value):
                raise _Refused("must not hold links that run code")


def _is_active(link: str) -> bool:
    bare = "".join(link.split()).lower()
    return bare.startswith(("javascript:", "vbscript:")) or (
        bare.startswith("data:") and not bare.startswith("data:image/")
    )
