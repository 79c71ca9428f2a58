"""Secrets and personal data: drop what could be a secret, replace what names somebody.

The shapes are listed in docs/mining.md. What this does not find: secrets without a known shape,
names of people in comments.
"""

from __future__ import annotations

import re

_SECRETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("private key", r"-----BEGIN [A-Z ]*(?:PRIVATE KEY|CERTIFICATE)", ("-----begin",)),
    (
        "token",
        r"\b(?:[spr]k[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|"
        r"github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|A[KS]IA[0-9A-Z]{16}\b|"
        r"AIza[\w-]{30,}|ya29\.[\w-]{20,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}|pypi-[\w-]{20,}|"
        r"npm_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})",
        (
            "sk-",
            "pk-",
            "rk-",
            "sk_",
            "pk_",
            "rk_",
            "ghp_",
            "gho_",
            "ghu_",
            "ghs_",
            "ghr_",
            "github_pat",
            "glpat",
            "xox",
            "akia",
            "asia",
            "aiza",
            "ya29",
            "eyj",
            "pypi-",
            "npm_",
            "hf_",
            "sg.",
        ),
    ),
    ("URL with credentials", r"://[^\s/:@'\"{}%<]+:[^\s/@'\"{}%<]+@", ("://",)),
    ("base64", r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{80,}", ()),
    ("long hex", r"(?<![0-9A-Za-z])(?:0x)?[0-9a-fA-F]{32,}(?![0-9A-Za-z])", ()),
    (
        "secret literal",
        r"(?i:passw(?:or)?d|passphrase|secret|api_?key|auth_?token|access_?token|private_?key)"
        r"\w*[\"']?\s*[:=]\s*[rbuf]?[\"'](?=[^\"'\s]*[0-9])(?=[^\"'\s]*[A-Za-z])[^\"'\s]{10,}[\"']",
        (
            "passw",
            "passphrase",
            "secret",
            "api_key",
            "apikey",
            "auth_token",
            "authtoken",
            "access_token",
            "accesstoken",
            "private_key",
            "privatekey",
        ),
    ),
    (
        "author tag",
        r"__author__|__email__|__maintainer__|__credits__|(?i:@author\b|:author:|codeauthor::|"
        r"#\s*(?:author|maintainer|written by|contributed by|copyright)\b)",
        ("author", "maintainer", "__email", "__credits", "copyright", "written by", "contributed"),
    ),
    (
        "public address",
        r"(?<![\d.\w-])(?!0\.|10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|"
        r"192\.0\.[02]\.|198\.51\.100\.|203\.0\.113\.|22[4-9]\.|23\d\.|24\d\.|25[0-5]\.|"
        r"[1-9]\.\d\.\d\.\d|1\.2\.3\.|8\.8\.)"
        r"(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.\w-])",
        tuple(f".{digit}" for digit in range(10)),
    ),
    ("telephone", r"(?<![\w.])\+\d{1,3}[ -]\(?\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}\b", ("+",)),
)
"""Name, shape, and lower-case texts of which one must be there, which is faster to ask first."""

_COMPILED = tuple((reason, re.compile(rule), hints) for reason, rule, hints in _SECRETS)
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,12}\b(?!\()")
_SAFE_DOMAIN = re.compile(
    r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|example|test|invalid|localhost)$", re.I
)
_TASK = re.compile(r"\b(TODO|FIXME|XXX|HACK|NOTE)\s?\((?:[@\w .,/-]{1,40})\)")
_PLACEHOLDER = "user@example.com"


def secret(text: str) -> str | None:
    """Return what kind of secret or personal mark a text holds, or None."""
    lower = text.lower()
    for reason, rule, hints in _COMPILED:
        if (not hints or any(hint in lower for hint in hints)) and rule.search(text):
            return reason
    return None


def scrubbed(text: str) -> str:
    """Return text with e-mail addresses and the owners of TODO marks replaced."""
    if "@" in text:
        text = _EMAIL.sub(lambda hit: hit[0] if _SAFE_DOMAIN.search(hit[0]) else _PLACEHOLDER, text)
    return _TASK.sub(r"\1", text) if "(" in text else text


def scrubbed_message(text: str) -> str:
    """Return a subject as it stood, without addresses, handles and control characters."""
    text = re.sub(r"(?<![\w/.])@[A-Za-z][\w-]*", "@user", scrubbed(text))
    return "".join(letter for letter in text if letter.isprintable())[:300]
