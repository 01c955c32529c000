"""Where things are, by the settings: the lake, and the parts of a load to Redshift.

Everything that needs to know a location asks here: runs, status, doctor, policies.
"""

from sparkify.errors import SparkifyError, UsageError
from sparkify.lake import aws
from sparkify.lake.folder import Folder
from sparkify.lake.objects import Lake, Location
from sparkify.lake.s3 import Bucket
from sparkify.lake.uris import in_s3, local, plain
from sparkify.settings import Settings

DIRECTORIES = {"songs": "song_data", "events": "log_data"}  # below the source, by kind
HIDDEN = ".sparkify"  # a folder that no lake lists, since its name starts with a dot


def open_lake(settings: Settings) -> Lake:
    """The lake that the settings name.

    Raises:
        UsageError: the settings name no lake, or one that does not exist.
        SparkifyError: the source has neither a folder of songs nor one of events.
    """
    given = {"songs": settings.songs, "events": settings.events}
    named = {kind: open_location(uri, settings) for kind, uri in given.items() if uri}
    name = " and ".join(location.uri for location in named.values())
    locations = dict(named)
    if settings.source:
        root = open_location(settings.source, settings)
        locations |= below(root, settings, set(named))
        check_source(root, locations)
        name = name or root.uri
    if not locations:
        raise UsageError("no source given: name a folder or s3://bucket/prefix")
    check_overlap(locations)
    return Lake(name, {kind: locations[kind] for kind in DIRECTORIES if kind in locations})


def below(root: Location, settings: Settings, named: set[str]) -> dict[str, Location]:
    """The locations below the source of the kinds that have no location of their own."""
    if not root.exists():
        raise UsageError(f"no such folder: {root.uri}")
    uris = {kind: uri for kind, uri in lake_uris(settings).items() if kind not in named}
    # as folders: `song_data` does not stand for `song_data_old`
    found = {kind: open_location(f"{uri}/", settings) for kind, uri in uris.items()}
    return {kind: location for kind, location in found.items() if location.exists()}


def check_source(root: Location, locations: dict[str, Location]) -> None:
    """Check that a source has songs or events, or that they are elsewhere."""
    if locations:
        return
    if isinstance(root, Folder) and root.is_file():
        raise UsageError(f"{root.uri} is a file: name it with --songs or --events")
    names = " or ".join(DIRECTORIES.values())
    raise SparkifyError(
        f"the lake is empty: no {names} below {root.uri};"
        " name the locations with --songs and --events"
    )


def lake_uris(settings: Settings) -> dict[str, str]:
    """Where songs and events are, by kind, whether or not anything is there."""
    uris = {"songs": settings.songs, "events": settings.events}
    if settings.source:
        root = settings.source.rstrip("/")
        uris = {kind: uri or f"{root}/{DIRECTORIES[kind]}" for kind, uri in uris.items()}
    return {kind: plain(uri) for kind, uri in uris.items() if uri}


def lake_in_s3(settings: Settings) -> str | None:
    """The root of a lake that is in S3 as a whole; None if any of it is elsewhere."""
    given = [uri for uri in (settings.source, settings.songs, settings.events) if uri]
    return plain(given[0]).rstrip("/") if given and all(map(in_s3, given)) else None


def copies_directly(settings: Settings) -> bool:
    """Whether Redshift copies straight from the lake: on request, or without a staging prefix."""
    if settings.copy:
        return settings.copy == "direct"
    return not settings.staging and lake_in_s3(settings) is not None


def staging_uri(settings: Settings) -> str | None:
    """The S3 prefix of parts and manifests: the setting's, or a hidden folder of the lake."""
    if not settings.staging and copies_directly(settings):
        return f"{lake_in_s3(settings)}/{HIDDEN}"
    return plain(settings.staging) if settings.staging else None


def open_location(uri: str, settings: Settings) -> Location:
    """The location of a path, a `file://` URL, or an `s3://bucket/prefix`."""
    if in_s3(uri):
        return Bucket(uri, aws.session(settings))
    if "://" in uri and not uri.lower().startswith("file://"):
        raise UsageError(f"not a folder or s3://bucket/prefix: {uri}")
    return Folder(local(uri))


def check_overlap(locations: dict[str, Location]) -> None:
    """Refuse locations that overlap, because every object would be read as both kinds."""
    roots = [location.uri.rstrip("/") + "/" for location in locations.values()]
    if len(roots) > 1 and (roots[0].startswith(roots[1]) or roots[1].startswith(roots[0])):
        raise UsageError(f"songs and events overlap: {roots[0]} and {roots[1]}")
