"""Who may use the views: on Redshift, the grants on a view are lost when it is made anew."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from sparkify.models.base import STAGING

NAMES = ("privilege_type", "relation_name", "identity_type", "identity_name", "admin_option")
PRIVILEGES = sa.table("svv_relation_privileges", *map(sa.column, ("namespace_name", *NAMES)))


class Privilege(NamedTuple):
    """A privilege on a table or view of the schema `staging`; `kind`: of who has it."""

    privilege: str
    relation: str
    kind: str
    name: str
    grantable: bool


def grant(given: Privilege) -> sa.TextClause:
    """GRANT of a privilege."""
    kinds = {"user": "", "group": "GROUP ", "role": "ROLE "}
    whom = f"{kinds[given.kind]}{quoted(given.name)}" if given.kind in kinds else "PUBLIC"
    more = " WITH GRANT OPTION" if given.grantable else ""
    on = f"{STAGING}.{quoted(given.relation)}"
    text = f"GRANT {given.privilege} ON {on} TO {whom}{more}"
    return sa.text(text.replace(":", "\\:"))  # which would begin a parameter


def quoted(name: str) -> str:
    """The name of a user, a group, a role or a view in SQL."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def privileges(connection: sa.Connection, relations: Iterable[str]) -> list[Privilege]:
    """The privileges on tables and views of `staging`; none on DuckDB, which knows no users."""
    if connection.dialect.name != "redshift":
        return []
    wanted = PRIVILEGES.c.relation_name.in_(list(relations))
    select = sa.select(*(PRIVILEGES.c[name] for name in NAMES))
    others = PRIVILEGES.c.identity_name != sa.func.current_user()  # its owner may do everything
    in_staging = PRIVILEGES.c.namespace_name == STAGING
    whole = select.where(in_staging, wanted, others)
    text = whole.compile(connection, compile_kwargs={"literal_binds": True})
    return [Privilege(*row) for row in connection.exec_driver_sql(str(text))]
