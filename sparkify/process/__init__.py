"""This process: how it stops, what it prints, and what it writes to the disk.

stopping   a signal ends the run, but never in the middle of a COMMIT
signals    the command line's handlers of signals
output     text that is safe for a terminal, and streams that may be closed or full
scratch    temporary folders, and the removal of those that killed runs left
files      files and folders that appear complete or not at all
owned      whether a file or folder may be replaced
beside     the temporary names that `files` writes to
"""

from importlib.util import find_spec

if find_spec("fcntl") is None:  # locks of files, which Windows lacks
    raise ImportError(
        "Sparkify runs on Linux and macOS; on Windows, install it in WSL and run it there",
        name="fcntl",
    )
