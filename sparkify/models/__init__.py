"""The tables, as declarative SQLAlchemy models, and what belongs to a schema.

base        columns, keys, lengths of text
star        what analysts query: songplays, users, songs, artists, time, user_levels
staging     the records of the lake, field by field, with the rules of each field
books       loads, files, versions, rejects, runs, who was forgotten
views       the published rows, as people query them
grants      who may use the views
statements  statements that SQLAlchemy lacks
revisions   the revisions of the schema: ours, and a team's own branches
schema      is the schema there and current? Alembic creates and upgrades it
diagram     the schema as DDL and as a Mermaid diagram
extensions  a team's own fields, columns, tables and questions
"""

from sparkify.models.base import NAME, STAGING, TITLE, URI, WORD, Base, table
from sparkify.models.books import (
    FieldRow,
    File,
    Forgotten,
    Heard,
    IdLock,
    Load,
    Lock,
    RejectRow,
    StagingRun,
    Version,
)
from sparkify.models.extensions import StarTable, load_extensions
from sparkify.models.staging import EPOCH_MS, KINDS, EventRow, SongRow, StagedRow
from sparkify.models.star import PUBLISHED, STAR, Artist, Song, Songplay, Time, User, UserLevel

load_extensions()
