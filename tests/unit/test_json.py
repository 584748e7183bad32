"""fhir.json: what goes in comes out, digit by digit, and what cannot be kept is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir.errors import MalformedRequest, TooLarge
from fhir.json import MAX_STRING_BYTES, dumps, loads


@pytest.mark.parametrize(
    "text",
    ["1.00", "0.0100", "-0.0", "1E+3", "1E-10", "12345678901234567890123", "0E-10", "1.5", "37"],
)
def test_numbers_keep_their_digits(text):
    assert dumps(loads(text)) == text.encode()


@pytest.mark.parametrize(
    ("text", "value"), [("1e3", "1E+3"), ("1e-3", "0.001"), ("2.50E1", "25.0")]
)
def test_an_exponent_keeps_value_and_precision(text, value):
    assert dumps(loads(text)) == value.encode()
    assert loads(text).as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize(
    "text",
    ["שלום", "👩🏽‍⚕️", "e\u0301 is not \u00e9", 'a"b\\c\n\t', "\\u0000 spelled out", "\u2028"],
)
def test_text_comes_back_unchanged(text):
    assert loads(dumps({"text": text})) == {"text": text}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1} x',
        b"nul",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"01",
        b"[1.]",
        b"[.5]",
        b"[+1]",
        b"{'a':1}",
        b"[1,]",
        b'\xef\xbb\xbf{"a":1}',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\u0041"',
        b'"\\u0000"',
        b'{"\\u0000":1}',
        b'"\x00"',
        b'"a\nb"',
        b'{"a":1,"a":1}',
        b'{"a":"x","b":{"c":1,"\\u0063":"\\""}}',
        b"[1e999999999]",
        b"[1e-999999999]",
        b"[1e99999999999999999999]",
        b"1" * 5000,
        b"0." + b"1" * 5000,
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
    ],
)
def test_anything_but_strict_json_is_refused(body):
    with pytest.raises(MalformedRequest):
        loads(body)


def test_a_string_argument_must_be_unicode_too():
    with pytest.raises(MalformedRequest):
        loads('"\ud800"')
    assert loads('"é"') == "é"


def test_the_message_gives_the_place_and_never_the_content():
    with pytest.raises(MalformedRequest) as refusal:
        loads(b'{"text": "Mrs Smith",\n "note": Smith}')
    assert refusal.value.issues[0].diagnostics == "The body is not JSON at byte 31, line 2."


def test_brackets_inside_strings_are_not_depth():
    assert loads(dumps(["[" * 200, "{" * 200])) == ["[" * 200, "{" * 200]


def test_64_levels_are_allowed():
    assert loads(b"[" * 64 + b"]" * 64)


def test_quotation_marks_and_backslashes_are_not_taken_for_a_doubled_member():
    for text in ('"', '\\"', "\\\\", '\\\\"', '\\\\\\"', '""'):
        assert loads(dumps({text: text})) == {text: text}


def test_size_limits():
    with pytest.raises(TooLarge):
        loads(b" " * (2 * 1024 * 1024) + b"1")
    with pytest.raises(TooLarge):
        loads(dumps(["x" * (MAX_STRING_BYTES + 1)]))
    with pytest.raises(TooLarge):
        loads(dumps({"é" * (MAX_STRING_BYTES // 2 + 1): 1}))
    assert loads(dumps("x" * MAX_STRING_BYTES))
    assert loads(b" " * (3 * 1024 * 1024) + b"1", max_bytes=4 * 1024 * 1024) == 1


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | texts,
    lambda children: st.lists(children, max_size=5) | st.dictionaries(texts, children, max_size=5),
    max_leaves=20,
)


@given(values)
def test_every_value_survives(value):
    assert loads(dumps(value)) == value


@given(st.binary(max_size=200))
def test_no_bytes_break_it(body):
    try:
        loads(body)
    except MalformedRequest as refusal:
        assert refusal.status == 400
