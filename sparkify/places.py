"""From settings to places: where the songs and the events of a lake are."""

import os

from sparkify import aws
from sparkify.config import Settings
from sparkify.errors import SparkifyError, UsageError
from sparkify.lake import DIRECTORIES, Folder, Lake, Place


def open_lake(settings: Settings) -> Lake:
    """The lake that the settings name.

    Raises:
        UsageError: they name none, or one that is not there.
        SparkifyError: it has neither a folder of songs nor one of events.
    """
    given = {"songs": settings.songs, "events": settings.events}
    places = {kind: place(uri, settings) for kind, uri in given.items() if uri}
    if settings.source:
        root = place(settings.source, settings)
        if not root.exists():
            raise UsageError(f"{settings.source} is not there, or is no folder")
        for kind, directory in DIRECTORIES.items():
            below = place(f"{root.uri.rstrip('/')}/{directory}", settings)
            if kind not in places and below.exists():
                places[kind] = below
        if not places:
            names = " or ".join(DIRECTORIES.values())
            raise SparkifyError(
                f"the lake is empty: no {names} below {settings.source};"
                " say where they are with --songs and --events"
            )
    if not places:
        raise UsageError("no source given: name a folder or s3://bucket/prefix")
    refuse_overlap(places)
    apart = " and ".join(uri for uri in given.values() if uri)
    name = root.uri if settings.source and not apart else apart
    return Lake(name, {kind: places[kind] for kind in DIRECTORIES if kind in places})


def place(uri: str, settings: Settings) -> Place:
    """The place of a folder's path or of an `s3://bucket/prefix`."""
    if uri.startswith("s3://"):
        from sparkify.s3 import Bucket  # noqa: PLC0415 - a folder needs no AWS

        return Bucket(uri, aws.session(settings))
    if "://" in uri:
        raise UsageError(f"{uri} is no source: name a folder or s3://bucket/prefix")
    return Folder(os.path.expanduser(uri))  # noqa: PTH111 - a path may be no valid text


def refuse_overlap(places: dict[str, Place]) -> None:
    """Songs and events have to be apart, or every object would be read as both."""
    roots = [found.uri.rstrip("/") + "/" for found in places.values()]
    if len(roots) > 1 and (roots[0].startswith(roots[1]) or roots[1].startswith(roots[0])):
        raise UsageError(f"songs and events overlap: {roots[0]} and {roots[1]}")
