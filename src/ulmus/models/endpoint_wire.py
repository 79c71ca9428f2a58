"""What is written to a server and read from it: the routes of OpenAI, and much that differs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ulmus.models.endpoint_names import EndpointSettings, without_key
from ulmus.records import Prompt, Sampling

NO_JSON: Final = "answer is no JSON"
NO_TEXT: Final = "answer holds no text"
REPORTED: Final = "answer reports an error"

MAX_STOP = 4
"""Most stop texts that hosted servers take; all are obeyed again when an answer is read."""

SEED_BITS = 31
"""Seeds are cut to this: llama.cpp takes 32 bits without a sign, vLLM and Ollama 64 with one."""

MAX_COMPLAINT_CHARS = 200

_NO_WORDS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>|[^\x20-\U0010ffff]", re.DOTALL)


@dataclass(frozen=True)
class Answer:
    """What an answer holds.

    Attributes:
        text: The text of the model; None if there is none.
        error: Why there is none.
        detail: What the server says about it, for people.
        prompt_tokens: As the server counts; None if it does not.
        completion_tokens: The same for the text.
        cut_off: Whether the model was still writing when its tokens were used up.
    """

    text: str | None = None
    error: str | None = None
    detail: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cut_off: bool = False


def payload(
    settings: EndpointSettings, prompt: Prompt, sampling: Sampling, limit_field: str
) -> bytes:
    """Return the body of a request; ASCII, whatever the prompt holds.

    Args:
        settings: Which model, which route, which fields not.
        prompt: What is asked.
        sampling: How it is to be answered.
        limit_field: Name of the field with the longest answer.
    """
    asked: dict[str, Any] = {
        limit_field: sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": prompt.seed % 2**SEED_BITS,
        "stop": [text for text in sampling.stop if text][:MAX_STOP],
    }
    omit = {limit_field if name == "max_tokens" else name for name in settings.omit}
    told = {key: value for key, value in asked.items() if key not in omit and value != []}
    turn = [{"role": "user", "content": prompt.text}]
    question = {"messages": turn} if settings.chat else {"prompt": prompt.text}
    return json.dumps({"model": settings.model, **question, **told, "stream": False}).encode()


def read_answer(body: bytes) -> Answer:
    """Return what the body of an answer with status 200 holds, whatever it is."""
    told = _parsed(body)
    if not isinstance(told, dict):
        return Answer(error=NO_JSON, detail=complaint(body))
    usage = told.get("usage")
    counted = usage if isinstance(usage, dict) else {}
    tokens = (_count(counted.get("prompt_tokens")), _count(counted.get("completion_tokens")))
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and not (told.get("error") or choice.get("error")):
        text = _text(choice)
        if text is not None:
            return Answer(text, None, "", *tokens, choice.get("finish_reason") == "length")
        return Answer(None, NO_TEXT, "", *tokens)
    error = REPORTED if told.get("error") or choice else NO_TEXT
    return Answer(None, error, complaint(body), *tokens)


def complaint(body: bytes) -> str:
    """Return the complaint of a server, or the head of its page: one line, without the key."""
    told = _parsed(body)
    found = _message(told) if isinstance(told, dict) else None
    text = found or body[:4_000].decode("utf-8", "replace")
    return " ".join(_NO_WORDS.sub(" ", without_key(text)).split())[:MAX_COMPLAINT_CHARS]


def is_out_of_credit(body: bytes) -> bool:
    """Tell whether a refusal means that waiting will not help: nothing is left to pay with."""
    return b"insufficient_quota" in body


def retry_after_s(header: str | None) -> float | None:
    """Return the seconds that a header Retry-After asks for; None if it says nothing usable."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return _seconds_until(header)
    return max(0.0, seconds) if seconds == seconds else None


def _seconds_until(date: str) -> float | None:
    try:
        until = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


def _text(choice: dict[str, Any]) -> str | None:
    """Return the text of a choice: of a completion, or a message as text or as parts."""
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else choice.get("text")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    return _whole(content) if isinstance(content, str) else None


def _whole(text: str) -> str:
    """Return a text in which halves of surrogate pairs have become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _message(told: dict[str, Any]) -> str | None:
    """Return the message of an error as OpenAI, FastAPI and Ollama write it."""
    error = told.get("error") or told.get("detail") or told.get("message")
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
