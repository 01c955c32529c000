"""AWS Lambda: load objects as they arrive in S3, without listing the lake.

S3 calls the function for each new object below song_data/ or log_data/. The settings are in the
function's environment: SPARKIFY_SOURCE=s3://bucket/prefix, SPARKIFY_WAREHOUSE and, for staged
loads, SPARKIFY_STAGING. An error is raised, so that Lambda tries again and then sends the event to
the function's failure destination; what was loaded already is skipped.
"""

from typing import Any
from urllib.parse import unquote_plus

from sparkify import pipeline


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Load the objects that an event of S3 names; returns the report of the run."""
    objects = [url(record["s3"]) for record in event.get("Records", ())]  # none in s3:TestEvent
    report = pipeline.run(objects=objects)
    print(report)  # to CloudWatch
    return report.to_dict()


def url(of: dict[str, Any]) -> str:
    """The URL of an object; in an event its key is encoded as in a form."""
    return f"s3://{of['bucket']['name']}/{unquote_plus(of['object']['key'])}"
