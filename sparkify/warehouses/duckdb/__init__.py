"""DuckDB, the embedded default.

warehouse  the engine: one file, which one process writes or many read
dialect    how statements are written, and how a database is opened
gate       one writer or many readers of a file in this process
local      memory, disk space, and files that appear as a whole
faults     what DuckDB's errors mean, and paths that cannot be a database
copying    a read-only copy of the file, for readers beside the next run
export     tables as Parquet files
"""
