"""Five properties that hold after any sequence of changes to the lake, runs, faults and kills.

Nothing is lost, nothing is doubled, the books are never ahead of the data, loads only grow, and a
run that finds nothing new changes nothing.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.chaos import forks
from tests.chaos.child import Strike
from tests.chaos.worlds import Trial, Work, picture_but_loads
from tests.factory import rows, star
from tests.pipeline.test_sequences import Lakes, change

#: a step is a run or several: a failure is shown as it was found, and not made smaller
BOUNDS = settings(
    stateful_step_count=6,
    phases=[Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FAULTS = st.sampled_from(["kill", "IOException", "SIGTERM"])
BOOKED = "SELECT uri, records - rejects FROM staging.files WHERE records > rejects"
STAGED = (
    "SELECT uri, count(*) FROM (SELECT uri FROM staging.staging_events"
    " UNION ALL SELECT uri FROM staging.staging_songs) GROUP BY uri"
)
LOADS = "SELECT load_id, records_read, records_staged + records_rejected FROM staging.loads"
DOUBLED = "SELECT count(*) - count(DISTINCT songplay_id) FROM songplays"


class Faults(RuleBasedStateMachine):
    """A lake that changes, a warehouse that is loaded from it, and what goes wrong on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        root = Path(self.folder.name)
        (root / "tmp").mkdir()
        self.lakes = Lakes(root)
        options = ("--max-rejects", "100%")
        self.trial = Trial(Work("any", str(self.lakes.now), root, options=options), root)
        self.loads: list[Any] = []

    @rule(what=change)
    def change_the_lake(self, what: Any) -> None:
        """Write, damage, remove or copy an object."""
        self.lakes.change(*what)

    @rule(nth=st.integers(1, 80), how=FAULTS, when=st.sampled_from(["before", "after"]))
    def fail(self, nth: int, how: str, when: str) -> None:
        """A run is struck at a statement, if it comes to it; what it saw may be there or not."""
        before = self.picture()
        ended = forks.run(self.trial.job(Strike(nth, how, when)))
        assert "Traceback" not in ended.said, ended
        assert self.picture() in (before, self.load())

    @rule()
    def run(self) -> None:
        """A run without faults."""
        self.load()

    def load(self) -> Any:
        """A run without faults; the next one finds nothing new, and changes nothing."""
        self.lakes.remember()
        ended = forks.run(self.trial.job())
        assert ended.code == 0, ended
        found = self.picture()
        assert forks.run(self.trial.job()).code == 0
        assert self.picture() == found
        return found

    def picture(self) -> dict[str, str]:
        """All that the warehouse holds, but for the list of loads, which has its own rule."""
        return picture_but_loads(self.trial.url)

    @invariant()
    def the_books_say_what_is_there(self) -> None:
        """Each object has the rows that its entry counts, and no play is there twice."""
        if self.picture():
            assert rows(self.trial.url, STAGED) == rows(self.trial.url, BOOKED)
            assert rows(self.trial.url, DOUBLED) == [(0,)]

    @invariant()
    def loads_only_grow(self) -> None:
        """What is in the list of loads stays; of each, all that was read is staged or refused."""
        if self.picture():
            found = rows(self.trial.url, LOADS)
            assert found[: len(self.loads)] == self.loads
            assert all(read == kept for _, read, kept in found)
            self.loads = found

    def teardown(self) -> None:
        """At the end the star is what one run over every object ever listed makes."""
        self.load()
        found = star(self.trial.url)
        (self.trial.folder / "warehouse.duckdb").unlink()
        work = Work(
            "fresh", str(self.lakes.ever), self.trial.folder, options=self.trial.work.options
        )
        ended = forks.run(Trial(work, self.trial.folder).job())
        assert ended.code == 0, ended
        assert star(self.trial.url) == found
        assert not self.trial.left()
        self.folder.cleanup()
