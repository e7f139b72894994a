"""Measures the house, core and bundled plugins, from their text alone, and prints one table.

python -m tests.house
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = {"ovcf_bench": ROOT / "ovcf_bench", "ovcf_plugins": ROOT / "plugins" / "ovcf_plugins"}
LONGEST_FUNCTION = 60
# What a comment says to a program, not to a reader; a reason behind it counts.
_ORDERS = re.compile(r"#\s*(fmt: \w+|noqa(: [A-Z0-9, ]+)?|type: ignore(\[[\w, -]+\])?)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module as it is written: `name` as it is imported, `room` the first word below its package."""

    name: str
    path: Path
    text: str

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        return [*self.name.split("."), ""][1]

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in self.nodes if isinstance(node, Function)]

    @cached_property
    def methods(self) -> set[Function]:
        """The functions that stand in a class."""
        return {each for node in self.nodes if isinstance(node, ast.ClassDef) for each in node.body
                if isinstance(each, Function)}  # fmt: skip

    def imports(self, known: set[str]) -> set[str]:
        """Return the modules of `known` that this one names in an import, wherever it stands, TYPE_CHECKING too.

        `from a import b` names a.b where that is a module, and a otherwise; the packages above are run as well, but
        only the one that is named is known to its author.
        """
        found = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                below = {f"{base}.{alias.name}" for alias in node.names}
                found |= {each if each in known else base for each in below}
        return (found & known) - {self.name}

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        above = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*above, *([node.module] if node.module else [])])

    @cached_property
    def comments(self) -> list[tuple[int, str]]:
        """The comments that speak to a reader, each with its line: a # that stands in no text starts one."""
        inside = [
            (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            for node in self.nodes
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        ]
        found = []
        for at, line in enumerate(self.text.splitlines(), 1):
            if "#" not in line:
                continue
            here = [(start if begins == at else 0, end if ends == at else 10**6) for begins, start, ends, end in inside
                    if begins <= at <= ends]  # fmt: skip
            marks = (each.start() for each in re.finditer(b"#", line.encode()))
            for mark in marks:
                if not any(start <= mark < end for start, end in here):
                    text = _ORDERS.sub("", line.encode()[mark:].decode()).strip(" #")
                    found += [(at, text)] if text else []
                    break
        return found

    @property
    def code_lines(self) -> int:
        """Lines that hold neither nothing, nor a comment, nor a docstring."""
        documented = (node for node in self.nodes if isinstance(node, ast.Module | ast.ClassDef | Function))
        words = {line for node in documented for line in _docstring_lines(node)}
        lines = enumerate(self.text.splitlines(), 1)
        return sum(bool(line.strip()) and not line.lstrip().startswith("#") and at not in words for at, line in lines)


def _docstring_lines(node: ast.Module | ast.ClassDef | Function) -> range:
    match node.body:
        case [ast.Expr(ast.Constant(str())) as words, *_]:
            return range(words.lineno, (words.end_lineno or words.lineno) + 1)
    return range(0)


def modules(packages: Iterable[str] = PACKAGES) -> list[Module]:
    """Return the modules of core and plugins, sorted by name."""
    found = []
    for package in packages:
        folder = PACKAGES[package]
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, path.read_text("utf-8")))
    return found


