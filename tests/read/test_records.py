"""The strict splitter: where each record of an object starts, and what is wrong with it."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify.read.pieces import Region, is_blank, split, whole
from sparkify.read.records import MAX_RECORD, Record, judge
from sparkify.read.syntax import LEAD

BOM = b"\xef\xbb\xbf"

GOOD = b'{"a": [1, {"b": "}\\n{"}]}'
PRETTY = json.dumps({"a": 1, "b": {"c": [2]}}, indent=4).encode()  # 8 lines


def pieces(data: bytes) -> list[Record]:
    """The pieces of an object, each with its fault."""
    found: Iterator[tuple[int, int, bytes]] = split(Region(1, 0, data))
    return [Record(line, offset, raw, judge(raw)) for line, offset, raw in found]


FAULTS = {
    "malformed": [b"not json", b"{", GOOD[:-1], GOOD + b" and more", b"{'a': 1}", b'{"a": 1, }'],
    "not_object": [b"42", b"null", b'"text"', b"[]", b"[" + GOOD + b"]", b"true"],
    "not_utf8": [b'{"a": "Z\xfcrich"}', b'{"a": "\xed\xa0\x80"}'],
    "lone_surrogate": [b'{"a": "\\ud83d"}'],
    "nul": [b'{"a": "\\u0000"}', b'{"\\u0000": 1}', b'{"a": "\\\\\\u0000"}'],
    "too_deep": [b'{"a": ' + b"[" * 2000 + b"]" * 2000 + b"}"],
    "too_large": [b'{"a": "' + b"x" * MAX_RECORD + b'"}'],
}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(raw, code, id=f"{code}-{n}")
        for code, raws in FAULTS.items()
        for n, raw in enumerate(raws)
    ],
)
def test_a_bad_record_is_the_same_in_any_company(raw: bytes, code: str) -> None:
    """A bad record has its fault, and its neighbours have none, whatever stands beside it."""
    (alone,) = pieces(raw)
    assert alone.fault
    assert alone.fault.code == code
    before, bad, after = pieces(b"\n".join([GOOD, raw, GOOD]))
    assert (before.fault, after.fault) == (None, None)
    assert bad == Record(2, len(GOOD) + 1, alone.raw, alone.fault)
    assert (after.line, after.offset) == (3, len(GOOD) + len(raw) + 2)


@pytest.mark.parametrize(
    "raw",
    [b"{}", GOOD, b'{"a": "\\\\u0000"}', b'{"a": 1e400}', b'{"a": ' + b"1" * 5000 + b"}"],
)
def test_a_good_record_has_no_fault(raw: bytes) -> None:
    """Any JSON object is one, however large its numbers; a backslash may be a text's own."""
    assert judge(raw) is None
    assert whole(b" \t" + raw + b" \r\n")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(PRETTY, [(1, 0, PRETTY)], id="one over many lines"),
        pytest.param(
            PRETTY + b"\n" + PRETTY,
            [(1, 0, PRETTY), (9, len(PRETTY) + 1, PRETTY)],
            id="two over many lines",
        ),
        pytest.param(GOOD * 2, [(1, 0, GOOD), (1, len(GOOD), GOOD)], id="two in a row"),
        pytest.param(
            GOOD + b" " + GOOD, [(1, 0, GOOD), (1, len(GOOD) + 1, GOOD)], id="two on a line"
        ),
        pytest.param(b"\n \n  " + GOOD + b" \n", [(3, 5, GOOD)], id="blanks around"),
        pytest.param(BOM + GOOD, [(1, 3, GOOD)], id="a byte order mark"),
        pytest.param(
            GOOD + b"\r" + GOOD, [(1, 0, GOOD), (2, len(GOOD) + 1, GOOD)], id="old Mac line ends"
        ),
        pytest.param(
            PRETTY + GOOD + b"\n" + GOOD,
            [
                (1, 0, PRETTY),
                (8, len(PRETTY), GOOD),
                (9, len(PRETTY) + len(GOOD) + 1, GOOD),
            ],
            id="both kinds of lines",
        ),
        pytest.param(b"", [], id="nothing"),
        pytest.param(b" \n\t\r\n", [], id="blanks alone"),
    ],
)
def test_a_record_may_be_laid_out_in_any_way(
    data: bytes, found: list[tuple[int, int, bytes]]
) -> None:
    """Records over many lines, in a row or with blanks around are found where they start."""
    assert pieces(data) == [Record(*piece) for piece in found]


def test_a_damaged_record_over_many_lines_is_one_piece() -> None:
    """What was printed over many lines and then damaged is refused once."""
    damaged = PRETTY.replace(b'"b": ', b'"b" ')
    first, bad, last = pieces(b"\n".join([PRETTY, damaged, PRETTY]))
    assert (first.fault, last.fault) == (None, None)
    assert (bad.line, bad.offset, bad.raw) == (9, len(PRETTY) + 1, damaged)


token = st.sampled_from([GOOD, PRETTY, GOOD[:9], PRETTY[:9], b"\n", b" ", b"{", b"}", b"[", b'"'])
damage = st.lists(token | st.binary(max_size=5), max_size=8).map(b"".join)


@given(damage)
def test_the_pieces_are_all_there_is(data: bytes) -> None:
    """The pieces cover every byte that is not blank, once, and say where they stand."""
    left, end = data.removeprefix(BOM), 0
    start = len(data) - len(left)
    between = []
    for piece in pieces(data):
        at = piece.offset - start
        assert left[at:].startswith(piece.raw)
        assert at >= end
        between.append(left[end:at])
        end = at + len(piece.raw)
        if b"\r" not in data:
            assert piece.line == 1 + data.count(b"\n", 0, piece.offset)
    assert LEAD.fullmatch(b"".join([*between, left[end:]]))


@given(before=damage, after=damage)
def test_a_record_on_a_line_of_its_own_is_found(before: bytes, after: bytes) -> None:
    """A line with one whole JSON object is a record, whatever the lines around it are."""
    found = pieces(b"\n".join([before, GOOD, after]))
    place = (before.count(b"\n") + 2, len(before) + 1)
    assert Record(*place, GOOD) in found


@pytest.mark.parametrize("text", [b"", b" ", b"\t\r", b"\v\f", b" {}", b"a ", b"\xc2\xa0", b"\0"])
def test_a_blank_line_is_blank(text: bytes) -> None:
    """A line is blank if it has nothing but what DuckDB's reader passes over."""
    assert is_blank(text + b"\n") == (text in (b"", b" ", b"\t\r", b"\v\f"))
