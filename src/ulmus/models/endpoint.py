"""A language model behind an OpenAI-compatible server: vLLM, llama.cpp, Ollama, hosted ones.

What it does not promise: that equal prompts with equal seeds get equal answers. The seed is sent,
and it is the server's affair whether it is heeded; answers are recorded in the run, so that a run
can be replayed in any case.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from ulmus.errors import ModelError
from ulmus.models import meter
from ulmus.models.endpoint_call import Call, Dialect
from ulmus.models.endpoint_exchange import Kind, Reply
from ulmus.models.endpoint_names import KEY_VARIABLE, EndpointSettings
from ulmus.records import NO_USAGE, Completion, Prompt, Sampling, Usage

if TYPE_CHECKING:
    import httpx2

_AT_HOME = ("all://localhost", "all://127.0.0.1", "all://[::1]")

_ADVICE = {
    401: f"set the environment variable {KEY_VARIABLE} to a key of this server",
    402: "the account has no credit left",
    403: f"the key in the environment variable {KEY_VARIABLE} may not use this model",
    404: "check the model's name (see {url}/models) and the URL, which mostly ends in /v1",
    429: "lower concurrency, or see the limits of the account",
    400: "if it is a field that the server does not take, add ?omit:FIELD to the model's name",
}
_ADVICE_REDIRECT = "name the model with the URL to which it redirects"
_ADVICE_LATE = "if the server is slow, add ?timeout_s:SECONDS to the model's name"
_ADVICE_DOWN = "is the server running, and is this its URL? A run can be resumed when it is"


class EndpointModel:
    """Asks a server; crosses processes as its settings.

    The key is read from the environment variable `ULMUS_API_KEY` at each call and kept nowhere.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        """Set up; nothing is sent yet.

        Args:
            settings: Where the server is and how it is treated.
        """
        self.settings = settings
        self._dialect = Dialect()
        self._usage = NO_USAGE
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[EndpointModel], tuple[EndpointSettings]]:
        """Return how to make it anew in another process."""
        return type(self), (self.settings,)

    def __repr__(self) -> str:
        """Return the name."""
        return f"EndpointModel({self.name!r})"

    @property
    def name(self) -> str:
        """URL and name of the model; the server does not say which weights it has."""
        return self.settings.name

    @property
    def usage(self) -> Usage:
        """What has been asked and answered by this object so far; not that of other processes."""
        return self._usage

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Completion]:
        """Return one completion per prompt, in the same order; see `Model.complete`.

        Raises:
            ModelError: The server is out of reach or overloaded for every prompt; it answers 401,
                402, 403, 404 or a redirect; or it has refused or not answered in time all prompts
                of a call and has never answered one of this object.
        """
        if not prompts:
            return []
        with self._client() as client:
            call = Call(client, self.settings, self._dialect, prompts, sampling)
            try:
                replies = call.run()
            finally:
                with self._lock:
                    self._usage += call.usage
                meter.count(call.usage)
        self._check(replies)
        return [reply.completion for reply in replies]

    def _client(self) -> httpx2.Client:
        """Return the connections for one call."""
        import httpx2

        settings = self.settings
        return httpx2.Client(
            headers=_headers(),
            mounts=dict.fromkeys(_AT_HOME),  # no proxy reaches what only this machine sees
            verify=settings.url.startswith("https:"),  # else certificates are loaded for nothing
            limits=httpx2.Limits(max_connections=settings.concurrency),
        )

    def _check(self, replies: Sequence[Reply]) -> None:
        """Raise if the replies mean that the model itself is out of reach; see `complete`."""
        fatal = next((reply for reply in replies if reply.kind is Kind.FATAL), None)
        if fatal is not None:
            raise self._error(fatal)
        down = {Kind.UNREACHABLE}
        if not self._dialect.answered:
            down |= {Kind.REFUSED, Kind.LATE}
        if all(reply.kind in down for reply in replies):
            worst = next((reply for reply in replies if reply.detail), replies[0])
            raise self._error(worst)

    def _error(self, reply: Reply) -> ModelError:
        """Return the error for a reply: where, what came, what to do; without the key."""
        came = f"answered {reply.status}" if reply.status else f"{reply.completion.error}"
        said = f": {reply.detail}" if reply.detail else ""
        told = f"{came}{said}"
        advice = _advice(reply).format(url=self.settings.url)
        return ModelError(
            f"model {self.settings.model!r} at {self.settings.route}: {told}; {advice}"
        )


def _advice(reply: Reply) -> str:
    """Return what to do about a reply."""
    if reply.kind is Kind.LATE:
        return _ADVICE_LATE
    if reply.status is None:
        return _ADVICE_DOWN
    if 300 <= reply.status < 400:
        return _ADVICE_REDIRECT
    known = {405: 404, 422: 400}.get(reply.status, reply.status)
    return _ADVICE.get(known, "see the log of the server; a run can be resumed when it is well")


def _headers() -> dict[str, str]:
    """Return the headers of every request.

    Raises:
        ModelError: The key cannot be sent.
    """
    if not _is_sendable(os.environ.get(KEY_VARIABLE, "").strip()):
        raise ModelError(f"{KEY_VARIABLE} holds characters that no key has, such as line breaks")
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if os.environ.get(KEY_VARIABLE, "").strip():
        headers["Authorization"] = f"Bearer {os.environ[KEY_VARIABLE].strip()}"
    return headers


def _is_sendable(key: str) -> bool:
    """Tell whether a key can stand in a header; here, so that no frame that raises holds it."""
    return key.isascii() and key.isprintable()