def import_graph(of: Iterable[Module]) -> dict[str, set[str]]:
    """Return, by module, the modules that it imports."""
    of = list(of)
    known = {each.name for each in of}
    return {each.name: each.imports(known) for each in of}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other (Tarjan, SIAM J Comput 1972;1:146-160)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        open_.append(name)
        for below in sorted(graph[name]):
            if below not in order:
                visit(below)
                lowest[name] = min(lowest[name], lowest[below])
            elif below in open_:
                lowest[name] = min(lowest[name], order[below])
        if lowest[name] == order[name]:
            at = open_.index(name)
            if len(open_) - at > 1:
                found.append(sorted(open_[at:]))
            del open_[at:]

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def room_graph(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return, by room (package and first word), the other rooms that its modules import."""
    found: dict[str, set[str]] = {}
    for name, below in graph.items():
        here = _room_of(name)
        found.setdefault(here, set()).update(_room_of(each) for each in below)
    return {here: below - {here} for here, below in found.items()}


def _room_of(name: str) -> str:
    package, *rest = name.split(".")
    return package if package == "ovcf_plugins" or not rest else f"{package}.{rest[0]}"


def public(module: Module) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    """Yield what others may use: the module, its public classes and functions, their public methods."""
    yield module.name, module.tree
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield f"{module.name}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                below = (each for each in node.body if isinstance(each, Function) and not each.name.startswith("_"))
                yield from ((f"{module.name}.{node.name}.{each.name}", each) for each in below)


def annotated(function: Function, in_class: bool) -> bool:
    """Return whether all that a function takes and gives has a type; `self` and `cls` are known."""
    given = function.args
    arguments = [*given.posonlyargs, *given.args]
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
    if in_class and not static:
        arguments = arguments[1:]
    arguments += [*given.kwonlyargs, *(each for each in (given.vararg, given.kwarg) if each is not None)]
    return function.returns is not None and all(each.annotation is not None for each in arguments)


@dataclass(frozen=True)
class House:
    """What was measured; shares are per cent, lengths are lines."""

    modules: int
    core_modules: int
    longest_module: int
    lines: int
    core_lines: int
    functions: int
    median_function: float
    longest_function: int
    long_functions: tuple[str, ...]
    public_documented: float
    undocumented: tuple[str, ...]
    annotated: float
    unannotated: tuple[str, ...]
    comments: float
    module_circles: tuple[tuple[str, ...], ...]
    room_circles: tuple[tuple[str, ...], ...]


def measure() -> House:
    """Return the measurements of core and plugins."""
    found = modules()
    core = [each for each in found if each.name.split(".")[0] == "ovcf_bench"]
    lengths = {f"{each.name}.{node.name}": _length(node) for each in found for node in each.functions}
    every = [_length(node) for each in found for node in each.functions]
    offered = {name: ast.get_docstring(node) for each in found for name, node in public(each)}
    typed = [
        (f"{each.name}.{function.name}", annotated(function, function in each.methods))
        for each in found
        for function in each.functions
    ]
    graph = import_graph(found)
    return House(
        modules=len(found),
        core_modules=len(core),
        longest_module=max(each.lines for each in found),
        lines=sum(each.lines for each in found),
        core_lines=sum(each.lines for each in core),
        functions=len(every),
        median_function=statistics.median(every),
        longest_function=max(every),
        long_functions=tuple(name for name, length in lengths.items() if length > LONGEST_FUNCTION),
        public_documented=100 * sum(map(bool, offered.values())) / len(offered),
        undocumented=tuple(name for name, words in offered.items() if not words),
        annotated=100 * sum(whole for _, whole in typed) / len(typed),
        unannotated=tuple(name for name, whole in typed if not whole),
        comments=100 * sum(len(each.comments) for each in found) / sum(each.code_lines for each in found),
        module_circles=tuple(map(tuple, circles(graph))),
        room_circles=tuple(map(tuple, circles(room_graph(graph)))),
    )


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def table(house: House) -> str:
    """Return the measurements as they are read."""
    rows = (
        ("modules (core)", f"{house.modules} ({house.core_modules})"),
        ("longest module", f"{house.longest_module} lines"),
        ("lines (core)", f"{house.lines:,} ({house.core_lines:,})"),
        ("functions", f"{house.functions:,}"),
        ("median function", f"{house.median_function:g} lines"),
        ("longest function", f"{house.longest_function} lines"),
        (f"functions over {LONGEST_FUNCTION} lines", f"{len(house.long_functions)}"),
        ("public docstrings", f"{house.public_documented:.1f} %"),
        ("fully annotated", f"{house.annotated:.1f} %"),
        ("comments per 100 lines of code", f"{house.comments:.2f}"),
        ("circles of modules", f"{len(house.module_circles)}"),
        ("circles of rooms", f"{len(house.room_circles)}"),
    )
    return "\n".join(f"{name:<32}{value:>16}" for name, value in rows)


def main() -> None:
    """Print the table, and below it what a limit would name."""
    house = measure()
    print(table(house))
    named = {"undocumented": house.undocumented, "not annotated": house.unannotated, "too long": house.long_functions,
             "circle": [" ".join(each) for each in (*house.module_circles, *house.room_circles)]}  # fmt: skip
    for what, names in named.items():
        for name in names:
            print(f"{what}: {name}")


if __name__ == "__main__":
    sys.setrecursionlimit(5000)
    main()
