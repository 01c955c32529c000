"""This process: how it stops, what it prints, and what it writes to the disk.

stopping   a signal ends the run, but never in the middle of a COMMIT
signals    the command line's handlers of signals
output     text that is safe for a terminal, and streams that may be closed or full
scratch    temporary folders, and the removal of those that killed runs left
files      files and folders that appear complete or not at all
owned      whether a file or folder may be replaced
beside     the temporary names that `files` writes to
"""
