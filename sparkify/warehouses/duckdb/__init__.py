"""DuckDB, the embedded default.

warehouse  the engine: one file, which one process writes or many read
dialect    how statements are written, and how a database is opened
local      memory, disk space, and files that appear as a whole
"""
