"""The recipes in examples/ do what docs/recipes.md says."""

import ast
import contextlib
import http.server
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
import yaml

from sparkify import UsageError, pipeline
from tests.conftest import use_s3
from tests.factory import event, files, put, song, star
from tests.redshift_standin.buckets import Bucket
from tests.support import ROOT

EXAMPLES = ROOT / "examples"
URL = "duckdb:///sparkify.duckdb"


@pytest.fixture
def lake(lake: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake with a play of this hour, which the settings name; `sparkify` is on the PATH."""
    put(lake, "events", "a.json", event(ts=int(time.time() * 1000) - 1000))
    put(lake, "songs", "a.json", song())
    monkeypatch.setenv("SPARKIFY_SOURCE", str(lake))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    return lake


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The URL of a web hook, and the messages that it received."""
    received: list[dict[str, str]] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", received
        server.shutdown()


def cron(**environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script as cron does."""
    return subprocess.run(
        [EXAMPLES / "cron.sh"],
        env={**os.environ, "PAUSE": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_cron_loads_and_says_nothing_to_the_hook(
    lake: Path, hook: tuple[str, list[dict[str, str]]]
) -> None:
    """After a run that succeeds."""
    done = cron(WEBHOOK_URL=hook[0])
    assert (done.returncode, done.stderr, hook[1]) == (0, "", [])
    assert "songplays 1" in done.stdout
    assert len(star(URL)["songplays"]) == 1


@pytest.mark.long
def test_cron_tells_of_a_failure(lake: Path, hook: tuple[str, list[dict[str, str]]]) -> None:
    """The exit code is the command's; the message has its error, by web hook and by mail."""
    mail = Path("bin/mail")
    mail.parent.mkdir()
    mail.write_text('#!/bin/sh\n{ echo "$@"; cat; } >mail.txt\n')
    mail.chmod(0o755)
    path = f"{mail.parent.absolute()}:{os.environ['PATH']}"
    put(lake, "events", "bad.json", *[b"not 'json\""] * 20)
    done = cron(WEBHOOK_URL=hook[0], MAIL_TO="ops@example.com", PATH=path)
    assert done.returncode == 3
    (message,) = hook[1]
    assert "ended with exit code 3: sparkify: 20 of 22 records were rejected" in message["text"]
    sent = Path("mail.txt").read_text()
    assert sent.startswith("-s sparkify: exit code 3 ops@example.com\n")
    assert "20 of 22 records" in sent


@pytest.mark.long
def test_cron_tells_of_stale_data(lake: Path, hook: tuple[str, list[dict[str, str]]]) -> None:
    """A run that succeeds, of events that are too old."""
    put(lake, "events", "a.json", event())
    assert cron(WEBHOOK_URL=hook[0], MAX_AGE="2d").returncode == 6
    assert "stale: the newest event is" in hook[1][0]["text"]


@pytest.mark.long
def test_cron_tries_again_if_that_may_help(
    lake: Path, hook: tuple[str, list[dict[str, str]]]
) -> None:
    """While another process holds the warehouse: a few attempts, and then one message."""
    pipeline.run(str(lake), URL)
    with duckdb.connect("sparkify.duckdb"):
        done = cron(WEBHOOK_URL=hook[0], SPARKIFY_LOCK_TIMEOUT="0", ATTEMPTS="2")
    assert (done.returncode, len(hook[1])) == (5, 1)
    assert done.stderr.count("is held by process") == 3  # two attempts, and the message


@pytest.mark.long
def test_the_workflow(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its `run:` steps succeeds, as GitHub runs them, and leaves what is uploaded."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    (job,) = workflow["jobs"].values()
    steps = {step.get("name", step.get("uses")): step for step in job["steps"]}
    assert steps["Install"]["run"] == "pip install ."  # done, in this environment
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    for name, step in steps.items():
        if "run" in step and name != "Install":
            Path("step.sh").write_text(step["run"])
            done = subprocess.run(
                ["bash", "-e", "step.sh"], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{name}: {done.stderr}"
    uploads = steps["actions/upload-artifact@v4"]["with"]["path"].split()
    assert [name for name in uploads if not Path(name).is_file()] == []
    assert json.loads(Path("run.json").read_text())["rows"]["songplays"] == 1
    assert "1 files" not in Path("summary.md").read_text()
    assert "2 files, 2 records" in Path("summary.md").read_text()
    used = set(re.findall(r"\b(SPARKIFY_\w+)", str(job["env"])))
    assert used <= {"SPARKIFY_SOURCE", "SPARKIFY_WAREHOUSE", "SPARKIFY_STAGING"}


def module(name: str) -> Any:
    """One of the examples, imported."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def s3_event(*objects: tuple[str, str]) -> dict[str, Any]:
    """An event as S3 sends it: a record for each object, with its encoded key."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
            }
            for bucket, key in objects
        ]
    }


@pytest.mark.long
def test_the_lambda_handler(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It loads the objects that an event names, and no others; twice is once."""
    use_s3(monkeypatch, str(s3.endpoint))
    monkeypatch.setenv("SPARKIFY_SOURCE", s3.url("lake"))
    monkeypatch.setenv("SPARKIFY_WAREHOUSE", URL)
    for number, name in enumerate(("2018 11/ü+1.json", "other.json")):
        s3.put(f"lake/log_data/{name}", event(itemInSession=number))
    named = (s3.name, f"{s3.prefix}lake/log_data/2018+11/%C3%BC%2B1.json")
    handler = module("lambda_handler").handler
    for new in (1, 0):
        report = handler(s3_event(named), None)
        assert json.loads(json.dumps(report))["files"]["new"] == new
        assert (report["files"]["missing"], report["rows"]["songplays"]) == (0, 1)
    assert list(files(URL)) == ["ü+1.json"]
    assert handler({"Event": "s3:TestEvent"}, None)["load_id"] is None
    with pytest.raises(UsageError, match="is not below"):
        handler(s3_event((s3.name, f"{s3.prefix}elsewhere.json")), None)
    assert "songplays 1" in capsys.readouterr().out


@pytest.mark.long
def test_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its cells run in their order, and what a cell ends with can be shown; it has no outputs."""
    book = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])
    assert all(cell["outputs"] == [] for cell in cells)
    names: dict[str, Any] = {}
    shown = [run_cell("".join(cell["source"]), names) for cell in cells]
    assert sum(text.startswith("<table>") for text in shown) >= 3
    assert names["report"].rows["songplays"] > 0


