"""What the settings' locations cover in S3, as the patterns of IAM.

A location is a folder, one object, or the start of names, as for COPY. One that is below the source
or ends in a slash is a folder; of others S3 tells which it is, as it does for a run. If S3 cannot
be asked, the name has to tell.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from functools import cache
from typing import NamedTuple

from sparkify.errors import SparkifyError
from sparkify.lake.locations import lake_uris, open_location, staging_uri
from sparkify.lake.objects import SUFFIXES, LakeObject
from sparkify.lake.uris import split
from sparkify.settings import Settings


class Form(Enum):
    """What a location is: `lists` of its name are the prefixes of lists, `objects` its objects."""

    FOLDER = ("{}/*",), "{}/*"
    OBJECT = ("{}", "{}/"), "{}"
    START = ("{}*",), "{}*"

    def __init__(self, lists: tuple[str, ...], objects: str) -> None:
        self.lists, self.objects = lists, objects


Look = Callable[[str], Form | None]  # tells the form of an s3:// URL; None if it cannot


class Place(NamedTuple):
    """A location in S3; a folder's name has no slash at its end, and is "" for a whole bucket."""

    bucket: str
    name: str
    form: Form = Form.FOLDER

    @property
    def lists(self) -> list[str]:
        """The patterns of the prefixes below which it is listed; none for a whole bucket."""
        return [each.format(literal(self.name)) for each in self.form.lists] if self.name else []

    def objects(self, partition: str) -> str:
        """The ARN of its objects."""
        names = self.form.objects.format(literal(self.name)) if self.name else "*"
        return f"arn:{partition}:s3:::{self.bucket}/{names}"


def literal(name: str) -> str:
    """A name as IAM takes it literally.

    >>> literal("what?/5*/${x}")
    'what${?}/5${*}/${$}{x}'
    """
    return re.sub(r"[*?]|\$(?=\{)", lambda found: f"${{{found[0]}}}", name)


def by_name(uri: str) -> None:
    """Leave it to the name."""


def asking(settings: Settings) -> Look:
    """Ask S3 what a name stands for, as a run does."""

    def look(uri: str) -> Form | None:
        try:
            objects = open_location(uri, settings).scan("")
            item = next((each for each in objects if isinstance(each, LakeObject)), None)
        except SparkifyError:
            return None
        if item is None or item.uri.startswith(f"{uri}/"):
            return item and Form.FOLDER
        return Form.OBJECT if item.uri == uri else Form.START

    return cache(look)


def place(uri: str, look: Look) -> Place:
    """The place of a location."""
    bucket, name = split(uri)
    if not name or uri.endswith("/"):
        return Place(bucket, name)
    named = Form.OBJECT if name.lower().endswith(SUFFIXES) else Form.FOLDER
    return Place(bucket, name, look(uri) or named)


def lake_places(settings: Settings, look: Look) -> Iterator[Place]:
    """The places of the songs and the events, if they are in S3."""
    given = {"songs": settings.songs, "events": settings.events}
    for kind, uri in lake_uris(settings).items():
        if uri.startswith("s3://"):
            yield place(uri if given[kind] else f"{uri}/", look)


def staging_places(settings: Settings) -> list[Place]:
    """The place to which parts and manifests are written, if one is set."""
    uri = staging_uri(settings)
    return [Place(*split(uri))] if uri else []
