"""Hides secrets: one masker for settings, errors, logs, plans and reports.

A secret is hidden for one of two reasons:

- it is known: `remember` and `learn` keep the secrets of the settings, and `mask` hides them in any
  text, also in the messages of other libraries;
- it looks like one: the password of a URL, and what follows `password=` or the like.

A URL that cannot be taken apart with certainty is shown by its scheme alone: `redshift://***`.
"""

import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SHORTEST = 4  # characters; shorter secrets are parts of too many words, and hidden in URLs alone
WORD = 8  # a secret of letters and digits that is shorter is hidden only as a whole word

SCHEME = r"[A-Za-z][\w+.-]*(?::[A-Za-z][\w+.-]*)*"
URL = re.compile(rf"(?<![\w+.-])({SCHEME})://([^\s'\"<>`]+)")
FILES = {"duckdb", "sqlite", "file"}
BUCKETS = {"s3", "s3a", "s3n", "gs"}
WEB = {*BUCKETS, "http", "https"}
PASSWORD = re.compile("pass|pwd|secret|token", re.I)
PARAMETER = re.compile(rf"{PASSWORD.pattern}|key|credential|signature|auth|^sig$", re.I)
KEYWORD = re.compile(rf"((?:^|[\s;,&?])\w*(?:{PASSWORD.pattern})\w*\s*[=:]\s*)\S.*", re.I | re.S)
SHOWN = {  # parameters of URLs whose values are not secrets; all others are hidden
    "access_mode",
    "application_name",
    "max_memory",
    "memory_limit",
    "region",
    "schema",
    "ssl",
    "sslmode",
    "temp_directory",
    "threads",
    "timeout",
    "versionId",
}
USER = re.compile(r"[^/?#&=;]*")
ADDRESS = re.compile(
    r"(?P<place>(?:[\w.$*%{}-]*|\[[\da-fA-F:.]+\])(?::(?:\d{1,5}|\*+))?(?:/[^?#;]*)?)"
    r"(?P<query>[?#;].*)?",
    re.S,
)

#: the secrets of this process, in small letters and in every form in which they may appear
KNOWN: dict[str, None] = {}


def remember(secret: object) -> None:
    """Keep a secret, so that `mask` hides it in any text, also quoted for a URL or for JSON."""
    text = str(secret or "")
    for part in {text, text.strip(), unquote(text), *text.splitlines()}:
        if len(part.strip()) >= SHORTEST and part.strip("*"):
            KNOWN.update(dict.fromkeys(form.lower() for form in forms(part)))


def forms(secret: str) -> Iterator[str]:
    """A secret as it may appear in a text."""
    text = secret.encode("utf-8", "replace").decode("utf-8")
    plain = (secret, " ".join(secret.split()), repr(secret)[1:-1], json.dumps(secret)[1:-1])
    yield from plain
    yield from (quote(text, safe=safe) for safe in ("", "/", " +"))
    yield from (quote_plus(text), html.escape(secret), secret.replace("'", "''"))
    yield secret.replace("@", "%40")


def learn(text: object) -> None:
    """Remember the secrets in a setting's value, such as a URL or a DSN."""
    for secret in secrets_in(str(text)):
        remember(secret)


def secrets_in(text: str) -> Iterator[str]:
    """The secrets in a value: of a URL, or after `password=` or the like.

    >>> set(secrets_in("redshift://me:p#1@host:5439/dev"))
    {'p#1'}
    >>> set(secrets_in("https://host/?X-Amz-Signature=abc"))
    {'abc'}
    """
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    if is_file(scheme, rest):
        yield login_of_file(rest)
    else:
        authority = re.match("[^/?#]*", rest)
        begin = authority[0] if authority else ""
        searched = rest if kind(scheme) not in WEB or ":" in begin or "@" in begin else ""
        for login in {searched.rpartition("@")[0], searched.partition("@")[0]}:
            if "@" in searched and (mark or not is_path(text)):
                yield login.partition(":")[2]
        if mark and "@" not in searched and not re.match(r"[^:]*(:\d{1,5})?([/?;#]|$)", searched):
            yield searched.partition(":")[2]  # a password without a host
    for match in re.finditer(r"(?:[?&;#]|^|\s)([^=&?;#\s]*)\s*=", rest):
        if PARAMETER.search(unquote(match[1])):
            value = rest[match.end() :]
            yield value
            yield re.split("[&;]", value)[0]
            yield value.split()[0].strip("'\"") if value.split() else ""
    if mark and "://" in rest:
        yield from secrets_in(rest)


def mask(text: str) -> str:
    """A text for people with its secrets hidden: the known ones, and those in URLs.

    >>> mask("redshift://me:p#1@host:5439/dev: not found")
    'redshift://me:***@host:5439/dev: not found'
    """
    shown, end = "", 0
    for start, stop in sorted(known_spans(text)):
        if stop > end:  # secrets may overlap
            shown += text[end:start] + (MASK if start >= end else "")
            end = stop
    return URL.sub(mask_match, shown + text[end:])