def run_cell(source: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does; what it shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), names)
        if last is None:
            return printed.getvalue()
        assert isinstance(last, ast.Expr)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return str(value._repr_html_()) if hasattr(value, "_repr_html_") else repr(value)


class FailError(Exception):
    """Airflow's AirflowFailException."""


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], object]]:
    """The functions of the DAG's tasks, by a few lines in place of Airflow's decorators."""
    found: dict[str, Callable[[], object]] = {}

    class Task:
        def __rshift__(self, after: list["Task"]) -> None:
            assert len(after) == 2

    def task(function: Callable[[], object] | None = None, **_: object) -> Any:
        def decorate(function: Callable[[], object]) -> Callable[[], Task]:
            found[function.__name__] = function
            return Task

        return decorate(function) if function else decorate

    def dag(**_: object) -> Any:
        return lambda function: function

    exceptions, sdk = ModuleType("airflow.exceptions"), ModuleType("airflow.sdk")
    vars(exceptions)["AirflowFailException"] = FailError
    vars(sdk).update(dag=dag, task=task)
    for name, each in {"": ModuleType("airflow"), ".exceptions": exceptions, ".sdk": sdk}.items():
        monkeypatch.setitem(sys.modules, f"airflow{name}", each)
    module("airflow_dag")
    return found


@pytest.mark.long
def test_the_tasks_of_the_dag(lake: Path, tasks: dict[str, Callable[[], object]]) -> None:
    """They load, check and write the page; only what may pass is tried again."""
    report = tasks["load"]()
    assert json.loads(str(report))["rows"]["songplays"] == 1
    tasks["check"]()
    tasks["page"]()
    assert Path("sparkify.html").is_file()
    os.environ["MAX_AGE"] = "1s"
    with pytest.raises(FailError, match="status ended with exit code 6"):
        tasks["check"]()
    os.environ["SPARKIFY_LOCK_TIMEOUT"] = "0"
    with duckdb.connect("sparkify.duckdb"), pytest.raises(RuntimeError, match="exit code 5"):
        tasks["load"]()


@pytest.mark.long
def test_the_dag_in_airflow(lake: Path) -> None:
    """Airflow, in an environment of its own, runs it from its first task to its last."""
    if not (python := os.environ.get("AIRFLOW_PYTHON")):
        pytest.skip("AIRFLOW_PYTHON does not name the Python of an environment with Airflow 3")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(lake.parent / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "SPARKIFY": str(Path(sys.executable).with_name("sparkify")),
        "SPARKIFY_WAREHOUSE": f"duckdb:///{lake.parent}/sparkify.duckdb",
        "SPARKIFY_PAGE": str(lake.parent / "page.html"),
    }
    for command in (["db", "migrate"], ["dags", "test", "sparkify_nightly"]):
        done = subprocess.run(
            [python, "-m", "airflow", *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"
    assert len(star(URL)["songplays"]) == 1
    assert (lake.parent / "page.html").is_file()


@pytest.mark.long
def test_bi_tools_read_a_copy(lake: Path) -> None:
    """The Python of the page runs against a published copy, one block after the other."""
    Path("public").mkdir()
    pipeline.run(str(lake), URL, publish="public/music.duckdb")
    text = (ROOT / "docs" / "bi-tools.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) >= 2
    for block in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(block, {})
        assert "Björk" in printed.getvalue()
    (query,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with duckdb.connect("public/music.duckdb", read_only=True) as connection:
        assert connection.execute(query).fetchall()[0][-1] == 1


def test_every_recipe_is_documented() -> None:
    """The page names each file of examples/."""
    text = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    names = [path.name for path in EXAMPLES.iterdir() if path.is_file()]
    assert len(names) >= 5
    assert [name for name in names if f"examples/{name}" not in text] == []
