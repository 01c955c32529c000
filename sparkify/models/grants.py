"""Who may use the views: on Redshift, the grants on a view are lost when it is made anew."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.ddl import ExecutableDDLElement

from sparkify.models.base import STAGING
from sparkify.models.statements import Compiler

NAMES = ("privilege_type", "relation_name", "identity_type", "identity_name", "admin_option")
PRIVILEGES = sa.table("svv_relation_privileges", *map(sa.column, ("namespace_name", *NAMES)))


class Privilege(NamedTuple):
    """A privilege on a table or view of the schema `staging`; `kind`: of who has it."""

    privilege: str
    relation: str
    kind: str
    name: str
    grantable: bool


class Grant(ExecutableDDLElement):
    """GRANT of a privilege."""

    inherit_cache = False

    def __init__(self, given: Privilege) -> None:
        self.given = given


@compiles(Grant)
def _grant(element: Grant, compiler: Compiler, **kw: object) -> str:
    given, quote = element.given, compiler.preparer.quote_identifier
    kinds = {"user": "", "group": "GROUP ", "role": "ROLE "}
    whom = f"{kinds[given.kind]}{quote(given.name)}" if given.kind in kinds else "PUBLIC"
    more = " WITH GRANT OPTION" if given.grantable else ""
    on = f"{STAGING}.{quote(given.relation)}"
    return f"GRANT {given.privilege} ON {on} TO {whom}{more}"


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
