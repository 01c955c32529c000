"""Takes the URLs of warehouses apart, and says in one line what is wrong with one.

No message quotes a part of a URL that could be a secret, and no error of SQLAlchemy gets out.
"""

import inspect
import os
import re
from collections.abc import Iterator
from functools import cache

import sqlalchemy as sa

from sparkify.errors import UsageError
from sparkify.masking import learn, mask_url, remember
from sparkify.values import LAST_PORT

BARE = ("duckdb", "redshift")
EXAMPLE = "duckdb:///sparkify.duckdb"
OURS = {"secret", "client_encoding"}  # options of a cluster's URL that the driver does not have
MODES = ("automatic", "read_only", "read_write")  # of DuckDB's access_mode


def parse(warehouse: object) -> sa.URL:
    """The URL of a warehouse, with `~` replaced by the home folder.

    Raises:
        UsageError: it is not the URL of a warehouse.
    """
    if isinstance(warehouse, sa.URL):
        text = warehouse.render_as_string(hide_password=False)
    else:
        text = os.fspath(warehouse) if isinstance(warehouse, os.PathLike) else str(warehouse)
    learn(text)
    if not text.strip():
        raise UsageError(f"the warehouse's URL is empty; give one like {EXAMPLE}")
    try:
        url = sa.make_url(text)
        name = url.get_backend_name()
    except (sa.exc.ArgumentError, ValueError):
        check_port(text)
        raise not_a_warehouse(text) from None
    if name not in BARE:
        raise not_a_warehouse(text)
    remember(url.password)
    check(text, url)
    if name == "duckdb" and url.database:
        url = url.set(database=os.path.expanduser(url.database))  # noqa: PTH111 - it may be invalid
    return url


def not_a_warehouse(text: str) -> UsageError:
    """The error for a text that is not the URL of a warehouse."""
    return UsageError(f"not a warehouse URL: {mask_url(text)}; give one like {EXAMPLE}")


def check_port(text: str) -> None:
    """Say that a URL failed because of its port."""
    if re.match(r"[\w+]+://", text) and re.search(r":[^/?@]*(?:[/?]|$)", text.partition("://")[2]):
        raise UsageError(
            f"{mask_url(text)}: the port must be a number, 1 to {LAST_PORT};"
            " if the URL has a password, write it as user:password@host"
        )


def check(text: str, url: sa.URL) -> None:
    """Check what SQLAlchemy accepts in a URL, and no warehouse can use.

    Raises:
        UsageError: naming the fault.
    """
    shown = mask_url(text)
    rest = text.partition("://")[2]
    in_file = url.get_backend_name() == "duckdb"
    if in_file and (url.host or url.username is not None or url.port is not None):
        raise UsageError(f"{shown}: a file's URL has three slashes, as in {EXAMPLE}")
    if not in_file and (rest.count("@") > 1 or ("@" in rest and url.username is None)):
        raise UsageError(f"{shown}: in a user or a password, write @ as %40, / as %2F, : as %3A")
    if not in_file and not url.host:
        raise UsageError(f"{shown}: the host is missing; give redshift://user@host:5439/database")
    if url.port is not None and not 0 < url.port <= LAST_PORT:
        raise UsageError(f"{shown}: the port must be a number, 1 to {LAST_PORT}")
    for fault in duckdb_faults(url) if in_file else redshift_faults(url):
        raise UsageError(f"{shown}: {fault}")


def duckdb_faults(url: sa.URL) -> Iterator[str]:
    """What is wrong with the options of a DuckDB URL: each is tried on a database in memory."""
    import duckdb

    from sparkify.warehouses.duckdb.dialect import engine

    for name, value in url.query.items():
        if name == "access_mode":  # no database in memory can be read-only
            if str(value).lower() not in MODES:
                yield invalid(name)
            continue
        try:
            with engine(sa.URL.create("duckdb", database=":memory:", query={name: value})).begin():
                pass
        except (sa.exc.SQLAlchemyError, duckdb.Error, TypeError, ValueError) as error:
            unknown = re.search("nrecognized", str(error))
            yield f"DuckDB has no option {label(name)}" if unknown else invalid(name)


def redshift_faults(url: sa.URL) -> Iterator[str]:
    """What is wrong with the options of a cluster's URL."""
    known = driver_options()
    for name, value in url.query.items():
        if name not in OURS and name not in known:
            yield f"a cluster's URL has no option {label(name)}"
        elif not isinstance(value, str):
            yield f"the option {label(name)} is there twice"
        elif "int" in known.get(name, "") and not re.fullmatch(r"\d{1,9}", value):
            yield invalid(name)


def numbers(url: sa.URL) -> dict[str, int]:
    """The options of a cluster's URL that are numbers; the driver does not parse them."""
    known = driver_options()
    return {
        name: int(str(value)) for name, value in url.query.items() if "int" in known.get(name, "")
    }


@cache
def driver_options() -> dict[str, str]:
    """The options of the driver of Redshift, and the type of each."""
    import redshift_connector

    parameters = inspect.signature(redshift_connector.connect).parameters
    return {name: str(each.annotation) for name, each in parameters.items()}


def invalid(name: str) -> str:
    """The message for an option whose value is not valid; the value might be a secret."""
    return f"the value of the option {label(name)} is not valid"


def label(name: str) -> str:
    """The name of an option, if it is one."""
    return name if re.fullmatch(r"[A-Za-z_][\w.]{0,40}", name) else "of this name"
