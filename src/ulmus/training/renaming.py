"""Renames the local names of an edit at random, so that only copying from the prompt can be right.

A model that saw one program family too often writes the names that it remembers instead of those
in front of it; renamed programs take that way out. Names that mean something outside stay: imports,
builtins, attributes, keywords of calls, members of classes, the entry function, what the message
speaks of, and what stands in strings that are formatted.
"""

from __future__ import annotations

import ast
import builtins
import io
import keyword
import random
import re
import tokenize
from collections.abc import Iterable, Mapping

_POOL = """
    a b c d e f g h i j k m n p q r s t u v w x y z idx pos ptr cur prev nxt left right
    top low high near far first last inner outer base core edge node leaf root link part
    piece step size width span gap count total amount scale rate phase angle shift delta
    offset start end begin finish value item entry thing point corner side body head
    tail arm leg foot joint bar beam rod frame ring row col grid cell box group block
    chunk line path make build add_part attach place grow spread compute combine create
    helper handle maker builder work creator result out res acc
"""
POOL = tuple(_POOL.split())
"""What names are drawn from; a number is appended now and then."""


def renamed(texts: Mapping[str, str], message: str, rng: random.Random) -> dict[str, str] | None:
    """Rename the local names of several versions of one program alike.

    Args:
        texts: The versions by key, such as "before" and "after".
        message: Of the edit; names in it stay.
        rng: Decides the new names.

    Returns:
        The renamed versions by key; None if one of them cannot be read.
    """
    try:
        trees = [ast.parse(text) for text in texts.values()]
        taken = {name for text in texts.values() for name in _words(text)}
        local = sorted(set().union(*map(_local, trees)) - set().union(*map(_fixed, trees)))
        stay = set(re.findall(r"\w+", message))
        names = _drawn([name for name in local if name not in stay], taken, rng)
        return {key: _replaced(text, names) for key, text in texts.items()}
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError, IndentationError):
        return None


def _local(tree: ast.AST) -> set[str]:
    """Names that the program binds itself."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


def _fixed(tree: ast.AST) -> set[str]:
    """Names that mean something outside, or where a plain replacement would miss a place."""
    fixed = set(dir(builtins)) | {"self", "cls", "make_walker", "main"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            fixed.update(
                part for name in node.names for part in (name.asname or name.name).split(".")
            )
        elif isinstance(node, ast.keyword) and node.arg:
            fixed.add(node.arg)
        elif isinstance(node, ast.ClassDef):
            fixed.update(_local(ast.Module(node.body, [])) - _inner(node))
        elif isinstance(node, ast.JoinedStr | ast.MatchAs | ast.MatchStar):
            fixed.update(child.id for child in ast.walk(node) if isinstance(child, ast.Name))
            fixed.update({getattr(node, "name", None) or ""})
        elif isinstance(node, ast.ExceptHandler) and node.name:
            fixed.add(node.name)
    return fixed | {name for name in fixed if name.startswith("__")}


def _inner(owner: ast.ClassDef) -> set[str]:
    """Names bound within the methods of a class, not by the class itself."""
    methods = [node for node in owner.body if isinstance(node, ast.FunctionDef)]
    inner = set().union(*(_local(ast.Module(node.body, [])) | _arguments(node) for node in methods))
    return inner - {node.name for node in methods}


def _arguments(function: ast.FunctionDef) -> set[str]:
    return {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}


def _drawn(names: Iterable[str], taken: set[str], rng: random.Random) -> dict[str, str]:
    used = set(taken)
    result = {}
    for name in names:
        if name.startswith("__"):
            continue
        new = rng.choice(POOL)
        while new in used or keyword.iskeyword(new):
            new = f"{rng.choice(POOL)}{rng.choice(('', '_'))}{rng.randrange(1, 100)}"
        used.add(new)
        result[name] = new
    return result


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))


def _replaced(text: str, names: Mapping[str, str]) -> str:
    """Replace names, but not attributes; the rest of the text stays as it is."""
    lines = text.split("\n")
    places = []
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        if token.type == tokenize.NAME and token.string in names and before != ".":
            places.append((token.start, token.string))
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.string
    for (row, column), name in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + names[name] + line[column + len(name) :]
    return "\n".join(lines)
