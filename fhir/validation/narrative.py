"""What a narrative may hold: one XHTML div without anything that acts.

https://hl7.org/fhir/R4/narrative.html
"""

from xml.parsers import expat

# What acts, and what a browser's HTML parser reads otherwise than XML does (raw text in `style`,
# comments that begin with `>`, CDATA): an attack may hide from the one in the other.
FORBIDDEN_ELEMENTS = frozenset(
    "applet base body button embed form frame frameset head html iframe input link math meta "
    "noembed noframes noscript object plaintext script select style svg template textarea title "
    "xmp".split()
)
LINKS = frozenset({"action", "background", "cite", "href", "src"})


class _Refused(Exception):
    pass


def narrative_problem(text: str) -> str | None:
    """None, or what the narrative should have been. Entities of XHTML such as &nbsp; may stay."""
    reader = expat.ParserCreate("utf-8")
    reader.UseForeignDTD(True)  # an unknown entity is skipped, and nothing is ever fetched
    reader.StartDoctypeDeclHandler = _refuse_declaration
    reader.StartElementHandler = _ElementReader().start
    reader.StartCdataSectionHandler = _refuse_markup
    reader.ProcessingInstructionHandler = _refuse_markup
    reader.CommentHandler = _check_comment
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


def _refuse_markup(*_) -> None:
    raise _Refused("must not hold CDATA or processing instructions")


def _check_comment(text: str) -> None:
    if text.startswith((">", "->")):
        raise _Refused("must not hold a comment that begins with >")


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
            attribute = attribute.rpartition(":")[2].lower()
            if attribute.startswith("on"):
                raise _Refused("must not hold event attributes")
            if attribute in LINKS and _is_active(value):
                raise _Refused("must not hold links that run code")


def _is_active(link: str) -> bool:
    bare = "".join(link.split()).lower()
    return bare.startswith(("javascript:", "vbscript:")) or (
        bare.startswith("data:") and not bare.startswith("data:image/")
    )
