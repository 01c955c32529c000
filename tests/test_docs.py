"""README.md, docs/, CONTRIBUTING.md and CHANGELOG.md are true: commands, output, lists, links."""

import contextlib
import io
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import sparkify as sparkify_package
from sparkify import analytics, books
from sparkify.models import diagram
from sparkify.read import rules
from sparkify.settings import OPTIONS, Option
from tests.cli.test_cli import Sparkify, sparkify
from tests.factory import rows

__all__ = ["sparkify"]

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted(ROOT.glob("C*.md")), *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^\$ (sparkify .*?)(?:\s+#.*)?$", re.MULTILINE)
COMMON = {"--help", "--log-format"}  # options of every command
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def block(text: str, language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_is_short() -> None:
    """README.md has at most 160 lines."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 160


def run_commands(sparkify: Sparkify, text: str) -> None:
    """Run the commands of a page in their order."""
    commands = COMMAND.findall(text)
    assert len(commands) >= 4
    for command in commands:
        ended = sparkify(*shlex.split(command)[1:])
        assert ended.code == 0, f"{command}: {ended.err}"


def test_the_readme_works(sparkify: Sparkify) -> None:
    """Its commands succeed in an empty folder; then its Python prints exactly what it shows."""
    run_commands(sparkify, read("README.md"))
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(block(read("README.md"), "python"), {})
    assert printed.getvalue() == block(read("README.md"), "text")


def test_the_commands_about_loading_work(sparkify: Sparkify) -> None:
    """The commands of the page succeed in an empty folder."""
    run_commands(sparkify, read("docs/loading.md"))


@pytest.mark.long
@pytest.mark.parametrize("page", ["analysts", "bad-input", "bi-tools", "duckdb", "erasure"])
def test_the_shell_commands_of_a_page_work(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: str
) -> None:
    """Each `sparkify` command succeeds after a load, in the order of the page.

    Left out are those for Redshift, which need a cluster.
    """
    sparkify("simulate", "lake", "--events", 2000, "--songs", 100)
    sparkify("run", "lake")
    for folder in ("data/public", "public", "backup", "queries"):
        Path(folder).mkdir(parents=True)
    Path("queries/users.sql").write_text("SELECT count(*) AS users FROM users")
    sparkify("verify", "queries", "--accept")
    text = "".join(re.findall(r"```sh\n(.*?)```", read(f"docs/{page}.md"), re.DOTALL))
    text = re.sub("(/data|/backup)/", rf"{tmp_path}\1/", text)
    lines = re.findall(
        r"^(?:export (\w+)=(.*)|(sparkify .*?)(?: &&.*|\s+#.*)?)$", text, re.MULTILINE
    )
    assert any(command for _, _, command in lines)
    for name, value, command in lines:
        asks = ["--yes"] if re.fullmatch(r"sparkify forget \d+", command) else []
        if name:
            monkeypatch.setenv(name, value.strip("'"))
        elif "s3://" not in command:
            ended = sparkify(*shlex.split(command)[1:], *asks)
            assert ended.code == 0, f"{command}: {ended.err}"


@pytest.mark.long
def test_the_sql_and_the_python_of_the_pages_work(sparkify: Sparkify) -> None:
    """What is for DuckDB runs after a load; the examples of other tests are left out."""
    sparkify("simulate", "lake", "--events", 2000, "--songs", 100)
    sparkify("run", "lake")
    for page in ("analysts", "bi-tools", "new-fields"):
        for query in re.findall(r"```sql\n(.*?)```", read(f"docs/{page}.md"), re.DOTALL):
            rows("duckdb:///sparkify.duckdb", query)
    Path("queries").mkdir()
    Path("queries/users.sql").write_text("SELECT count(*) AS users FROM users")
    sparkify("verify", "queries", "--accept")
    for page in ("loading", "duckdb", "analysts", "python"):
        for code in re.findall(r"```python\n(?!def )(.*?)```", read(f"docs/{page}.md"), re.DOTALL):
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, {})


def test_the_python_of_the_pages_compiles() -> None:
    """Each block of Python is valid."""
    for page in PAGES:
        for code in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            compile(code, page.name, "exec")


def test_written_pages_are_up_to_date() -> None:
    """What `scripts/write_docs` would write is what stands there."""
    written = runpy.run_path(str(ROOT / "scripts" / "write_docs"))["WRITTEN"]
    for name, write in written.items():
        page = read(f"docs/{name}")
        assert write(page) == page, f"run scripts/write_docs: {name} is not up to date"
    assert diagram.mermaid() in read("docs/tables.md")


def test_every_public_name_is_documented() -> None:
    """The page about Python has each name that these modules export, and no private one."""
    text = read("docs/python.md")
    for module in (sparkify_package, analytics, books):
        name = module.__name__.removeprefix("sparkify.")
        for each in set(module.__all__) - {"__version__"}:
            assert f"### {name}.{each}\n" in text


@pytest.mark.long
def test_the_site_is_built(tmp_path: Path) -> None:
    """Without a warning, each page is in its navigation, and none needs a network."""
    site, options = tmp_path / "site", ["-W", "-q", "-d", str(tmp_path / "doctrees")]
    command = [sys.executable, "-m", "sphinx", *options, str(ROOT / "docs"), str(site)]
    subprocess.run(command, check=True)
    start = (site / "index.html").read_text("utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert (site / f"{page.stem}.html").is_file()
        assert (
            page.stem == "index" or f'class="reference internal" href="{page.stem}.html"' in start
        )
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert (
            re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text) == []
        )


@pytest.mark.parametrize(
    "option", [o for o in OPTIONS.values() if o.environment or o.keys], ids=lambda o: o.name
)
def test_every_setting_is_documented(option: Option) -> None:
    """Each setting is in the table of its page, with its names."""
    text = read("docs/aws-cluster.md" if option.name.startswith("cluster") else "docs/settings.md")
    if option.environment:
        assert f"`{option.environment}`" in text
    if option.keys:
        section, key = option.keys[0]
        assert f"[{section}]" in text
        assert re.search(rf"`(\[{section}\] )?{key}`", text)


def test_every_command_and_option_is_documented(sparkify: Sparkify) -> None:
    """The page about the command line has each command, and each of its options."""
    parts = (part.split("\n", 1) for part in read("docs/command-line.md").split("\n## ")[1:])
    sections = dict(parts)
    sections["plan"] += sections["run"]  # it refers to it
    for name in names(sparkify("--help").out):
        section = sections[name]
        for command in names(sparkify(name, "--help").out) if name == "cluster" else [None]:
            shown = sparkify(name, *filter(None, [command]), "--help").out
            options = set(re.findall(r"--[\w-]+", shown.split("\nOptions:\n")[1])) - COMMON
            assert not command or f"### {name} {command}\n" in section
            assert {option for option in options if option not in section} == set(), name


def names(shown: str) -> list[str]:
    """The commands that a help text lists."""
    return re.findall(r"^  (\w+) ", shown.split("\nCommands:\n")[1], re.MULTILINE)


def test_every_reject_code_is_documented() -> None:
    """The page about bad input has each code that a reject can have."""
    text = read("docs/bad-input.md")
    source = "".join(path.read_text("utf-8") for path in (ROOT / "sparkify").rglob("*.py"))
    codes = {*rules.REASONS, *re.findall(r'(?:Fault|Unreadable)\(\s*"(\w+)"', source)}
    assert len(codes) >= 15
    assert {code for code in codes if f"| `{code}` |" not in text} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_resolve(page: Path) -> None:
    """Each relative link names a file that exists, and a heading in it."""
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / name).resolve() if name else page
        assert target.is_file(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


@pytest.mark.long
def test_the_tutorial_works(sparkify: Sparkify) -> None:
    """Its files, commands, SQL and Python work in an empty folder, and print what it shows."""
    text, printed = read("docs/tutorial.md"), ""
    steps = re.compile(r"(?:`(lake/\S+)`:\n\n)?```(json|console|sql|python)\n(.*?)```", re.DOTALL)
    day = Path("lake/log_data/2018/11/2018-11-02-events.json")
    for name, language, body in steps.findall(text):
        if name:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(body, "utf-8")
        elif language == "sql":
            assert rows("duckdb:///sparkify.duckdb", body)[0][:2] == ("Kaylee", "Kola Song")
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                exec(body, {})
            assert "Night Train" in shown.getvalue()
        for command in COMMAND.findall(body):
            if command == "sparkify run lake" and "1 rejected" in printed:
                day.write_text(day.read_text("utf-8").replace('"fre"', '"free"'), "utf-8")
            ended = sparkify(*shlex.split(command)[1:])
            assert ended.code == 0, f"{command}: {ended.err}"
            printed += ended.out
    reported = re.findall(r"^(?:records|files|rows|plays) .*$", text, re.MULTILINE)
    assert set(reported) - set(printed.splitlines()) == set()
    assert "2 read = 2 staged + 0 rejected" in printed
    assert ended.out == "rejects      0\n"
