"""The quick way through the driver is the driver's own."""

import pytest

from tests.support import driver


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 'it''s', \"a\"\"b\", E'\\'' -- x\n/* ? :a $1 */",
        "",
        "SELECT a::int, '%' WHERE b = %s",
    ],
)
def test_statements_stay_as_the_driver_has_them(query: str) -> None:
    """Quotes, comments, casts and other kinds of placeholders are left alone, as by the driver."""
    ours, theirs = driver.convert_paramstyle("format", query), driver.convert("format", query)
    assert ours[0] == theirs[0]
    assert ours[1]([1]) == theirs[1]([1])
