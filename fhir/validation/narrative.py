"""What a narrative may hold: one XHTML div without anything that acts.

https://hl7.org/fhir/R4/narrative.html
"""

from xml.parsers import expat

# The elements of HTML 4.0 that txt-1 allows: formatting, lists, tables, images and links. Nothing
# among them acts, nor is read otherwise by a browser's HTML parser than by an XML parser.
ELEMENTS = frozenset(
    "a abbr acronym address area b bdo big blockquote br caption center cite code col colgroup dd "
    "del dfn div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small "
    "span strike strong sub sup table tbody td tfoot th thead tr tt u ul var".split()
)
XHTML = "http://www.w3.org/1999/xhtml"
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
        self.is_first = True

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if self.is_first and (name != "div" or attributes.get("xmlns", XHTML) != XHTML):
            raise _Refused("must be one XHTML div")
        self.is_first = False
        if name not in ELEMENTS:
            raise _Refused("must hold the elements of basic HTML formatting only (txt-1)")
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
