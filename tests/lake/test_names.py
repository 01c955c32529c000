"""Names: which of them are objects, and that no two are one uri."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify import books, config, pipeline, warehouses
from sparkify.errors import SparkifyError, TryAgain, UsageError
from sparkify.lake.folder import Folder, printable
from sparkify.lake.objects import LakeObject, wanted
from tests.factory import event, files, lines, put, rows, song
from tests.support import redshift_is_long


def listed(folder: Path) -> tuple[list[str], int]:
    """The objects below a folder, and how many names are ignored."""
    found = list(Folder(str(folder)).scan("events"))
    objects = [item.uri for item in found if isinstance(item, LakeObject)]
    return sorted(objects), len(found) - len(objects)


OBJECTS = [
    "a.json",
    "A.JSON",
    "a.NdJson.GZ",
    "part-00000",
    "stream-1-2018-11-01-00-05-09-4f5e",
    "2018/11/events",
    "a_b/c.jsonl",
    "readmes",
    "x.manifest.json",
]
IGNORED = [
    "_SUCCESS",
    "_temporary/0/part-0.json",
    ".hidden/a.json",
    "__MACOSX/a.json",
    "_a.json",
    ".a.json",
    "README",
    "license",
    "SHA256SUMS",
    "MD5SUMS",
    "sha512sum",
    "CHECKSUMS",
    "manifest",
    "unload_manifest",
    "2018_$folder$",
    "a.csv",
    "a.json.crc",
    "a.json.bak",
    "a.json ",
    "events ",
    "folder/",
]


@pytest.mark.parametrize("name", OBJECTS)
def test_names_of_objects(name: str) -> None:
    """Endings in any case, and names without one."""
    assert wanted(name.split("/"))


@pytest.mark.parametrize("name", IGNORED)
def test_names_that_are_ignored(name: str) -> None:
    """What hides, other endings, and texts about the data."""
    assert not wanted(name.split("/"))


def test_hidden_folders_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each counts as one name, whatever it holds."""
    for name in ("_temporary/0", ".Trashes"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.json").write_bytes(lines([event()]))
    (tmp_path / "a.json").write_bytes(lines([event()]))
    scandir, opened = os.scandir, list[str]()

    def recorded(path: str) -> object:
        opened.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", recorded)
    assert listed(tmp_path) == ([str(tmp_path / "a.json")], 2)
    assert opened == [str(tmp_path)]


def test_links_lead_to_each_folder_once(tmp_path: Path) -> None:
    """Loops and folders that link to each other end; a folder's own name comes first."""
    for name in ("z", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.json").write_bytes(b"")
    for number in range(20):
        for name, other in (("a", "z"), ("z", "a")):
            (tmp_path / name / f"link{number}").symlink_to(tmp_path / other)
        (tmp_path / f"b{number}").symlink_to(tmp_path)
    (tmp_path / "itself.json").symlink_to(tmp_path / "itself.json")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "missing.json")
    found, ignored = listed(tmp_path)
    assert found == [str(tmp_path / "a/a.json"), str(tmp_path / "z/z.json")]
    assert ignored == 2


def test_links_out_of_the_lake_are_followed(tmp_path: Path) -> None:
    """The same one of two links is taken every time."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/x.json").write_bytes(b"")
    (tmp_path / "lake").mkdir()
    for name in ("c", "b", "d"):
        (tmp_path / "lake" / name).symlink_to(tmp_path / "outside")
    assert listed(tmp_path / "lake") == ([str(tmp_path / "lake/b/x.json")], 0)


parts = st.lists(st.sampled_from([b"\\", b"x", b"f", b"\xff", b"\xfc", b"xff", b"a"]), max_size=6)


@given(parts.map(b"".join), parts.map(b"".join))
def test_two_names_are_never_one(one: bytes, other: bytes) -> None:
    """A name whose bytes are not UTF-8 is not the one that is written with a backslash."""
    shown = [printable(os.fsdecode(name)) for name in (one, other)]
    assert (shown[0] == shown[1]) == (one == other)
    for text in shown:
        text.encode()


@pytest.mark.parametrize(
    "name", ["a.json", "a b", "Björk", r"a\b", r"a\x", r"\xyz", "C:\\x0", "東京"]
)
def test_ordinary_names_do_not_change(name: str) -> None:
    """Only a name that looks like an escaped byte is written otherwise."""
    assert printable(name) == name


@redshift_is_long
def test_names_that_are_not_utf8_load(tmp_path: Path, warehouse: str) -> None:
    """Folder and file, beside others that would have the same text."""
    source = os.path.join(tmp_path, os.fsdecode(b"m\xfcsik"))  # noqa: PTH118 - not a text
    for item, name in enumerate((os.fsdecode(b"x\xff.json"), r"x\xff.json")):
        put(Path(source), "events", name, event(itemInSession=item))
    assert pipeline.run(source, warehouse).rows["songplays"] == 2
    events = f"{source}/log_data"
    assert pipeline.run(None, warehouse, events=events).files.unchanged == 2
    names = [uri.rpartition("/")[2] for (uri,) in rows(warehouse, "SELECT uri FROM staging.files")]
    assert sorted(names) == [r"x\\xff.json", r"x\xff.json"]


@pytest.mark.long
@redshift_is_long
def test_a_file_is_a_location(lake: Path, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, below the home, or by a URL; whatever its name."""
    put(lake, "events", "a b.log", event())
    put(lake, "songs", "a.json", song())
    home = f"file://{lake}/log_data/a%20b.log"
    monkeypatch.setenv("HOME", str(lake))
    for named in (str(lake / "log_data/a b.log"), "~/log_data/a b.log", home):
        report = pipeline.run(None, warehouse, events=named, songs=f"file://{lake}/song_data")
        assert (report.rows["songplays"], report.plays.matched, report.files.missing) == (1, 1, 0)
    assert report.files.unchanged == 2
    for source in (f"file://{lake}", "~"):
        assert pipeline.run(source, warehouse, prune=False).rows["songplays"] == 1


@pytest.mark.parametrize("url", ["file://relative/path", "file://", "gs://bucket/x"])
def test_other_urls_are_refused(duckdb_url: str, url: str) -> None:
    """The error names the URL."""
    with pytest.raises(UsageError, match=url):
        pipeline.run(url, duckdb_url)


def test_a_file_as_the_source_is_told(lake: Path, duckdb_url: str) -> None:
    """It could be songs or events."""
    path = put(lake, "events", "a.json", event())
    with pytest.raises(UsageError, match="--songs or --events"):
        pipeline.run(str(path), duckdb_url)


def test_an_empty_lake_says_what_was_ignored(lake: Path, duckdb_url: str) -> None:
    """How many names, and three of them."""
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        put(lake, "events", name, b"")
    with pytest.raises(
        SparkifyError, match=r"4 names were ignored: .*a\.csv, .*c\.csv, …"
    ) as error:
        pipeline.run(str(lake), duckdb_url)
    assert "d.csv" not in str(error.value)


def test_the_home_of_a_warehouse(
    lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is the same file for every command."""
    monkeypatch.setenv("HOME", str(tmp_path))
    put(lake, "events", "a.json", event())
    pipeline.run(str(lake), "duckdb:///~/w.duckdb")
    assert files(f"duckdb:///{tmp_path}/w.duckdb") == {"a.json": (1, 0)}
    settings = config.load()
    with warehouses.connect("duckdb:///~/w.duckdb", settings) as warehouse:
        assert books.read_status(warehouse, settings).records == 1


@pytest.mark.parametrize("size", [1, 4000])
def test_a_pipe_in_a_file_s_place_does_not_hang(lake: Path, size: int) -> None:
    """A file that became a named pipe since it was listed has changed."""
    path = put(lake, "events", "a.json", *[event()] * size)
    location = Folder(str(lake))
    items = [item for item in location.scan("events") if isinstance(item, LakeObject)]
    path.unlink()
    os.mkfifo(path)
    failures = list[Exception]()

    def fetch() -> None:
        try:
            list(location.fetch(items))
        except TryAgain as error:
            failures.append(error)

    thread = threading.Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(10)
    assert [str(error) for error in failures] == [f"{path} changed while it was read; run again"]
