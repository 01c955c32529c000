"""A cursor over the tokens of one statement, for the grammars that are read by hand."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from sqlglot.dialects.redshift import Redshift
from sqlglot.tokenizer_core import Token, TokenType

from .protocol import SqlError
from .reserved import RESERVED

_PARAMETER = re.compile(
    r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)|\$(\d+)""", re.DOTALL
)
_WORD = re.compile(r"#?[^\W\d][\w$]*")
NAME_PARTS = 3


def space_parameters(text: str) -> str:
    """`$1,$2` as ` $1 , $2 `: the tokenizer takes `$1,$` for the opening of a quoted string."""
    return _PARAMETER.sub(lambda match: match.group(1) or f" ${match.group(2)} ", text)


class _Dialect(Redshift):
    """Redshift's, but every statement is cut into tokens (sqlglot leaves some as one string)."""

    class Tokenizer(Redshift.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


@lru_cache(maxsize=4096)  # the tests send the same statements again and again
def tokenize(text: str) -> tuple[Token, ...]:
    """The tokens of a text. Raises SqlError when a quote is not closed."""
    try:
        return tuple(_Dialect().tokenize(text))
    except Exception as error:
        raise SqlError("42601", f"syntax error: {error}") from error


def literal(value: object) -> str:
    """A value as an SQL string."""
    return "'" + str(value).replace("'", "''") + "'"


def quoted(*names: str | None) -> str:
    """A possibly qualified name, each part in double quotes; None is left out."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names if name)


def word_of(token: Token | None) -> str | None:
    """The token's text in lower case; None for strings, quoted identifiers and no token."""
    if token is None or token.token_type in (TokenType.STRING, TokenType.IDENTIFIER):
        return None
    return str(token.text).lower()


class Tokens:
    """Reads from left to right. Everything that expects something raises SqlError 42601."""

    def __init__(self, text: str) -> None:
        """Start at the first token."""
        self.text = text
        self._tokens = tokenize(text)
        self._next = 0

    @property
    def done(self) -> bool:
        """Whether every token has been read."""
        return self._next >= len(self._tokens)

    def peek(self, ahead: int = 0) -> Token | None:
        """The token to come, or the one `ahead` of it."""
        place = self._next + ahead
        return self._tokens[place] if 0 <= place < len(self._tokens) else None

    def word(self, ahead: int = 0) -> str | None:
        """The word or sign to come, in lower case; None when it is quoted or there is none."""
        return word_of(self.peek(ahead))

    def error(self) -> SqlError:
        """A syntax error at the token to come."""
        token = self.peek()
        near = token.text if token else "end of input"
        return SqlError("42601", f'syntax error at or near "{near}": not in the manual\'s grammar')

    def take(self) -> Token:
        """Any token."""
        token = self.peek()
        if token is None:
            raise self.error()
        self._next += 1
        return token

    def accept(self, *words: str) -> bool:
        """Read these words if they come next."""
        # The tokenizer joins some words, such as "character varying".
        if self.word() == " ".join(words):
            self._next += 1
            return True
        if all(self.word(ahead) == word for ahead, word in enumerate(words)):
            self._next += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        """Read these words."""
        if not self.accept(*words):
            raise self.error()

    def end(self) -> None:
        """Nothing more may come."""
        if not self.done:
            raise self.error()

    def identifier(self) -> str:
        """A name, folded to lower case; a reserved word only when quoted."""
        token = self.peek()
        if token is None:
            raise self.error()
        word = word_of(token)
        if token.token_type == TokenType.STRING:
            raise self.error()
        if word is not None and (word in RESERVED or not _WORD.fullmatch(word)):
            raise self.error()
        self._next += 1
        return str(token.text).lower()

    def name(self) -> tuple[str | None, str]:
        """A possibly qualified name: (schema or None, name). A database in front is dropped."""
        if self.accept("#"):
            return None, "#" + self.identifier()
        parts = [self.identifier()]
        while self.accept("."):
            parts.append(self.identifier())
        if len(parts) > NAME_PARTS:
            raise self.error()
        return (parts[-2] if len(parts) > 1 else None), parts[-1]

    def names(self) -> list[str]:
        """Names in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return found

    def integer(self) -> int:
        """A whole number, possibly negative."""
        sign = -1 if self.accept("-") else 1
        token = self.peek()
        if token is None or not token.text.isdigit():
            raise self.error()
        self._next += 1
        return sign * int(token.text)

    def string(self) -> str:
        """A string literal's value."""
        token = self.peek()
        if token is None or token.token_type != TokenType.STRING:
            raise self.error()
        self._next += 1
        return str(token.text)

    def comes_string(self) -> bool:
        """Whether a string literal comes next."""
        token = self.peek()
        return token is not None and token.token_type == TokenType.STRING

    def expression(self, stops: frozenset[str]) -> str:
        """The text up to a comma, a closing parenthesis or one of the words, outside brackets."""
        first, last, depth = self.peek(), None, 0
        while not self.done:
            word = self.word()
            if depth == 0 and (word in (",", ")") or word in stops):
                break
            depth += (word == "(") - (word == ")")
            last = self.take()
        if first is None or last is None:
            raise self.error()
        return self.text[first.start : last.end + 1]

    def rest(self) -> str:
        """The text that has not been read; it counts as read."""
        token = self.peek()
        if token is None:
            raise self.error()
        self._next = len(self._tokens)
        return self.text[token.start :]
