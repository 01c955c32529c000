"""Airflow 3: load the lake every night, check that the data is fresh, write a page of answers.

Install Sparkify in an environment of its own, since Airflow pins many packages, and name its
command in SPARKIFY. Settings such as SPARKIFY_SOURCE come from the workers' environment.
"""

import os
import subprocess
from datetime import datetime, timedelta

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task

SPARKIFY = os.environ.get("SPARKIFY", "sparkify")
RETRY_MAY_HELP = (4, 5)  # network or conflict; the warehouse is held by another process


def sparkify(*arguments: str) -> str:
    """Run the command; a failure is retried only if that may help."""
    done = subprocess.run([SPARKIFY, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode in RETRY_MAY_HELP:
        raise RuntimeError(f"sparkify {arguments[0]} ended with exit code {done.returncode}")
    if done.returncode:
        raise AirflowFailException(
            f"sparkify {arguments[0]} ended with exit code {done.returncode}"
        )
    return done.stdout


@dag(
    schedule="15 3 * * *",
    start_date=datetime(2018, 11, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["sparkify"],
)
def sparkify_nightly():
    """Load, check, report."""

    @task
    def load() -> str:
        """Load what is new; the report is kept as the task's result."""
        return sparkify("-v", "run", "--json")

    @task(retries=0)
    def check() -> None:
        """Fail if no new data arrives."""
        sparkify("status", "--max-age", os.environ.get("MAX_AGE", "26h"))

    @task
    def page() -> None:
        """Write the analysts' page."""
        sparkify("report", "--html", os.environ.get("SPARKIFY_PAGE", "sparkify.html"))

    load() >> [check(), page()]


nightly = sparkify_nightly()
