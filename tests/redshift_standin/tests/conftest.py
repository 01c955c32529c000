"""Fixtures of the stand-in's own tests; all of them are the stand-in's reusable ones."""

from __future__ import annotations

from tests.redshift_standin.fixtures import (
    clean_standin,
    engine,
    lasting,
    redshift,
    servers,
    servers_by_isolation,
    standin,
    standin_server,
    target,
)

__all__ = [
    "clean_standin",
    "engine",
    "lasting",
    "redshift",
    "servers",
    "servers_by_isolation",
    "standin",
    "standin_server",
    "target",
]