def known_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where known secrets are in a text."""
    lower = text.lower() if len(text.lower()) == len(text) else text
    for secret in KNOWN:
        start = lower.find(secret)
        while start >= 0:
            stop = start + len(secret)
            around = f"{lower[start - 1 : start]}{lower[stop : stop + 1]}"
            if len(secret) >= WORD or not secret.isalnum() or not re.search(r"\w", around):
                yield start, stop
            start = lower.find(secret, start + 1)


def mask_match(found: re.Match[str]) -> str:
    """A URL within a text; the punctuation after it is the sentence's."""
    url = found[0].rstrip(".,:;!?)]}")
    if "://" not in url:
        return found[0]
    return mask_parts(found[1], url[len(found[1]) + 3 :]) + found[0][len(url) :]


def mask_url(text: str) -> str:
    """The value of a setting with its secrets hidden, whether or not it is a URL.

    >>> mask_url("redshift://me:a#b?c/d@host/dev?ssl=true")
    'redshift://me:***@host/dev?ssl=true'
    >>> mask_url("redshift://me:a#b"), mask_url("me:a#b@host"), mask_url("host=h password=x")
    ('redshift://***', '***', 'host=h password=***')
    """
    scheme, mark, rest = text.partition("://")
    if mark:
        return mask_parts(scheme, rest) if re.fullmatch(SCHEME, scheme) else MASK
    if re.search(":.*@", text, re.S) and not is_path(text):
        return MASK
    return KEYWORD.sub(rf"\1{MASK}", text)


def mask_parts(scheme: str, rest: str) -> str:
    """A URL with its secrets hidden, or its scheme alone."""
    login, address = split_login(scheme, rest)
    if kind(scheme) in BUCKETS and re.fullmatch(r"[\w.${}*-]*(/[^?]*)?", address) and login == "":
        return f"{scheme}://{address}"  # a key may have any character
    match = ADDRESS.fullmatch(address)
    if login is None or match is None or "://" in match["place"]:
        return f"{scheme}://{MASK}"
    return f"{scheme}://{login}{match['place']}{mask_query(match['query'] or '')}"


def split_login(scheme: str, rest: str) -> tuple[str | None, str]:
    """The login of a URL with its password hidden, and its address; None if they are not clear."""
    if is_file(scheme, rest):
        return None if login_of_file(rest) else "", rest
    if kind(scheme) in WEB:
        end = re.search(r"[/?#]|$", rest)
        at = end.start() if end else len(rest)
        authority, path = rest[:at], rest[at:]
        if ":" in authority and "@" in path:  # a secret with a slash
            return None, rest
        login, mark, host = authority.rpartition("@")
        return f"{MASK}@" if mark else "", f"{host}{path}"
    login, mark, address = rest.rpartition("@")
    if "@" in login or re.search(r"[?;&#][\w.%-]*=", login):
        return None, rest
    user, colon, _ = login.partition(":")
    if not mark:
        clear = not (address.startswith("/") and ":" in address)
        return "" if clear else None, address
    if not USER.fullmatch(user):
        return None, rest
    return f"{user}:{MASK}@" if colon else f"{user}@", address


def mask_query(text: str) -> str:
    """The query of a URL with unknown values hidden; from the first secret on, all is."""
    shown = ""
    for mark, pair in re.findall(r"([?&;#])([^?&;#]*)", text):
        name, equals, value = pair.partition("=")
        if mark == "#" or not re.fullmatch(r"[\w.-]*", name) or re.search("[@:]|%40", value):
            return f"{shown}{mark}{MASK}"
        if PARAMETER.search(name):
            return f"{shown}{mark}{name}={MASK}"
        if not equals and name:
            return f"{shown}{mark}{MASK}"
        shown += f"{mark}{pair if name in SHOWN or not value else f'{name}={MASK}'}"
    return shown


def kind(scheme: str) -> str:
    """The part of a scheme that says what it is: `redshift` of `redshift+redshift_connector`."""
    return scheme.lower().partition("+")[0]


def is_file(scheme: str, rest: str) -> bool:
    """Whether a URL is a file's, so that it has no login."""
    return kind(scheme) in FILES and rest.startswith("/")


def login_of_file(rest: str) -> str:
    """What may be a password in the URL of a file, as in `duckdb:///user:password@host`."""
    match = re.fullmatch("/(?!/)[^:]*:(.*)@.*", rest, re.S)
    return match[1] if match else ""


def is_path(text: str) -> bool:
    """Whether a text without a scheme is a path or an ARN, which may have `:` and `@`."""
    return text.startswith(("/", "./", "../", "~", "arn:"))
