"""Which commit messages say what the edit does: cleaning, refusals with reasons, kinds.

The rules of docs/mining.md, on the subject line only.
"""

from __future__ import annotations

import re

from ulmus.mining.message_rules import IMPERATIVE, KINDS, REFUSALS

_REFERENCES = re.compile(
    r"\[(?:ticket|issue|bug)[:#\s]*\d+\]|"
    r"\[(?:ci skip|skip ci|skip travis|ci|wip|doc only)\]|\*{3}no_ci\*{3}|"
    r"[\s,;:-]*\(?(?:(?:fix(?:e[sd])?|clos(?:e[sd]?|ing)|resolv(?:e[sd]?|ing)|refs?|see|re|"
    r"addresses|part of|issues?|tickets?|bugs?|pr|pull request)[\s:]*)*"
    r"(?:\b(?:gh|bpo|lp|sc|issue)[-:]?\s?|#)\d{1,8}\b\)?[.:]?",
    re.IGNORECASE,
)
_FIX_FIRST = re.compile(
    r"^(?:fix(?:e[sd])?|clos(?:e[sd]?)|resolv(?:e[sd]?))(?: issue| bug| ticket)?[\s:]+"
    r"(?:gh|bpo)?[-#]\d{1,8}\b[\s:.,;-]+(?=\w)(?!and\b)",
    re.IGNORECASE,
)
_BY_NAME = re.compile(r"\b(?:by|from|thanks to|thank|with) [A-Z][a-z]+ [A-Z][a-z]+\b")
_EMPTY = re.compile(r"(?<![\w\])])[(\[{]\s*[\])}]")
_PREFIX = re.compile(
    r"^(?:\[[\w ./:-]{1,30}\]\s*|(?:ENH|BUG|FIX|MAINT|API|REF|PERF|BF|RF|NF):\s*)", re.I
)
_PERSONS = re.compile(
    r"[\s,;(.-]+(?:patch(?:ed)?|contributed|reported|suggest(?:ed|ion)|spotted|found|review(?:ed)?|thanks|"
    r"thx|courtesy|credits?|kudos|cc|submitted|authored|signed[- ]off)[\s,:]+(?:by|to|from|of)?\s*"
    r"(?=[@A-Z<]).*$|[\s,;(.-]+(?:thanks|thx|via|by|cc|h/t|from)[\s,:]+@[\w-]+.*$",
    re.IGNORECASE,
)  # fmt: skip
_HANDLE = re.compile(r"(?<![\w/.@`])@(?=[A-Za-z])(?!\w*[_.(`])[\w-]+")
_DECORATORS = frozenset({
    "@property", "@staticmethod", "@classmethod", "@overload", "@abstractmethod", "@dataclass",
    "@final", "@deprecated", "@pytest", "@contextmanager", "@wraps", "@functools", "@typing",
    "@cache", "@attr", "@attrs", "@define",
})  # fmt: skip

MIN_CHARS, MAX_CHARS, MIN_WORDS = 10, 200, 3
MIN_LETTERS = 0.7


def _rule(start: str, word: str, other: str) -> str:
    parts = (start and f"^(?:{start})", word and f"\\b(?:{word})", other)
    return "|".join(part for part in parts if part)


_COMPILED = tuple((reason, re.compile(_rule(*rules), re.IGNORECASE)) for reason, *rules in REFUSALS)


def _joined(place: int) -> str:
    return "|".join(rules[place] for rules in REFUSALS if rules[place])


_AT_START = re.compile(_joined(1), re.IGNORECASE)
_WORD_IN = re.compile(rf"\b(?:{_joined(2)})", re.IGNORECASE)
_OTHER_IN = re.compile(_joined(3), re.IGNORECASE)
_BOT = re.compile(
    r"\bbot\b|\[bot\]|-bot\b|dependabot|renovate|pre-commit|github-actions|greenkeeper|pyup|weblate|transifex|"
    r"autofix|mergify|codemod|jenkins|miss-islington|meeseeks",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z_][\w'.()-]*")
_ENGLISH = re.compile(r"[A-Za-z ]")

_KIND_RULES = tuple(
    (kind, re.compile(rf"(?:[\w./()-]+: ?)?(?:{rule})\b", re.IGNORECASE)) for kind, rule in KINDS
)


def clean(subject: str) -> str:
    """Return a subject without issue references, tags and thanks."""
    text = _FIX_FIRST.sub("Fix ", subject[: 4 * MAX_CHARS])
    text = _REFERENCES.sub("", text)
    text = _PREFIX.sub("", text.strip())
    text = _PERSONS.sub("", text)
    text = _EMPTY.sub("", text)
    return re.sub(r"\s+", " ", text).strip(" \t,;:-–—.")


def refusal(message: str, author: str, email: str) -> str | None:
    """Return why a cleaned message is of no use, or None.

    Args:
        message: From `clean`.
        author: Name of the author; bots are refused, and messages that name their author.
        email: Address of the author.
    """
    if _BOT.search(author) or _BOT.search(email):
        return "bot"
    if not MIN_CHARS <= len(message) <= MAX_CHARS:
        return "length"
    if len(_ENGLISH.findall(message)) < MIN_LETTERS * len(message) or not message.isprintable():
        return "not English"
    if "\ufffd" in message or sum(map(str.isalpha, message)) > len(re.findall("[A-Za-z]", message)):
        return "not English"
    if len(_WORD.findall(message)) < MIN_WORDS:
        return "few words"
    if _AT_START.match(message) or _WORD_IN.search(message) or _OTHER_IN.search(message):
        return next(reason for reason, rule in _COMPILED if rule.search(message))
    return "names a person" if _names_somebody(message, author) else None


def _names_somebody(message: str, author: str) -> bool:
    """Tell whether a message has a handle (no decorator) or the full name of its author."""
    if _BY_NAME.search(message) or any(
        handle not in _DECORATORS for handle in _HANDLE.findall(message)
    ):
        return True
    return len(author) >= 5 and " " in author and author.lower() in message.lower()


def kind(message: str) -> str:
    """Return what sort of edit a message announces, by its first words."""
    for name, rule in _KIND_RULES:
        if rule.match(message):
            return name
    return "other"


def is_imperative(message: str) -> bool:
    """Tell whether a message begins with an imperative verb."""
    first = re.match(r"(?:\w+(?:\([\w./-]+\))?: ?)?([A-Za-z']+)", message)
    return bool(first) and first[1].lower() in IMPERATIVE  # type: ignore[index]
