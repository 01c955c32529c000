"""The URL of a warehouse: what is wrong with one is said in one line, without its secrets."""

from pathlib import Path

import pytest

from sparkify import pipeline, warehouses
from sparkify.errors import UsageError
from sparkify.warehouses import urls

WRONG = [
    ("", "is empty"),
    (" ", "is empty"),
    ("x", "not a warehouse URL: x"),
    ("x.duckdb", "not a warehouse URL"),
    ("unheard+of://u:Made0up@h", "not a warehouse URL"),
    ("postgresql://u:Made0up@h/d", "not a warehouse URL: postgresql://u:***@h/d"),
    ("sqlite:///x", "not a warehouse URL"),
    ("duckdb://x.duckdb", "three slashes"),
    ("duckdb://u:Made0up@h/x.duckdb", "three slashes"),
    ("duckdb:///x.duckdb?threads=x", "the option threads is not valid"),
    ("duckdb:///x.duckdb?memory_limit=lots", "the option memory_limit is not valid"),
    ("duckdb:///x.duckdb?access_mode=sideways", "the option access_mode is not valid"),
    ("duckdb:///x.duckdb?foo=Made0up", "no option foo"),
    ("redshift://u:Made0up@h:port/dev", "the port must be a number"),
    ("redshift://u:Made0up@h:99999/dev", "the port must be a number"),
    ("redshift://u:Made0up", "the port must be a number"),
    ("redshift://u:Made@0up@h/dev", "write @ as %40"),
    ("redshift://u/x:Made0up@h/dev", "write @ as %40"),
    ("redshift:///dev", "the host is missing"),
    ("redshift://", "the host is missing"),
    ("redshift://u:Made0up@h/dev?foo=1", "no option foo"),
    ("redshift://u:Made0up@h/dev?timeout=Made0up", "the option timeout is not valid"),
    ("redshift://u:Made0up@h/dev?timeout=1&timeout=2", "is there twice"),
    ("redshift://u:Made0up@h/dev?Made0up%20Made0up=1", "no option of this name"),
]


@pytest.mark.parametrize(("url", "fault"), WRONG)
def test_a_fault_is_named(url: str, fault: str) -> None:
    """In one line, with exit code 2, and without a password."""
    with pytest.raises(UsageError) as error:
        warehouses.connect(url)
    text = str(error.value)
    assert fault in text
    assert "Made" not in text
    assert "0up" not in text
    assert "\n" not in text
    assert error.value.__cause__ is None
    with pytest.raises(UsageError):
        warehouses.backend_of(url)


@pytest.mark.parametrize(
    "url",
    [
        "duckdb:///x.duckdb?threads=2&memory_limit=1GB&access_mode=read_write",
        "redshift://u:a%40b@h:5439/dev?secret=name&timeout=5&application_name=x&ssl=true",
        "redshift+redshift_connector://u:p#/?:x@[::1]:5439/dev",
    ],
)
def test_a_valid_url_is_accepted(url: str) -> None:
    """With options, an address of either kind, and a password with any character but @."""
    assert urls.parse(url).render_as_string(hide_password=False)


def test_numbers_are_given_to_the_driver_as_numbers() -> None:
    """The driver does not parse them."""
    found = urls.numbers(urls.parse("redshift://u@h/dev?timeout=5&tcp_keepalive_idle=60&ssl=true"))
    assert found == {"timeout": 5, "tcp_keepalive_idle": 60}


def test_home_is_the_same_file_for_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is the home folder when the file is made, looked for and read."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    url = "duckdb:///~/x.duckdb"
    with warehouses.connect(url) as warehouse:
        assert not warehouse.exists()
    pipeline.upgrade(url)
    assert (tmp_path / "home" / "x.duckdb").is_file()
    with warehouses.connect(url) as warehouse:
        assert warehouse.exists()
        with warehouse.reading(0) as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM songplays").scalar() == 0
