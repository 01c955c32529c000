"""What a run has staged: its counts are those of all records, also where not all are listed."""

from sparkify.lake.objects import LakeObject
from sparkify.load.staged import Staged
from sparkify.read.records import Fault, Record
from sparkify.read.results import Outcome


def test_rejects_that_are_not_listed_are_counted_once() -> None:
    """The row that the books get for all that are omitted is no record of its own."""
    item = LakeObject("a.json", "events", "1", 10, key="")
    outcome = Outcome("events", 1, [item], records=3)
    for number, code in enumerate(("malformed", "missing", "missing")):
        record = Record(number + 1, 0, b"x", None)
        outcome.reject(record, Fault(code, "of no use"), keep=number == 0)
    staged = Staged()
    staged.add(outcome)
    assert staged.codes == {"malformed": 1, "missing": 2}
    assert staged.places == {"a.json": 3}
    assert staged.records.rejected == 3
    assert len(staged.rejects) == 2
