"""Which users a rejected record names, whatever state its text is in."""

import json

import pytest

from sparkify.read.forgotten import Forgotten, check_of, hash_of, ids_in, users_in
from sparkify.read.records import printable
from tests.factory import event

KEY = "s3cr3t-of-those-forgotten"
NAMED = [
    '{"userId":"39"}',
    '{"userId":39}',
    '{"userId": 39.0, "page": "Home"}',
    '{"userId":"039 "}',
    '{"userId":"3.9e1"}',
    '{"USERID" : "39"}',
    '{"user_id":"39"}',
    '{"a":[{"b":{"userId":"39"}}]}',
    r'{"\u0075serId":"\u00339"}',
    '{"userId":"7","userId":"39"}',
    '{"userId":"39","userId":"7"}',
    '{"page":"NextSong","userId":"39"',
    '{"userId":39,"page":NaN}',
    "userId=39;page=Home",
    "{'userId': '39'}",
    r'"{\"userId\": \"39\"}"',
    '{"userId":\n\t"39",',
    "user id: 39",
]
OTHERS = [
    '{"userId":"391"}',
    '{"userId":"139"}',
    '{"userId":"3.9"}',
    '{"userId":""}',
    '{"userId":null,"sessionId":39}',
    '{"sessionId":39,"page":"Home"}',
    '{"userId":"x39"}',
    '{"userId":true}',
    '{"superuser":{"id":39}}',
    '{"userId":"-39"}',
    '{"userId":1e999}',
    "39",
    "",
]


@pytest.mark.parametrize("text", NAMED)
def test_a_record_names_a_user(text: str) -> None:
    """In any notation, at any depth, in JSON or not, and as the books keep its text."""
    assert 39 in users_in(text)
    assert 39 in users_in(printable(text.encode()))


@pytest.mark.parametrize("text", OTHERS)
def test_a_record_names_nobody_or_another(text: str) -> None:
    """A number elsewhere, or as part of another, is not the user's."""
    assert 39 not in users_in(text)


def test_a_long_text_takes_no_time() -> None:
    """No text makes the search slow."""
    for part in ('userId":', "userId\\n", "userId \\\\", '[{"userId":', "9" * 99):
        assert users_in(part * 20_000) in (set(), {9})


def test_sessions_are_found_the_same_way() -> None:
    """In the record, and in the reason of one whose text is not known."""
    assert ids_in(json.dumps(event(sessionId=38)), "session") == {38}
    assert ids_in("level must be ... (the record of session_id 38, ts 5)", "session") == {38}


def test_a_hash_depends_on_the_key() -> None:
    """Another key gives other hashes, and is told by its check; the key is not shown."""
    known = Forgotten(KEY, frozenset({hash_of(KEY, 39)}))
    assert known.among([None, 7, 39, 390]) == [39]
    assert known.is_named(b'{"userId":"39"}')
    assert hash_of(KEY, 39) != hash_of(KEY + "x", 39)
    assert check_of(KEY) != check_of(KEY + "x")
    assert KEY not in repr(known)
    assert known.seal != Forgotten(KEY, frozenset({hash_of(KEY, 7)})).seal
