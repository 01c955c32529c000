"""From the texts that COPY has loaded to the values that the reader would have made of them.

COPY loads every field as text, because its own casts differ from the reader's rules and because it
tells of a bad value only in its log. Redshift has no TRY_CAST: a text is cast where a regular
expression says that it can be. Numbers arrive as the file has them, so that a number in quotes and
one without look alike; both mean what the reader makes of the number.

The expressions have no backslashes, which Redshift would take out of a literal.
"""

import sqlalchemy as sa
from sqlalchemy.sql.expression import func

from sparkify.models.statements import Column
from sparkify.read.conditions import EXACT
from sparkify.read.rules import Field

LONGEST = 100  # bytes of a text that can be a number
BLANKS = " \t\n\v\f\r"

INTEGER = "^-?[0-9]+$"
DIGITS = "^-?[0-9]{1,38}$"  # as many as a DECIMAL has
WHOLE = "^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$"  # JSON's number
DECIMAL = "([0-9]+[.]?[0-9]*|[.][0-9]+)"
INFINITE = "[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN]"
NUMBER = f"^[[:space:]]*[-+]?({DECIMAL}([eE][-+]?[0-9]+)?|{INFINITE})[[:space:]]*$"
#: numbers that a double holds: with an exponent of up to 99, which no other digits of so short a
#: text can bring beyond its range, or of up to 299
DOUBLE = (
    f"^[[:space:]]*[-+]?({DECIMAL}([eE][-+]?0*[0-9]{{1,2}})?"
    "|[1-9]([.][0-9]*)?[eE][-+]?0*[12][0-9][0-9])[[:space:]]*$"
)
LEAST, MOST = -(2**63), 2**63 - 1  # of a BIGINT
DAY = 86_400_000  # milliseconds


def trimmed(text: Column) -> Column:
    """A text without the spaces at its end; NULL if nothing is left."""
    return func.nullif(func.rtrim(text, " "), "")


def written(text: Column) -> Column:
    """What stands where a number is meant, without spaces at its end; no number if too long."""
    short = func.octet_length(text) <= LONGEST
    return sa.case((short, func.rtrim(text, " ")), else_=text.concat("..."))


def double(text: Column) -> Column:
    """A text as a double; NULL if it is none, or one beyond 1e300 or nearer to zero than 1e-300."""
    short = func.octet_length(text) <= LONGEST
    number: Column = sa.cast(func.btrim(text, BLANKS), sa.Double())
    return sa.case((short & text.regexp_match(DOUBLE), number))


def integer(text: Column, number: Column) -> Column:
    """A text as a BIGINT; NULL if it is none, or does not fit.

    In another notation than digits it is one up to 2^53, where a double has every integer. 2^53
    itself has to be spelt out, since other numbers are rounded to it.

    Args:
        text: as `written` gives it.
        number: the same as a double.
    """
    digits: Column = sa.cast(text, sa.Numeric(38, 0))
    given = sa.case((digits.between(decimal(LEAST), decimal(MOST)), sa.cast(text, sa.BigInteger())))
    spelt = func.strpos(text, str(EXACT)) > 0
    within = number.between(-real(EXACT), real(EXACT)) & ((func.abs(number) < real(EXACT)) | spelt)
    whole = sa.case((within & (number == func.floor(number)), sa.cast(number, sa.BigInteger())))
    return sa.case((text.regexp_match(DIGITS), given), (text.regexp_match(WHOLE), whole))


def is_number(field: Field, text: Column, number: Column) -> sa.ColumnElement[bool]:
    """Whether a text can be read as its column's type at all, even if the number does not fit."""
    return number.is_not(None) | text.regexp_match(NUMBER if field.type == "number" else INTEGER)


def staged(field: Field, number: Column) -> Column:
    """What is staged of a number; of a timestamp its time, if it is one within its bounds."""
    if field.type != "timestamp":
        return number
    # in two steps, because DATEADD takes 32 bits
    days = func.dateadd(word("day"), small(number // word(str(DAY))), word(EPOCH))
    time = func.dateadd(word("ms"), small(func.mod(number, word(str(DAY)))), days)
    within = number.between(field.rules.least, field.rules.most)
    return sa.case((within, sa.cast(time, sa.DateTime())))


EPOCH = "TIMESTAMP '1970-01-01 00:00:00'"


def word(text: str) -> Column:
    """SQL that is no value, or one of a type of its own."""
    return sa.literal_column(text, sa.BigInteger())


def small(value: Column) -> Column:
    """A number as an INTEGER."""
    return sa.cast(value, sa.Integer())


def decimal(limit: int) -> Column:
    """A number of more bits than a literal may have."""
    return sa.cast(sa.literal(str(limit), sa.String()), sa.Numeric(38, 0))


def real(limit: int) -> Column:
    """A number as a double."""
    return sa.cast(word(str(limit)), sa.Double())
