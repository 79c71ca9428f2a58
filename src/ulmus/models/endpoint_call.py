"""One call of a model on a server: several requests at once, retries, and an end in any case.

Threads of this module are daemons, so that neither a server that never ends its answer nor a name
server that never answers can keep the process from ending. They are left behind when the time of
the call is up; then their sockets are closed, so that they end too.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from ulmus.models.endpoint_exchange import LATE, Kind, Reply, exchange
from ulmus.models.endpoint_names import EndpointSettings
from ulmus.models.endpoint_wire import payload
from ulmus.records import NO_USAGE, Prompt, Sampling, Usage

if TYPE_CHECKING:
    import httpx2

MAX_BACKOFF_S = 30.0
MAX_FIRST_ATTEMPTS = 3
"""Most requests while nothing has ever answered: a wrong port should be told in seconds."""

GRACE_S = 1.0
"""How long the threads of a call may take to notice that its time is up."""


@dataclass
class Dialect:
    """What was learned about a server.

    Attributes:
        limit_field: How it calls the field with the longest answer.
        answered: Whether it has ever answered a prompt.
    """

    limit_field: str = "max_tokens"
    answered: bool = False


class Call:
    """Prompts in, one reply each out."""

    def __init__(
        self,
        client: httpx2.Client,
        settings: EndpointSettings,
        dialect: Dialect,
        prompts: Sequence[Prompt],
        sampling: Sampling,
    ) -> None:
        """Set up; `run` does the work.

        Args:
            client: The connections; the caller closes it after `run`.
            settings: Where the server is and how it is treated.
            dialect: What is known about it; more may be learned.
            prompts: What is asked, at least one.
            sampling: How it is to be answered.
        """
        self.usage = NO_USAGE
        self._client = client
        self._settings = settings
        self._dialect = dialect
        self._prompts = prompts
        self._sampling = sampling
        self._replies: dict[int, Reply] = {}
        self._state = _State()
        self._lock = Lock()
        self._over = Event()

    def run(self) -> list[Reply]:
        """Ask all prompts; return what became of each, in order.

        It ends early when a prompt meets a refusal that all will meet.
        """
        count, at_once = len(self._prompts), self._settings.concurrency
        end = time.monotonic() + -(-count // at_once) * self._settings.timeout_s
        self._state.working = min(count, at_once)
        try:
            for _ in range(self._state.working):
                Thread(target=self._work, args=(end,), daemon=True).start()
            self._over.wait(end + GRACE_S - time.monotonic())
        finally:
            self._over.set()
        with self._lock:
            if self._state.failure is not None:
                raise self._state.failure
            return [self._replies.get(index, LATE) for index in range(count)]

    def _work(self, end: float) -> None:
        """Ask one prompt after the other until none is left."""
        failure: BaseException | None = None
        try:
            while (index := self._take()) is not None:
                self._put(index, self._ask(self._prompts[index], end))
        except BaseException as error:  # noqa: BLE001  (border of the thread; `run` raises it)
            failure = error
        with self._lock:
            if failure is not None and not self._over.is_set():  # else it met its closed socket
                self._state.failure = failure
            self._state.working -= 1
            if failure is not None or self._state.working == 0:
                self._over.set()

    def _take(self) -> int | None:
        """Return the place of the next prompt; None if there is none to be asked."""
        with self._lock:
            index = self._state.next
            if index == len(self._prompts) or self._over.is_set():
                return None
            self._state.next += 1
            return index

    def _put(self, index: int, reply: Reply) -> None:
        answered, answer = reply.kind is Kind.ANSWERED, reply.answer
        with self._lock:
            self._replies[index] = reply
            self._state.given_up |= reply.kind is Kind.UNREACHABLE
            self.usage += Usage(
                num_answers=int(answered),
                num_failures=int(not answered),
                num_uncounted=int(answered and answer.completion_tokens is None),
                prompt_tokens=answer.prompt_tokens or 0,
                completion_tokens=answer.completion_tokens or 0,
            )
        if reply.kind is Kind.FATAL:
            self._over.set()

    def _ask(self, prompt: Prompt, end: float) -> Reply:
        """Ask one prompt, again where that may help and there is time."""
        until = min(time.monotonic() + self._settings.timeout_s, end)
        attempt = 1
        while True:
            told = self._pause(until)
            if told is not None:
                return told
            limit_field = self._dialect.limit_field
            reply = self._request(prompt, limit_field, until, again=attempt > 1)
            if self._renames(reply, limit_field):
                continue
            if not reply.again or attempt >= self._attempts(reply):
                return reply
            wait_s = self._wait_s(reply, attempt)
            if time.monotonic() + wait_s >= until or self._over.wait(wait_s):
                return reply
            attempt += 1

    def _attempts(self, reply: Reply) -> int:
        """Return how many requests a prompt may have that was not answered."""
        most = self._settings.attempts
        if self._state.given_up and not self._state.reached:
            return 1  # another prompt has used them all up, and none got through
        stranger = reply.status is None and not self._dialect.answered
        return min(most, MAX_FIRST_ATTEMPTS) if stranger else most

    def _request(self, prompt: Prompt, limit_field: str, until: float, *, again: bool) -> Reply:
        """Send one request for a prompt."""
        with self._lock:
            self.usage += Usage(num_requests=1, num_retries=int(again))
        body = payload(self._settings, prompt, self._sampling, limit_field)
        reply = exchange(self._client, self._settings, body, self._sampling, until, self._over)
        if reply.kind is Kind.ANSWERED:
            self._state.reached = self._dialect.answered = True
        return reply

    def _renames(self, reply: Reply, limit_field: str) -> bool:
        """Tell whether the request is to be sent again with another name of the limit.

        Newer models of OpenAI take no max_tokens and say what to use instead; most servers that
        copy their routes know only max_tokens.
        """
        new = "max_completion_tokens"
        if reply.status not in (400, 422) or limit_field == new or new not in reply.detail:
            return False
        self._dialect.limit_field = new
        return True

    def _wait_s(self, reply: Reply, attempt: int) -> float:
        """Return the wait before a retry; if the server asked for it, all prompts wait.

        The jitter keeps the threads apart; it decides nothing but the time.
        """
        if reply.wait_s is not None:
            with self._lock:
                asked = time.monotonic() + reply.wait_s
                if asked > self._state.not_before:
                    self._state.not_before, self._state.told = asked, reply
            return reply.wait_s * random.uniform(1.0, 1.1)
        backoff_s = min(MAX_BACKOFF_S, self._settings.backoff_s * 2.0 ** (attempt - 1))
        return backoff_s * random.uniform(0.5, 1.0)

    def _pause(self, until: float) -> Reply | None:
        """Wait as long as the server asked for; return what it said if that is too long."""
        with self._lock:
            not_before, told = self._state.not_before, self._state.told
        wait_s = not_before - time.monotonic()
        if wait_s <= 0:
            return None
        return told if not_before >= until or self._over.wait(wait_s) else None


@dataclass
class _State:
    """What the threads of a call share.

    Attributes:
        next: Place of the next prompt.
        working: Threads that have not ended.
        failure: An error of ours in one of them.
        reached: Whether the server has answered a prompt.
        given_up: Whether a prompt has used up its attempts without reaching the server.
        not_before: When the server wants the next request, on the clock `time.monotonic`.
        told: What it said then.
    """

    next: int = 0
    working: int = 0
    failure: BaseException | None = None
    reached: bool = False
    given_up: bool = False
    not_before: float = 0.0
    told: Reply | None = None
