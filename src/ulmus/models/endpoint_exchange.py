"""One request to a model on a server, and what became of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum
from threading import Event
from typing import TYPE_CHECKING, Final

from ulmus.models.endpoint_names import EndpointSettings, without_key
from ulmus.models.endpoint_wire import (
    Answer,
    complaint,
    is_out_of_credit,
    read_answer,
    retry_after_s,
)
from ulmus.models.scripted import cut_at_stop
from ulmus.records import Completion, Sampling

if TYPE_CHECKING:
    import httpx2

TOO_LATE: Final = "server took too long"
TOO_LARGE: Final = "answer is too large"
BROKEN_OFF: Final = "answer broke off"
UNREACHABLE: Final = "server is out of reach"

_FATAL = (401, 402, 403, 404)  # no key, no credit, no right, no such model: same for every prompt
_OVERLOADED = (429, 502, 503, 504, 520, 522, 524, 529)  # from 520 on: proxies of hosted servers
_AGAIN = (*_OVERLOADED, 408, 425, 500)


class Kind(Enum):
    """What became of a prompt."""

    ANSWERED = "answered"
    UNUSABLE = "unusable"  # something came, but no text
    REFUSED = "refused"
    LATE = "late"
    UNREACHABLE = "unreachable"  # also: too busy for anybody
    FATAL = "fatal"  # no prompt will be answered


@dataclass(frozen=True)
class Reply:
    """What became of one request for a prompt.

    Attributes:
        kind: What.
        completion: What the operator gets.
        answer: What the server counted.
        status: HTTP status; None if none came.
        detail: What the server or the network said, for people; without the key.
        again: Whether another request may fare better.
        wait_s: Wait that the server asks for.
    """

    kind: Kind
    completion: Completion
    answer: Answer = field(default_factory=Answer)
    status: int | None = None
    detail: str = ""
    again: bool = False
    wait_s: float | None = None


LATE: Final = Reply(Kind.LATE, Completion("", error=TOO_LATE), detail="no answer in time")


def exchange(
    client: httpx2.Client,
    settings: EndpointSettings,
    body: bytes,
    sampling: Sampling,
    until: float,
    over: Event,
) -> Reply:
    """Send one request and return what became of it.

    Args:
        client: The connections.
        settings: Where to.
        body: The request.
        sampling: How it is to be answered.
        until: When it must have ended, on the clock `time.monotonic`.
        over: Set when nobody waits for the answer any more.
    """
    import httpx2

    left_s = max(0.001, until - time.monotonic())
    times = httpx2.Timeout(left_s, connect=min(left_s, settings.connect_s))
    came = False
    try:
        with client.stream("POST", settings.route, content=body, timeout=times) as response:
            came = True
            content = _content(response, settings.max_bytes, until, over)
    except (httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.PoolTimeout):
        return LATE
    except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
        return _no_answer(error, came)
    if content is None:
        return LATE
    if len(content) > settings.max_bytes:
        completion = Completion("", error=TOO_LARGE)
        return Reply(Kind.UNUSABLE, completion, status=response.status_code)
    return _read(response, content, sampling)


def _content(response: httpx2.Response, max_bytes: int, until: float, over: Event) -> bytes | None:
    """Return what came, at most a piece more than so many bytes; None if the time was up."""
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if over.is_set() or time.monotonic() > until:
            return None
        if len(content) > max_bytes:
            break
    return bytes(content)


def _no_answer(error: Exception, came: bool) -> Reply:
    """Return what a failure of the network means."""
    detail = without_key(f"{type(error).__name__} {error}")
    if came:
        return Reply(Kind.UNUSABLE, Completion("", error=BROKEN_OFF), detail=detail, again=True)
    completion = Completion("", error=UNREACHABLE)
    return Reply(Kind.UNREACHABLE, completion, detail=detail, again=True)


def _read(response: httpx2.Response, content: bytes, sampling: Sampling) -> Reply:
    """Return what a whole answer means."""
    status = response.status_code
    if 200 <= status < 300:
        return _usable(read_answer(content), status, sampling)
    completion = Completion("", error=f"server answered {status}")
    detail = complaint(content)
    if 300 <= status < 400:
        moved = complaint(response.headers.get("location", "").encode())
        return Reply(Kind.FATAL, completion, status=status, detail=f"it redirects to {moved}")
    if status in _FATAL or (status == 429 and is_out_of_credit(content)):
        return Reply(Kind.FATAL, completion, status=status, detail=detail)
    kind = Kind.UNREACHABLE if status in _OVERLOADED else Kind.REFUSED
    wait_s = retry_after_s(response.headers.get("retry-after"))
    again = status in _AGAIN
    return Reply(kind, completion, status=status, detail=detail, again=again, wait_s=wait_s)


def _usable(answer: Answer, status: int, sampling: Sampling) -> Reply:
    """Return what an answer with a good status means.

    A cut-off text counts at least as many tokens as were allowed, whatever the server counts,
    since that is how operators see it.
    """
    num_tokens = answer.completion_tokens or 0
    if answer.text is None:
        completion = Completion("", num_tokens, answer.error)
        return Reply(Kind.UNUSABLE, completion, answer, status, answer.detail)
    if answer.cut_off:
        num_tokens = max(num_tokens, sampling.max_tokens)
    text = cut_at_stop(answer.text, sampling.stop)
    return Reply(Kind.ANSWERED, Completion(text, num_tokens), answer, status)
