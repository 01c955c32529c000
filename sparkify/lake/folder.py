"""A lake in the file system."""

import errno
import heapq
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sparkify.errors import SparkifyError, TryAgain
from sparkify.lake.objects import LakeObject, hidden, wanted
from sparkify.lake.uris import in_s3, local

ODD = re.compile(r"(\\*)([\udc80-\udcff])|(\\+)(?=x[89a-f][0-9a-f])")


class Folder:
    """A location in the file system: a folder, or a single file."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # noqa: PTH100 - no Path method does it
        self.uri = printable(self.path)

    def exists(self) -> bool:
        """Whether the folder or the file is there."""
        return Path(self.path).is_dir() or self.is_file()

    def is_file(self) -> bool:
        """Whether it is a single file."""
        return Path(self.path).is_file()

    def scan(self, kind: str) -> Iterator[LakeObject | str]:
        """Every object below the folder; see `Location.scan`.

        Each folder is visited once, whatever links lead to it; its own name comes before links.
        """
        if self.is_file():
            yield found_object(self.path, kind, Path(self.path).stat())
            return
        pending, links = [self.path], list[str]()
        seen = set[tuple[int, int]]()
        while pending or links:
            for entry in entries(pending.pop() if pending else heapq.heappop(links), seen):
                if hidden(entry.name):  # nothing below it is opened
                    yield printable(entry.path)
                elif not is_folder(entry):
                    item = listed(entry, kind) if wanted((entry.name,)) else None
                    yield item or printable(entry.path)
                elif entry.is_symlink():
                    heapq.heappush(links, entry.path)
                else:
                    pending.append(entry.path)

    def holds(self, uri: str) -> bool:
        """See `Location.holds`."""
        return uri == self.uri or uri.startswith(f"{self.uri.rstrip('/')}/")

    def uri_of(self, name: str) -> str | None:
        """See `Location.uri_of`."""
        uri = printable(os.path.abspath(local(name)))  # noqa: PTH100 - no Path method does it
        return uri if self.holds(uri) and not in_s3(name) else None

    def find(self, name: str, kind: str) -> LakeObject | None:
        """See `Location.find`."""
        path = os.path.abspath(local(name))  # noqa: PTH100 - no Path method does it
        try:
            found = os.stat(path)  # noqa: PTH116 - it may be invalid as text
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise unavailable(path, error) from error
        return found_object(path, kind, found) if stat.S_ISREG(found.st_mode) else None

    def fetch(self, objects: Sequence[LakeObject]) -> Iterator[tuple[LakeObject, bytes | Path]]:
        """The objects' bytes or paths; see `Location.fetch`."""
        for item in objects:
            try:
                file = os.open(item.key, os.O_RDONLY | os.O_NONBLOCK)  # a named pipe would wait
                try:
                    compare(item, os.fstat(file))
                    data = Path(item.key) if item.large else content(file, item.size)
                finally:
                    os.close(file)
            except OSError as error:
                raise unavailable(item.uri, error) from error
            self.verify([item])
            yield item, data

    def verify(self, objects: Iterable[LakeObject]) -> None:
        """Compare the files with what was listed; see `Location.verify`."""
        for item in objects:
            try:
                found = os.stat(item.key)  # noqa: PTH116 - 15,000 times
            except OSError as error:
                raise unavailable(item.uri, error) from error
            compare(item, found)


def compare(item: LakeObject, found: os.stat_result) -> None:
    """Compare a file with what was listed; what is no file any more has changed too."""
    if (etag(found), found.st_size) != (item.etag, item.size) or not stat.S_ISREG(found.st_mode):
        raise TryAgain(f"{item.uri} changed while it was read; run again")


def content(file: int, size: int) -> bytes:
    """What an open file holds, which should be so many bytes."""
    data = os.read(file, size + 1)
    while len(data) <= size and (more := os.read(file, size + 1)):
        data += more
    return data


def entries(directory: str, seen: set[tuple[int, int]]) -> list[os.DirEntry[str]]:
    """What a folder holds; nothing if it was seen before, by this or by another name."""
    try:
        found = os.stat(directory)  # noqa: PTH116 - for every folder
        if (found.st_dev, found.st_ino) in seen:
            return []
        seen.add((found.st_dev, found.st_ino))
        return list(os.scandir(directory))
    except OSError as error:
        raise unavailable(directory, error) from error


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a directory entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link to itself
            return False
        raise unavailable(entry.path, error) from error


def listed(entry: os.DirEntry[str], kind: str) -> LakeObject | None:
    """The object that a directory entry is; None if it is no file or has just vanished."""
    try:
        found = entry.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return None
        raise unavailable(entry.path, error) from error
    return found_object(entry.path, kind, found) if stat.S_ISREG(found.st_mode) else None


def found_object(path: str, kind: str, found: os.stat_result) -> LakeObject:
    """The object that a file is."""
    return LakeObject(printable(path), kind, etag(found), found.st_size, path)


def etag(found: os.stat_result) -> str:
    """What changes whenever a file's bytes do: ctime too, since tools can set mtime back."""
    return f"{found.st_mtime_ns:x}-{found.st_ctime_ns:x}"


def printable(path: str) -> str:
    r"""A path as text that every warehouse can store; no two paths are the same text.

    A byte that is not UTF-8 becomes `\xff`. Where a name has just these characters, or a backslash
    stands before such a byte, the backslash is doubled.

    >>> print(printable(os.fsdecode(b"m\xfcsik")), printable(r"m\xfcsik"), printable(r"a\b"))
    m\xfcsik m\\xfcsik a\b
    """
    if path.isascii() and "\\" not in path:
        return path
    text = os.fsencode(path).decode("utf-8", "surrogateescape")
    shown = ODD.sub(escaped, text)
    return path if shown == path else shown  # of a million objects, only one text each


def escaped(match: re.Match[str]) -> str:
    """A byte that is not UTF-8, or backslashes that could be taken for one."""
    before, byte, backslashes = match.groups()
    return f"{before * 2}\\x{ord(byte) - 0xDC00:02x}" if byte else backslashes * 2


def unavailable(name: str, error: OSError) -> SparkifyError:
    """The error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        return TryAgain(f"{printable(name)} vanished while the lake was read; run again")
    return SparkifyError(f"{printable(name)} cannot be read: {error.strerror}")
