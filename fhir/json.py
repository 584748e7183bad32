"""JSON as FHIR wants it: decimals keep their digits, and what cannot be stored is refused.

https://hl7.org/fhir/R4/json.html · https://hl7.org/fhir/R4/datatypes.html#decimal
"""

from collections.abc import Iterator
from decimal import Decimal, DecimalException
from typing import Any

import msgspec

from fhir.errors import MalformedRequest, TooLarge

MAX_RESOURCE_BYTES = 2 * 1024 * 1024
MAX_STRING_BYTES = 1024 * 1024
MAX_DEPTH = 64
# Bounds on what one number can cost later: int(Decimal("1e999999999")) never ends.
MAX_NUMBER_LENGTH = 64
MAX_EXPONENT = 400


class _NumberOutOfRange(Exception):
    pass


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_NUMBER_LENGTH:
        raise _NumberOutOfRange
    try:
        number = Decimal(text)
    except DecimalException as error:
        raise _NumberOutOfRange from error
    if not -MAX_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise _NumberOutOfRange
    return number


_decoder = msgspec.json.Decoder(float_hook=_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def dumps(value: Any) -> bytes:
    """The value as compact UTF-8 JSON. Decimals are written with the digits that they came with."""
    return _encoder.encode(value)


def loads(data: bytes | str, *, max_bytes: int = MAX_RESOURCE_BYTES) -> Any:
    """The value of a JSON text; numbers with a point or an exponent become Decimal.

    Raises TooLarge for a text over max_bytes or a string over 1 MB, and MalformedRequest, naming
    the position and never the content, for anything but strict JSON in strict UTF-8: also for a
    byte order mark, lone surrogates, NaN, U+0000 (PostgreSQL's text cannot hold it), a member
    that is there twice, and nesting deeper than 64.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError as error:
            raise MalformedRequest(
                f"The text is not valid Unicode (character {error.start})."
            ) from error
    if len(data) > max_bytes:
        raise TooLarge(f"{len(data)} bytes are more than the {max_bytes} allowed here.")
    try:
        value = _decoder.decode(data)
    except UnicodeDecodeError as error:
        raise MalformedRequest("The body is not valid UTF-8.") from error
    except (_NumberOutOfRange, msgspec.ValidationError) as error:
        raise MalformedRequest("A number is too large, too small or too long.") from error
    except RecursionError as error:
        raise MalformedRequest(f"The body is nested deeper than {MAX_DEPTH} levels.") from error
    except msgspec.DecodeError as error:
        raise MalformedRequest(f"The body is not JSON{_position(str(error), data)}.") from error
    _check_depth(value, data)
    _check_strings(value, data)
    try:
        encoded = dumps(value)
    except (UnicodeEncodeError, msgspec.EncodeError) as error:
        raise MalformedRequest("A string holds half of a surrogate pair.") from error
    # A member that is there twice is lost on the way in, and its quotation marks with it.
    if _quotation_marks(data) != _quotation_marks(encoded):
        raise MalformedRequest("An object has two members of the same name.")
    return value


def _position(message: str, data: bytes) -> str:
    """msgspec says `…: what is wrong (byte 12)`; neither part quotes the text."""
    _, _, place = message.rpartition("(byte ")
    if place == message or not place.rstrip(")").isdigit():
        return ": it ends too early or has an incomplete escape"
    byte = int(place.rstrip(")"))
    line = data.count(b"\n", 0, byte) + 1
    return f" at byte {byte}, line {line}"


def _levels(value: Any) -> Iterator[list]:
    """The containers of a value, level by level, without recursion."""
    level = [value]
    while level:
        level = [each for each in level if type(each) is dict or type(each) is list]
        if level:
            yield level
        level = [
            child for each in level for child in (each.values() if type(each) is dict else each)
        ]


def _check_depth(value: Any, data: bytes) -> None:
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return
    for depth, _ in enumerate(_levels(value), 1):
        if depth > MAX_DEPTH:
            raise MalformedRequest(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_strings(value: Any, data: bytes) -> None:
    """The two checks on single strings, both skipped when the text shows that they would pass."""
    if len(data) <= MAX_STRING_BYTES and b"\\u0000" not in data:
        return
    strings = [value] if type(value) is str else []
    for level in _levels(value):
        for each in level:
            if type(each) is dict:
                strings += each
                each = each.values()
            strings += [child for child in each if type(child) is str]
    for string in strings:
        if "\0" in string:
            raise MalformedRequest("A string holds the character U+0000.")
        if len(string) > MAX_STRING_BYTES // 4 and len(string.encode()) > MAX_STRING_BYTES:
            raise TooLarge(f"A string is longer than {MAX_STRING_BYTES} bytes.")


def _quotation_marks(text: bytes) -> int:
    """How many quotation marks begin or end a string."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"")
        return text.count(b'"') - text.count(b'\\"')
    return text.count(b'"')


def loads_stored(text: str) -> Any:
    """The value of a JSON text that this server wrote: nothing is left to check."""
    return _decoder.decode(text)
