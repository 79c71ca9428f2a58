"""Models on servers by name: what the name says, and how the server is treated.

    http://HOST:PORT/v1#MODEL              text completions (POST .../completions)
    https+chat://HOST/v1#MODEL             chat (POST .../chat/completions)
    http://HOST:PORT/v1#MODEL?timeout_s:900&concurrency:4

A name goes into runs and messages, so no secret may be part of it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ulmus.errors import ConfigError, unknown_name

KEY_VARIABLE: Final = "ULMUS_API_KEY"
"""The environment variable with the key that is sent to every server, if it is set."""

SYNTAX: Final = "http://HOST:PORT/v1#MODEL, or http+chat://... for chat models"
MAX_S: Final = 86_400
"""Longest wait that can be set: a day."""

OMITTABLE: Final = ("max_tokens", "seed", "stop", "temperature", "top_p")

_SCHEME = re.compile(r"(https?)((?:\+[^:/]*)?)://", re.IGNORECASE)
_NUMBERS: dict[str, type[int] | type[float]] = {
    "concurrency": int,
    "attempts": int,
    "timeout_s": float,
    "connect_s": float,
}
_TEXTS = ("form", "omit", "style")


@dataclass(frozen=True)
class EndpointSettings:
    """Where a server is and how it is treated.

    Attributes:
        url: Base URL, without the route and without a slash at the end.
        model: Name of the model at the server.
        chat: Whether prompts go to /chat/completions instead of /completions.
        omit: Fields that the server does not take, out of `OMITTABLE`.
        concurrency: Requests at once, in [1, 1024].
        timeout_s: Longest time for one prompt, retries included, up to a day. A call takes at
            most this times the number of prompts over `concurrency`, rounded up.
        connect_s: Longest time until a connection stands.
        attempts: Most requests for one prompt, in [1, 100]; at most three as long as nothing at
            this URL has ever answered.
        backoff_s: Wait before the first retry; it doubles with each, up to half a minute.
        max_bytes: Longest answer that is read.
    """

    url: str
    model: str
    chat: bool = False
    omit: tuple[str, ...] = ()
    concurrency: int = 8
    timeout_s: float = 300.0
    connect_s: float = 10.0
    attempts: int = 8
    backoff_s: float = 1.0
    max_bytes: int = 10_000_000

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ConfigError: One of them makes no sense.
        """
        _check_url(self.url)
        if not self.model or not self.model.isprintable():
            raise ConfigError(f"expected a model after '#' ({SYNTAX}), came {self.model!r}")
        for name, most in (("concurrency", 1024), ("attempts", 100)):
            if not 1 <= getattr(self, name) <= most:
                raise ConfigError(f"{name} must be in [1, {most}], came {getattr(self, name)}")
        for name in ("timeout_s", "connect_s", "backoff_s"):
            if not 0 < getattr(self, name) <= MAX_S:
                raise ConfigError(f"{name} must be in (0, {MAX_S}], came {getattr(self, name)}")
        if self.max_bytes < 1:
            raise ConfigError(f"max_bytes must be at least 1, came {self.max_bytes}")
        for name in self.omit:
            if name not in OMITTABLE:
                raise unknown_name("field of requests", name, OMITTABLE)

    @property
    def name(self) -> str:
        """The part of the name that decides what is answered."""
        scheme, _, rest = self.url.partition("://")
        kind = f"{scheme}+chat" if self.chat else scheme
        without = "&".join(f"omit:{field}" for field in sorted(set(self.omit)))
        return f"{kind}://{rest}#{self.model}{'?' + without if without else ''}"

    @property
    def route(self) -> str:
        """URL that prompts are sent to."""
        return f"{self.url}/{'chat/completions' if self.chat else 'completions'}"


@dataclass(frozen=True)
class Address:
    """What the name of a model on a server says.

    Attributes:
        settings: Where it is and how it is treated.
        style: Style of the prompts, see `ulmus.diffs.prompts.Layout`.
        form: Form of the edits.
    """

    settings: EndpointSettings
    style: str = "instruct"
    form: str = "search-replace"


def without_key(text: str) -> str:
    """Return what a server or the network said, with *** for the key that it may repeat."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return text.replace(key, "***") if key else text


def is_endpoint(name: str) -> bool:
    """Tell whether the name of a model means a model on a server."""
    return _SCHEME.match(name) is not None


def parse_endpoint(name: str) -> Address:
    """Return what a name says.

    Raises:
        ConfigError: It says nothing that makes sense; no part that may be secret is repeated.
    """
    scheme = _SCHEME.match(name)
    if scheme is None or scheme[2].lower() not in ("", "+chat"):
        raise ConfigError(f"the name of a model on a server is {SYNTAX}")
    place, _, rest = name[scheme.end() :].partition("#")
    model, _, options = rest.partition("?")
    chosen = _options(options)
    texts = {key: str(chosen.pop(key)) for key in ("form", "style") if key in chosen}
    url = f"{scheme[1].lower()}://{place.rstrip('/')}"
    chat = bool(scheme[2])
    return Address(EndpointSettings(url, model, chat, **chosen), **texts)  # type: ignore[arg-type]


def _options(text: str) -> dict[str, object]:
    """Return the options at the end of a name; `omit` may come several times."""
    chosen: dict[str, object] = {}
    omit: list[str] = []
    for part in text.split("&") if text else []:
        key, colon, value = part.partition(":")
        if not colon:
            raise ConfigError(f"expected OPTION:VALUE after '?' in a model's name, came {part!r}")
        if key == "omit":
            omit.append(value)
        elif key in _TEXTS:
            chosen[key] = value
        elif key in _NUMBERS:
            chosen[key] = _number(key, value)
        else:
            raise unknown_name("option in a model's name", key, (*_NUMBERS, *_TEXTS))
    return {**chosen, "omit": tuple(omit)}


def _number(key: str, value: str) -> int | float:
    try:
        return _NUMBERS[key](value)
    except ValueError:
        raise ConfigError(f"{key} must be a number, came {value!r}") from None


def _check_url(url: str) -> None:
    """Check a base URL; what may hold a key is refused and not repeated."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigError(
            f"the URL of a model's server makes no sense; expected {SYNTAX}"
        ) from None
    if "@" in url or parts.query or "?" in url:
        raise ConfigError(
            f"the URL of a model's server may hold no user, password or query, for it is written "
            f"into the run; put the key into the environment variable {KEY_VARIABLE}"
        )
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"the URL {url!r} names no server; expected {SYNTAX}")
    if parts.path.endswith("/completions"):
        raise ConfigError(f"leave '/completions' out of the URL {url!r}; expected {SYNTAX}")
