"""The messages that the package can show to people, found in its source.

A message is a text in which `VALUE` stands for each value. A text of values alone, such as that of
another program's error which is passed on, is not a message of ours.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from sparkify import errors
from sparkify.lake.aws_errors import TABLE, UNSIGNED
from sparkify.models.schema import REMEDIES
from sparkify.warehouses.redshift.faults import ANSWERS, CERTIFICATE, UNKNOWN

PACKAGE = Path(errors.__file__).parent
VALUE = "\0"
LEAST = 3  # letters of a message, at least one more
FIELD = re.compile(r"\{.*?\}|%s")  # what a value is put in place of
SHOWING = {"warning", "complain"}  # functions that show their first argument
MAKING = {"invalid", "no_key"}  # functions that make an error of their last argument
#: exceptions that become part of one of our errors, and the modules that raise them
QUOTED = {"ValueError", "FileExistsError", "ImportError"}
QUOTING = {"values", "simulate", "extensions", "process"}
YIELDING = {"urls", "endpoint"}  # modules with functions that yield parts of our errors
#: modules with functions that return a text for an error: the caller's, the function, theirs
RETURNING = {
    ("owned", "foreign"): {"owned"},
    ("copying", "foreign"): {"owned"},
    ("loader", "summary"): {"staged"},
    ("urls", "invalid"): {"urls"},
    ("compute", "advice"): {"compute", "provisioned"},
    ("setup", "advice"): {"setup"},
}
#: texts in tables, of which errors are made, and the exit codes of these
TABLES = (
    *((row[2], row[1].exit_code) for row in (*TABLE, *ANSWERS)),
    *((text, 1) for text in (UNSIGNED, UNKNOWN, *CERTIFICATE.values(), *REMEDIES.values())),
)
Message = tuple[str, int | None]  # and the exit code, if that is known; 0 of a warning


def messages() -> set[Message]:
    """Every message."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sources()}
    texts = Texts(trees)
    found: list[Message] = [*TABLES]
    for path, tree in trees.items():
        texts.module = path.stem
        quoting = bool({path.stem, path.parent.name} & QUOTING)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found += texts.of_call(node, quoting=quoting)
            elif isinstance(node, ast.Yield) and node.value and path.stem in YIELDING:
                found += [(text, None) for text in texts.of(node.value)]
            elif isinstance(node, ast.ClassDef) and node.name in texts.errors:
                found += texts.of_defaults(node)
    shown = {(FIELD.sub(VALUE, text), code) for text, code in found}
    return {each for each in shown if len(re.findall("[a-z]", each[0])) > LEAST}


def pattern(message: str) -> re.Pattern[str]:
    """What finds a message in a line."""
    return re.compile(re.sub(f"{VALUE}+", ".+", re.escape(message)))


def sources() -> Iterator[Path]:
    """The modules of the package."""
    return (path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def name_of(node: ast.expr) -> str:
    """The name of what is called or referred to, without where it is from; else empty."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def is_ours(cls: type) -> TypeGuard[type[errors.SparkifyError]]:
    """Whether a class is one of our errors."""
    return issubclass(cls, errors.SparkifyError)


def is_call(node: ast.expr) -> bool:
    """Whether an expression is a call, such as that of the same method of a base class."""
    return isinstance(node, ast.Call)


class Texts:
    """Finds the texts that an expression can have.

    Attributes:
        errors: the names of our errors, and of classes that are made of them, with exit codes.
        constants: what is assigned to names at the top of modules.
        returned: what functions return, by module and name.
        module: where the expressions are.
    """

    module = ""

    def __init__(self, trees: dict[Path, ast.Module]) -> None:
        bases = (each for each in vars(errors).values() if isinstance(each, type))
        self.errors = {each.__name__: each.exit_code for each in bases if is_ours(each)}
        self.constants: dict[str, list[ast.expr]] = {}
        self.returned: dict[tuple[str, str], list[ast.expr]] = {}
        for path, tree in trees.items():
            for node in tree.body:
                if isinstance(node, ast.Assign) and name_of(node.targets[0]).isupper():
                    self.constants.setdefault(name_of(node.targets[0]), []).append(node.value)
            for each in ast.walk(tree):
                if isinstance(each, ast.ClassDef):
                    for base in self.errors.keys() & set(map(name_of, each.bases)):
                        self.errors.setdefault(each.name, self.errors[base])
                elif isinstance(each, ast.FunctionDef):
                    ends = (end for end in ast.walk(each) if isinstance(end, ast.Return))
                    values = [end.value for end in ends if end.value and not is_call(end.value)]
                    self.returned[path.stem, each.name] = values

    def of_call(self, node: ast.Call, *, quoting: bool) -> list[Message]:
        """The messages that a call shows, or has in the error that it makes."""
        notes = (each.value for each in node.keywords if each.arg == "note")  # after a message
        if texts := [text for each in notes for text in self.of(each)]:
            return [(f"{VALUE}{text}", None) for text in texts]
        name = name_of(node.func)
        again = isinstance(node.func, ast.Call) and name_of(node.func.func) == "type"
        shows = name in SHOWING or getattr(node.func, "id", "") == "tell"  # a local `warning`
        ours = again or shows or name in self.errors or (quoting and name in QUOTED)
        if not node.args or not (ours or name in MAKING):
            return []
        code = 0 if shows and name != "complain" else self.errors.get(name)
        return [(text, code) for text in self.of(node.args[0 if ours else -1])]

    def of_defaults(self, node: ast.ClassDef) -> list[Message]:
        """The messages that an error has unless it is given one."""
        functions = (each for each in node.body if isinstance(each, ast.FunctionDef))
        defaults = (default for each in functions for default in each.args.defaults)
        code = self.errors[node.name]
        return [(text, code) for default in defaults for text in self.of(default)]

    def of(self, node: ast.expr) -> list[str]:
        """The texts of an expression."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return ["".join(texts) for texts in itertools.product(*map(self.of, parts))]
            case ast.FormattedValue(value=ast.Name() | ast.Call() as value, conversion=-1):
                return self.of(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return [f"{one}{two}" for one in self.of(left) for two in self.of(right)]
            case ast.IfExp(body=one, orelse=two):
                return [*self.of(one), *self.of(two)]
            case ast.Name(id=name) if name in self.constants:
                return [text for each in self.constants[name] for text in self.of(each)]
            case ast.Call(func=ast.Attribute(value=ast.Name() as constant, attr="format")):
                return self.of(constant)
            case ast.Call(func=function) if (self.module, name_of(function)) in RETURNING:
                modules = RETURNING[self.module, name_of(function)]
                returned = (self.returned[module, name_of(function)] for module in modules)
                return [text for each in itertools.chain(*returned) for text in self.of(each)]
        return [VALUE]
