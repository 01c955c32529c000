"""The grammar of COPY ... FROM 's3://...' (r_COPY and the pages of its parameters)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import lacks, not_in_manual
from .protocol import SqlError
from .tokens import Tokens
from .words import words

Value = str | int | bool | None
FLAGS = words(
    """
    acceptanydate blanksasnull bzip2 emptyasnull explicit_ids gzip ignoreallerrors manifest noload
    parquet roundec trimblanks truncatecolumns zstd
    """
)
#: Options of other formats: the manual does not allow them with JSON.
NOT_WITH_JSON = words(
    """
    csv delimiter escape fillrecord fixedwidth ignoreblanklines null readratio removequotes quote
    """
)
#: What the manual allows with columnar formats, beside the source and the authorization. Its
#: later editions say of REGION that it is refused even for a bucket in the cluster's own region.
WITH_PARQUET = words("acceptinvchars explicit_ids manifest parquet statupdate")
LACKING = words("avro encrypted lzop master_symmetric_key orc serializetojson shapefile ssh")
NUMBERS = frozenset({"comprows", "ignoreheader", "maxerror"})
STRINGS = frozenset({"dateformat", "region", "timeformat"})
#: Options whose text may be left out.
DEFAULTS = {"json": "auto", "acceptinvchars": "?"}
SWITCHES = frozenset({"compupdate", "statupdate"})
SWITCH_WORDS = ("on", "off", "true", "false", "preset")
COMPRESSIONS = ("gzip", "bzip2", "zstd")
ENCODINGS = {"utf8": "utf-8", "utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be"}
MOST_ERRORS = 100_000
DEFAULT_ROLE = "default"


@dataclass
class CopyOptions:
    """A COPY as it was written.

    `role` is an ARN, "default", or None when keys were given. `options` holds the rest, by the
    option's name in lower case.
    """

    schema: str | None
    table: str
    columns: list[str] | None
    source: str
    role: str | None = None
    options: dict[str, Value] = field(default_factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """The option's text, or the default."""
        value = self.options.get(name)
        return default if value is None else str(value)

    def number(self, name: str) -> int:
        """The option's number, or 0."""
        value = self.options.get(name)
        return value if isinstance(value, int) else 0

    def __contains__(self, name: str) -> bool:
        """Whether the option was given."""
        return name in self.options


def parse(text: str) -> CopyOptions:
    """Read a COPY. Raises SqlError."""
    tokens = Tokens(text)
    tokens.expect("copy")
    schema, table = tokens.name()
    columns = tokens.names() if tokens.word() == "(" else None
    tokens.expect("from")
    copy = CopyOptions(schema, table, columns, tokens.string())
    authorised = False
    while not tokens.done:
        if read_authorisation(tokens, copy):
            authorised = True
        elif not tokens.accept("with"):
            _option(tokens, copy)
    if not authorised:
        raise SqlError("42601", "COPY needs an authorization clause: IAM_ROLE or CREDENTIALS")
    _check(copy)
    return copy


def read_authorisation(tokens: Tokens, copy: CopyOptions) -> bool:
    """Read an authorization clause if one comes next."""
    if tokens.accept("iam_role"):
        copy.role = DEFAULT_ROLE if tokens.accept("default") else tokens.string()
    elif tokens.accept("credentials"):
        tokens.accept("as")
        given = tokens.string()
        role = given.removeprefix("aws_iam_role=")
        copy.role = role if role != given else None
    elif tokens.accept("access_key_id"):
        tokens.accept("as")
        tokens.string()
        tokens.expect("secret_access_key")
        tokens.accept("as")
        tokens.string()
        if tokens.accept("session_token"):
            tokens.string()
    else:
        return False
    return True


def _option(tokens: Tokens, copy: CopyOptions) -> None:
    name = tokens.word() or ""
    if name == "format":
        tokens.take()
        tokens.accept("as")
        if tokens.word() not in NOT_WITH_JSON | LACKING | {"json", "parquet"}:
            raise tokens.error()
        return
    if name in NOT_WITH_JSON:
        raise lacks(f"COPY in a format other than JSON or PARQUET ({name.upper()})")
    if name in LACKING:
        raise lacks(f"COPY ... {name.upper()}")
    if name in copy:
        raise SqlError("42601", f"conflicting or redundant options: {name.upper()}")
    copy.options[name] = _value(tokens, name)


def _value(tokens: Tokens, name: str) -> Value:
    if name in FLAGS:
        tokens.take()
        return True
    if name not in NUMBERS | STRINGS | SWITCHES | DEFAULTS.keys() | {"encoding"}:
        raise tokens.error()
    tokens.take()
    if name in SWITCHES:
        return tokens.take().text.lower() if tokens.word() in SWITCH_WORDS else "on"
    tokens.accept("as")
    if name in NUMBERS:
        return tokens.integer()
    if name == "encoding":
        return tokens.take().text.lower()
    if name in DEFAULTS and not tokens.comes_string():
        return DEFAULTS[name]
    return tokens.string()


def _check(copy: CopyOptions) -> None:
    if not copy.source.startswith("s3://"):
        raise lacks(f"COPY from {copy.source.split(':')[0]}")
    if "parquet" in copy:
        _check_columnar(copy)
    elif "json" not in copy:
        raise lacks("COPY in a format other than JSON or PARQUET (no format is delimited text)")
    if copy.text("json") == "noshred":
        raise lacks("JSON 'noshred'")
    if "maxerror" in copy and "ignoreallerrors" in copy:
        raise not_in_manual("MAXERROR together with IGNOREALLERRORS")
    if not 0 <= copy.number("maxerror") <= MOST_ERRORS:
        raise SqlError("22023", "MAXERROR must be between 0 and 100000")
    if sum(name in copy for name in COMPRESSIONS) > 1:
        raise SqlError("42601", "conflicting or redundant options: compression")
    if copy.text("encoding", "utf8") not in ENCODINGS:
        raise not_in_manual(f"ENCODING {copy.text('encoding')}")


def _check_columnar(copy: CopyOptions) -> None:
    """What COPY of columnar formats refuses (copy-usage_notes-copy-from-columnar)."""
    for name in copy.options:
        if name not in WITH_PARQUET:
            raise SqlError(
                "0A000", f"{name.upper()} argument is not supported for PARQUET based COPY"
            )
    if "acceptinvchars" in copy:
        raise lacks("COPY ... PARQUET ACCEPTINVCHARS")
    if copy.role is None:
        # so a cluster answered; the manual allows keys
        raise SqlError("XX000", "COPY from this file format only accepts IAM_ROLE credentials.")
