import pytest

from fhir.errors import InvalidSearch
from fhir.search.parse import (
    MAX_CLAUSES,
    Include,
    Value,
    parse_clause,
    parse_query,
    split,
    unescape,
)


def only_clause(key, value="x"):
    [clause] = parse_query([(key, value)]).clauses
    return clause


def test_a_repeated_parameter_is_two_clauses_and_a_comma_two_values():
    first, second = parse_query("code=a,b&code=c").clauses
    assert [value.text for value in first.values] == ["a", "b"]
    assert [value.text for value in second.values] == ["c"]


def test_a_raw_query_is_percent_decoded():
    clause = parse_query("owner%3Amissing=true&x=%7C").clauses[0]
    assert (clause.name, clause.modifier) == ("owner", "missing")


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (r"a\,b,c", ["a,b", "c"]),
        (r"a\\,b", ["a\\", "b"]),
        (r"a\|b", ["a|b"]),
        (r"a\$b", ["a$b"]),
        (r"a\x", [r"a\x"]),
        ("a\\", ["a\\"]),
        (",a,,b,", ["a", "b"]),
    ],
)
def test_escapes(raw, values):
    assert [value.text for value in parse_clause("code", raw).values] == values


def test_an_escaped_bar_does_not_separate():
    assert Value(r"http://x|a\|b").parts() == ["http://x", "a|b"]
    assert split(r"a\|b", "|") == [r"a\|b"]
    assert unescape("plain") == "plain"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("ge2024", ("ge", "2024")), ("2024", ("eq", "2024")), ("xx2024", ("eq", "xx2024"))],
)
def test_prefixes(raw, expected):
    assert Value(raw).prefixed() == expected


def test_a_chain_of_any_depth():
    clause = only_clause("owner:PractitionerRole.practitioner:Practitioner.family:exact")
    assert (clause.name, clause.modifier) == ("owner", "PractitionerRole")
    assert (clause.chain.name, clause.chain.modifier) == ("practitioner", "Practitioner")
    last = clause.chain.chain
    assert (last.name, last.modifier, last.values[0].text) == ("family", "exact", "x")
    assert clause.values == ()
    assert clause.key == "owner:PractitionerRole.practitioner:Practitioner.family:exact"


def test_has():
    clause = only_clause("_has:Task:subject:_has:Provenance:target:agent:missing")
    assert (clause.name, clause.modifier) == ("_has", "Task:subject")
    assert (clause.chain.name, clause.chain.modifier) == ("_has", "Provenance:target")
    assert (clause.chain.chain.name, clause.chain.chain.modifier) == ("agent", "missing")
    assert clause.key == "_has:Task:subject:_has:Provenance:target:agent:missing"


@pytest.mark.parametrize(
    "key", ["owner:", "owner.", ".family", ":missing", "_has:Task", "_has:Task::status", "a." * 9]
)
def test_an_incomplete_name_is_refused(key):
    with pytest.raises(InvalidSearch):
        only_clause(key)


def test_what_is_empty_asks_for_nothing():
    query = parse_query("status=&=x&code=%20")
    assert query.clauses == [] and query.pairs == []


def test_result_parameters_are_no_clauses():
    query = parse_query(
        "_count=7&_sort=-priority,_id&_total=accurate&_summary=data&_elements=id,code&_format=json"
        "&_include=Task:focus&_include:iterate=Task:part-of:Task&_revinclude=Task:part-of&_cursor=c"
    )
    assert query.clauses == []
    assert query.count == 7
    assert query.sort == [("priority", True), ("_id", False)]
    assert (query.total, query.summary, query.elements) == ("accurate", "data", ["id", "code"])
    assert query.includes == [
        Include("Task", "focus"),
        Include("Task", "part-of", "Task", iterate=True),
        Include("Task", "part-of", reverse=True),
    ]
    assert query.cursor == "c"
    assert "_cursor" not in dict(query.pairs)


def test_the_count_is_capped_in_silence():
    assert parse_query("_count=100000").count == 1_000
    assert parse_query("_count=0").count == 0
    assert parse_query("").count == 50


@pytest.mark.parametrize(
    "query",
    [
        "_count=-1",
        "_count=ten",
        "_count=1.5",
        "_count=²",
        "_total=most",
        "_summary=yes",
        "_include=Task",
        "_include:deep=Task:focus",
        "_revinclude=*",
        "code=%00",
        "code=" + "x" * 70_000,
        "code=" + "x," * 1_500,
        "&".join("code=x" for _ in range(MAX_CLAUSES + 1)),
        "_sort=" + ",".join("abcdefghi"),
        "_count:exact=1",
        "_sort:desc=_id",
        "_total:not=none",
        "_summary=text&_include=Task:focus",
        "_contained=true",
        "_contained=both",
        "_contained=no",
        "_containedType=thing",
        "_include=Task::Patient",
        "_include=Task:",
        "family=%ff",
        "&".join("x=" for _ in range(1_000)),
        "a" * 2_000 + "=1",
    ],
)
def test_refusals(query):
    with pytest.raises(InvalidSearch):
        parse_query(query)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(InvalidSearch):
        parse_query([("code", "\ud800")])


def test_no_message_holds_a_value():
    for query in ("_count=Simpson", "_total=Simpson", "_include=Simpson", "a:=Simpson"):
        with pytest.raises(InvalidSearch) as refused:
            parse_query(query)
        assert "Simpson" not in str(refused.value)


def test_what_is_empty_asks_for_nothing_unless_strict():
    query = parse_query("status=&code=,&_count= &=x&owner=a")
    assert [clause.name for clause in query.clauses] == ["owner"]
    assert query.pairs == [("owner", "a")]
    for empty in ("status=", "code=,", "_count=", "=x"):
        with pytest.raises(InvalidSearch):
            parse_query(empty, strict=True)


def test_the_pairs_say_what_is_used():
    assert parse_query("_count=5000&_contained=false&code=a").pairs == [
        ("_count", "1000"),
        ("_contained", "false"),
        ("code", "a"),
    ]


@pytest.mark.parametrize("name", ["_count", "_total", "_summary", "_include", "_contained"])
def test_a_refusal_says_which_parameter_was_wrong_and_not_its_value(name):
    with pytest.raises(InvalidSearch) as refused:
        parse_query(f"{name}=Simpson")
    [issue] = refused.value.issues
    assert issue.expression == f"http.{name}"
    assert name in issue.diagnostics and "Simpson" not in issue.diagnostics


def test_types_and_named_queries():
    query = parse_query("_type=Task,Patient&_query=worklist")
    assert (query.types, query.named) == (["Task", "Patient"], "worklist")
