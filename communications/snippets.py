"""Texts that a reply may begin with, and the fields in them that a person has to fill."""

from communications.models import Snippet


def fields_of(text: str) -> list[str]:
    """What stands in square brackets, in its order: `[dose]`. Brackets do not nest."""
    found, rest = [], text
    while "[" in rest:
        name, closed, after = rest.partition("[")[2].partition("]")
        if not closed:
            break
        # The last of several opening brackets is the one that is closed.
        name = name.rpartition("[")[2]
        if name.strip():
            found.append(f"[{name}]")
        rest = after
    return found


def fields_left(text: str) -> list[str]:
    """The fields of snippets that still stand in a text; other brackets are the writer's own."""
    written = fields_of(text)
    if not written:
        return []
    texts = Snippet.objects.values_list("text", flat=True)
    known = {field for snippet in texts for field in fields_of(snippet)}
    return list(dict.fromkeys(field for field in written if field in known))
