"""A cluster for trials, with a lake and the parts in S3.

The lake goes to and fro between two versions, so that each trial has something to load, and what
is right before and after it is known.
"""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

from sparkify import config, warehouses
from tests.chaos import buckets, forks, worlds
from tests.chaos.child import Job
from tests.chaos.forks import Ended
from tests.chaos.s3faults import Plan, proxy
from tests.factory import event, lines, song
from tests.redshift_standin import StandIn
from tests.redshift_standin.authority import authority
from tests.redshift_standin.buckets import Bucket
from tests.redshift_standin.fixtures import REGION, ROLE


@dataclass
class Site:
    """A cluster, and a bucket with the lake and the parts.

    Attributes:
        plan: of the proxy before S3, which the cluster uses, too.
        environment: the settings of a run.
        pictures: what the warehouse holds after a load of each version of the lake; none are
            known when others have used it.
        version: the one that is loaded.
        statements, requests: how many a load takes.
    """

    cluster: StandIn
    bucket: Bucket
    plan: Plan
    root: Path
    environment: dict[str, str]
    pictures: list[worlds.Picture] = field(default_factory=list)
    version: int = 0
    statements: int = 0
    requests: int = 0

    def prepare(self) -> None:
        """Load both versions, the first one again at the end, and count."""
        self.cluster.reset()
        self.version = 0
        for version in (0, 1, 0):
            self.write(version)
            self.plan.asked.clear()
            self.cluster.statements.clear()
            ended = self.run()
            assert ended.code == 0, ended
            self.pictures.append(self.picture())
        self.statements, self.requests = len(self.cluster.statements), len(self.plan.asked)
        assert self.pictures.pop() == self.pictures[0] != self.pictures[1]

    def write(self, version: int) -> None:
        """Give the lake a version: other events, another song, another bad line."""
        plays = [event(itemInSession=item, userId=str(version)) for item in range(3 + version)]
        self.bucket.put("lake/log_data/a.json", lines([*plays, b"not json" * version]))
        self.bucket.put("lake/log_data/same.json", lines([event(sessionId=1)]))
        self.bucket.put("lake/song_data/a.json", lines([song(duration=254 + version)]))

    def job(self, lake: str = "lake") -> Job:
        """The command."""
        arguments = ("run", self.bucket.url(lake), "--max-rejects", "100%")
        return Job(arguments, self.root, environment=self.environment)

    def run(self) -> Ended:
        """Run to the end."""
        return forks.run(self.job())

    def picture(self) -> worlds.Picture:
        """What is there."""
        with patch.dict("os.environ", self.environment):
            return worlds.picture_but_loads(self.cluster.url())

    def let_time_pass(self) -> None:
        """Ten minutes later a run that was killed counts as dead."""
        with (
            patch.dict("os.environ", self.environment),
            warehouses.connect(self.cluster.url(), config.load()) as opened,
            opened.writing(10) as connection,
        ):
            connection.exec_driver_sql("UPDATE staging.runs SET heartbeat = NULL")
            connection.commit()

    @contextmanager
    def trial(self, what: object, codes: Container[int]) -> Iterator[list[Ended]]:
        """One trial: inside, a run is struck, and its end put into the list.

        Afterwards all is as before or as after, and the next run completes it; no part is left.
        """
        if not self.pictures:
            self.prepare()
        before, after = self.pictures[self.version], self.pictures[not self.version]
        self.version = 1 - self.version
        self.write(self.version)
        ends: list[Ended] = []
        try:
            yield ends
        finally:
            self.cluster.faults.clear()
            self.plan.nth = 0
        (ended,) = ends
        worlds.ends_clearly(what, ended, codes)
        right = [after] if ended.code == 0 else [before, after]
        assert self.picture() in right, f"{what}: half is published"
        self.let_time_pass()
        again = self.run()
        assert again.code == 0, f"{what}: {again}"
        assert self.picture() == after, f"{what}: the next run ends differently"
        assert not self.left(), f"{what}: {self.left()} is left"

    def left(self) -> list[str]:
        """What is left in S3 and among temporary files."""
        return self.bucket.held("parts/") + [path.name for path in (self.root / "tmp").iterdir()]


@contextmanager
def site(root: Path, bucket: Bucket) -> Iterator[Site]:
    """A site of which the first version of the lake is loaded."""
    (root / "tmp").mkdir(parents=True)
    own = replace(bucket, prefix="site/")
    tls, ca = authority(root)
    with (
        proxy(str(bucket.endpoint)) as (endpoint, plan),
        StandIn(s3_endpoint=endpoint, iam_roles={ROLE}, region=REGION, tls=tls) as cluster,
    ):
        environment = {
            **buckets.settings(endpoint),
            "SPARKIFY_WAREHOUSE": cluster.url(),
            "SPARKIFY_STAGING": own.url("parts"),
            "SPARKIFY_IAM_ROLE": ROLE,
            "SSL_CERT_FILE": str(ca),
            "TMPDIR": str(root / "tmp"),
        }
        made = Site(cluster, own, plan, root, environment)
        made.prepare()
        yield made
