"""Models on servers: both routes, every way in which a server can fail, and no secret let out."""

import logging
import pickle
import random
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from fake_server import Said, drip, prompt_of, raw, serving, text

from ulmus.catalogue import make_operator
from ulmus.errors import ConfigError, ModelError
from ulmus.models.conformance import check_model
from ulmus.models.endpoint import EndpointModel
from ulmus.models.endpoint_names import EndpointSettings, is_endpoint, parse_endpoint
from ulmus.models.shelf import find_model, open_model
from ulmus.operators.diff import NO_ANSWER, PAPER_MESSAGES, DiffSettings
from ulmus.records import Completion, Program, Prompt, Sampling, Usage

SAMPLING = Sampling(0.7, 0.9, 64, stop=("END",))
KEY = "sk-very-secret-0123456789"
PROMPTS = [Prompt(f"say {n}", n) for n in range(20)]


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("ULMUS_API_KEY", raising=False)


def model_at(url, **settings):
    return EndpointModel(
        EndpointSettings(url, "toy", **{"backoff_s": 0.01, "timeout_s": 20.0, **settings})
    )


def one(answer, sampling=SAMPLING, **settings):
    """Return the completion of one prompt, after a good one has been answered."""
    with serving(
        lambda body, number: (
            text("good", chat="messages" in body) if number == 1 else answer(body, number)
        )
    ) as (url, _):
        model = model_at(url, **settings)
        assert model.complete([Prompt("first")], sampling)[0].error is None
        return model.complete([Prompt("second")], sampling)[0]


def failure(answer, **settings):
    """Return what a model says that has never had an answer, without the place."""
    with serving(answer) as (url, requests):
        with pytest.raises(ModelError) as caught:
            model_at(url, **settings).complete(PROMPTS[:3], SAMPLING)
        assert url in str(caught.value)
        return str(caught.value), requests


def echo(body, number):
    return text(f"{prompt_of(body)} seed {body['seed']}", chat="messages" in body)


# --- what is asked and answered -------------------------------------------------------------


@pytest.mark.parametrize("chat", [False, True])
def test_it_keeps_the_promises_of_models(chat):
    with serving(echo) as (url, _):
        check_model(model_at(url, chat=chat), PROMPTS[:4])


def test_text_completions_are_asked_with_every_setting():
    with serving("abcEND def") as (url, requests):
        (completion,) = model_at(url).complete([Prompt("x = '\ud800'\u2028", 2**40 + 5)], SAMPLING)
    assert completion == Completion("abc", 3)
    ((path, headers, body),) = requests
    assert path == "/v1/completions"
    assert "Authorization" not in headers
    assert body == {
        "model": "toy", "prompt": "x = '\ud800'\u2028", "max_tokens": 64, "temperature": 0.7, "top_p": 0.9, "seed": 5, "stop": ["END"], "stream": False,
    }  # fmt: skip


def test_chat_is_asked_in_one_turn_and_fields_can_be_left_out():
    with serving("hello") as (url, requests):
        model = model_at(url, chat=True, omit=("seed", "stop", "max_tokens"))
        assert model.complete([Prompt("hi")], SAMPLING) == [Completion("hello", 3)]
    ((path, _, body),) = requests
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "toy", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.7, "top_p": 0.9, "stream": False,
    }  # fmt: skip


def test_hosted_servers_take_four_stop_texts_and_all_are_obeyed():
    stop = ("1", "2", "3", "4", "", "5")
    with serving("abc5def4") as (url, requests):
        (completion,) = model_at(url).complete([Prompt("hi")], Sampling(stop=stop))
    assert completion.text == "abc"
    assert requests.bodies()[0]["stop"] == ["1", "2", "3", "4"]


def test_answers_are_paired_with_prompts_whatever_order_they_come_in():
    def answer(body, number):
        said = echo(body, number)
        said.wait_s = random.Random(body["seed"]).random() * 0.05
        return said

    with serving(answer) as (url, requests):
        answered = model_at(url, concurrency=4).complete(PROMPTS, SAMPLING)
    assert [c.text for c in answered] == [f"say {n} seed {n}" for n in range(20)]
    assert 2 <= requests.most <= 4


def test_one_model_may_be_asked_from_several_threads():
    answers = {}

    def ask(model, start):
        prompts = [Prompt(f"say {n}", n) for n in range(start, start + 6)]
        answers[start] = [c.text for c in model.complete(prompts, SAMPLING)]

    with serving(echo) as (url, _):
        model = model_at(url, concurrency=2)
        threads = [threading.Thread(target=ask, args=(model, 10 * k)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {
        10 * k: [f"say {n} seed {n}" for n in range(10 * k, 10 * k + 6)] for k in range(4)
    }
    assert model.usage == Usage(24, 0, 24, 0, 0, 24 * 7, 24 * 3)


def test_usage_counts_requests_retries_and_tokens():
    def answer(body, number):
        return [Said("", 503), text("a"), text("b", tokens=None), Said("no", 400)][number - 1]

    with serving(answer) as (url, _):
        model = model_at(url, concurrency=1)
        assert model.usage == Usage()
        model.complete(PROMPTS[:3], SAMPLING)
    assert model.usage == Usage(
        num_requests=4,
        num_retries=1,
        num_answers=2,
        num_failures=1,
        num_uncounted=1,
        prompt_tokens=7,
        completion_tokens=3,
    )


def test_a_cut_off_answer_counts_all_the_tokens_that_were_allowed():
    assert one(lambda b, n: text("x", tokens=None, finish="length")).num_tokens == 64
    assert one(lambda b, n: text("x", tokens=(1, 80), finish="length")).num_tokens == 80


def test_parts_are_joined_and_halves_of_characters_replaced():
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b\ud800"}]
    assert one(lambda b, n: text(parts, chat=True), chat=True).text == "ab\ufffd"


# --- what can go wrong ----------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_asked_again(status):
    with serving(lambda b, n: Said("later", status) if n <= 2 else text("yes")) as (url, requests):
        assert model_at(url).complete([Prompt("hi")], SAMPLING)[0].text == "yes"
    assert len(requests) == 3


@pytest.mark.parametrize("date", [False, True])
def test_retry_after_is_obeyed_by_all_prompts(date):
    def answer(body, number):
        times.append(time.monotonic())
        until = datetime.now(UTC) + timedelta(seconds=1.3)  # a date has whole seconds
        value = format_datetime(until, usegmt=True) if date else "0.3"
        return Said("busy", 503, {"Retry-After": value}) if number == 1 else text("yes")

    times = []
    with serving(answer) as (url, _):
        answered = model_at(url, concurrency=1).complete(PROMPTS[:2], SAMPLING)
    assert [c.text for c in answered] == ["yes", "yes"]
    assert times[1] - times[0] >= (0.2 if date else 0.3)


@pytest.mark.parametrize("value", ["3600", "inf", "Wed, 01 Jan 2200 00:00:00 GMT"])
def test_a_wait_that_is_too_long_is_not_waited(value):
    start = time.monotonic()
    told, requests = failure(lambda b, n: Said("", 429, {"Retry-After": value}), concurrency=1)
    assert "answered 429" in told
    assert len(requests) == 1
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("value", ["nan", "-5", "soon", ""])
def test_a_wait_that_makes_no_sense_is_an_ordinary_retry(value):
    with serving(lambda b, n: Said("", 429, {"Retry-After": value}) if n == 1 else text("yes")) as (
        url,
        _,
    ):
        assert model_at(url).complete([Prompt("hi")], SAMPLING)[0].text == "yes"


def test_attempts_are_bounded_and_the_failure_is_a_value():
    def answer(body, number):
        return Said("oops", 500) if prompt_of(body) == "say 1" else text("yes")

    with serving(answer) as (url, requests):
        answered = model_at(url, attempts=3).complete(PROMPTS[:3], SAMPLING)
    assert [c.error for c in answered] == [None, "server answered 500", None]
    assert len(requests) == 5


BAD_BODIES = [
    ("", "answer is no JSON"),
    ("{", "answer is no JSON"),
    ("<html><h1>Bad gateway</h1></html>", "answer is no JSON"),
    (b"\xff\xfe\x00", "answer is no JSON"),
    ("[" * 100_000, "answer is no JSON"),
    ("[]", "answer is no JSON"),
    ("{}", "answer holds no text"),
    ({"choices": []}, "answer holds no text"),
    ({"choices": {}}, "answer holds no text"),
    ({"choices": [None]}, "answer holds no text"),
    ({"choices": [{}]}, "answer holds no text"),
    ({"choices": [{"text": 5}], "usage": {"completion_tokens": -1}}, "answer holds no text"),
    ({"choices": [{"message": {"content": None}}], "usage": []}, "answer holds no text"),
    ({"error": {"code": 502, "message": "upstream"}}, "answer reports an error"),
    ({"choices": [{"error": {"message": "upstream"}, "text": ""}]}, "answer reports an error"),
]


@pytest.mark.parametrize(("body", "error"), BAD_BODIES)
def test_an_answer_that_makes_no_sense_is_a_value(body, error):
    assert one(lambda b, n: Said(body)) == Completion("", error=error)


@pytest.mark.parametrize("length", [True, False])
def test_an_answer_that_is_too_large_is_not_read(length):
    body = text("x" * 200_000).body
    said = Said(body) if length else raw(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    assert one(lambda b, n: said, max_bytes=100_000).error == "answer is too large"
    assert len(one(lambda b, n: said, max_bytes=300_000).text) == 200_000


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", "answer broke off"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip", "answer broke off"),
        (b"HTTP/1.1 200 OK\r\n\r\n{", "answer is no JSON"),
    ],
)
def test_an_answer_that_breaks_off_is_a_value(data, error):
    assert one(lambda b, n: raw(data), attempts=2).error == error


def test_a_connection_that_breaks_is_made_again():
    with serving(lambda b, n: raw(b"") if n <= 2 else text("yes")) as (url, _):
        assert model_at(url).complete([Prompt("hi")], SAMPLING)[0].text == "yes"


SLOW = {
    "silent": Said(wait_s=60),
    "body": drip(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "headers": drip(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    "one header": drip(b"HTTP/1.1 200 OK\r\nX-More: ", b"1"),
}


@pytest.mark.parametrize("said", SLOW.values(), ids=SLOW.keys())
def test_a_server_that_never_ends_is_left(said):
    start = time.monotonic()
    with serving(lambda b, n: said if "1" in prompt_of(b) else text("yes")) as (url, requests):
        answered = model_at(url, timeout_s=0.5, concurrency=3).complete(PROMPTS[:3], SAMPLING)
        assert time.monotonic() - start < 4
        threads = threading.active_count()
    assert [c.error for c in answered] == [None, "server took too long", None]
    assert len(requests) == 3
    for _ in range(100):
        if threading.active_count() < threads:
            break
        time.sleep(0.02)
    assert threading.active_count() < threads  # what was left behind ends as well


def test_a_call_has_an_end_even_if_every_prompt_is_slow():
    start = time.monotonic()
    told, _ = failure(lambda b, n: Said(wait_s=60), timeout_s=0.3, concurrency=2)
    assert 0.5 < time.monotonic() - start < 4
    assert "server took too long" in told
    assert "timeout_s" in told


def test_a_process_ends_while_a_server_is_silent():
    with serving(lambda b, n: Said(wait_s=60)) as (url, _):
        code = (
            "import threading, time; from ulmus.models.shelf import open_model\n"
            "from ulmus.records import Prompt, Sampling\n"
            f"model, _ = open_model('{url}#toy')\n"
            "threading.Thread(target=model.complete, args=([Prompt('x')], Sampling()), daemon=True).start()\n"
            "time.sleep(1.5)"
        )
        done = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "ULMUS_API_KEY"), (402, "credit"), (403, "ULMUS_API_KEY"), (404, "/models")],
)
def test_a_refusal_that_all_prompts_meet_ends_the_call(status, advice):
    def answer(body, number):
        if number == 1:
            return text("yes")
        return Said({"error": {"message": "not\x1b[2J for\n you"}}, status)

    with serving(answer) as (url, requests):
        model = model_at(url, concurrency=1)
        with pytest.raises(ModelError) as caught:
            model.complete(PROMPTS, SAMPLING)
    assert f"{url}/completions: answered {status}: not [2J for you; " in str(caught.value)
    assert advice in str(caught.value)
    assert len(requests) == 2


def test_no_credit_is_not_waited_for():
    told, requests = failure(
        lambda b, n: Said({"error": {"message": "pay", "code": "insufficient_quota"}}, 429),
        concurrency=1,
    )
    assert "pay" in told
    assert len(requests) == 1


def test_a_redirect_is_not_followed():
    with serving("stolen") as (other, stolen):
        told, _ = failure(lambda b, n: Said("", 307, {"Location": f"{other}/completions"}))
        assert other in told
        assert not stolen


def test_a_field_that_the_server_does_not_take_is_told_at_the_first_call():
    complaint = {"detail": "Extra inputs are not permitted: seed"}
    told, _ = failure(lambda b, n: Said(complaint, 422))
    assert "Extra inputs are not permitted: seed" in told
    assert "?omit:FIELD" in told
    assert one(lambda b, n: Said(complaint, 422)).error == "server answered 422"


def test_the_limit_has_another_name_at_some_servers():
    def answer(body, number):
        if "max_tokens" in body:
            return Said({"error": {"message": "Use 'max_completion_tokens' instead."}}, 400)
        return text(str(body["max_completion_tokens"]))

    with serving(answer) as (url, requests):
        model = model_at(url, concurrency=1)
        assert [c.text for c in model.complete(PROMPTS[:3], SAMPLING)] == ["64"] * 3
        assert len(requests) == 4
        model.complete(PROMPTS[:3], SAMPLING)
        assert len(requests) == 7


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_server_that_is_not_there_is_an_error_soon():
    url = f"http://127.0.0.1:{closed_port()}/v1"
    start = time.monotonic()
    with pytest.raises(
        ModelError, match=r"server is out of reach: ConnectError.*running"
    ) as caught:
        model_at(url, attempts=3).complete(PROMPTS * 10, SAMPLING)
    assert url in str(caught.value)
    assert caught.value.__cause__ is None
    assert time.monotonic() - start < 10


def test_an_overloaded_server_is_an_error_if_nothing_comes():
    told, requests = failure(lambda b, n: Said("<html><title>Busy</title></html>", 503), attempts=2)
    assert "answered 503: Busy;" in told
    assert len(requests) <= 6


@pytest.mark.parametrize(("known", "requests"), [(False, 3), (True, 5)])
def test_a_stranger_gets_few_attempts(known, requests):
    with serving("yes") as (url, _):
        model = model_at(url, attempts=5)
        if known:
            model.complete([Prompt("hi")], SAMPLING)
    before = model.usage.num_requests
    with pytest.raises(ModelError, match="out of reach"):
        model.complete([Prompt("hi")], SAMPLING)
    assert model.usage.num_requests - before == requests


def test_this_machine_is_asked_without_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving("yes") as (url, _):
        assert model_at(url).complete([Prompt("hi")], SAMPLING)[0].text == "yes"
        other = url.replace("127.0.0.1", "elsewhere.invalid")
        with pytest.raises(ModelError, match="out of reach"):
            model_at(other).complete([Prompt("hi")], SAMPLING)


def test_a_name_server_that_is_silent_is_left(monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(60))
    start = time.monotonic()
    with pytest.raises(ModelError, match="took too long"):
        model_at("http://elsewhere.invalid/v1", timeout_s=0.2).complete(PROMPTS[:2], SAMPLING)
    assert time.monotonic() - start < 5
    ended.set()


def test_a_host_that_cannot_exist_is_an_error():
    with pytest.raises(ModelError, match="out of reach"):
        model_at(f"http://{'a' * 70}.invalid/v1", attempts=1).complete(PROMPTS[:1], SAMPLING)


def test_an_error_of_ours_in_a_thread_is_raised(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("ulmus.models.endpoint_call.payload", broken)
    with serving("x") as (url, _), pytest.raises(ZeroDivisionError):
        model_at(url).complete(PROMPTS, SAMPLING)


# --- the key --------------------------------------------------------------------------------


def test_the_key_is_sent_and_let_out_nowhere(monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("ULMUS_API_KEY", KEY + "\n")
    with serving(lambda b, n: text("yes") if n == 1 else Said(f"wrong key {KEY}!", 401)) as (
        url,
        requests,
    ):
        model = model_at(url)
        model.complete([Prompt("hi")], SAMPLING)
        with pytest.raises(ModelError) as caught:
            model.complete([Prompt("hi")], SAMPLING)
    assert requests[0][1]["Authorization"] == f"Bearer {KEY}"
    assert "wrong key ***!" in str(caught.value)
    frames = []
    step = caught.value.__traceback__.tb_next
    while step is not None:
        frames.append(repr(step.tb_frame.f_locals))
        step = step.tb_next
    shown = [
        str(caught.value),
        repr(model),
        repr(vars(model)),
        caplog.text,
        *capfd.readouterr(),
        *frames,
    ]
    assert not [told for told in shown if KEY in told]
    assert KEY.encode() not in pickle.dumps(model)


def test_a_key_that_cannot_be_sent_is_an_error_without_it(monkeypatch):
    monkeypatch.setenv("ULMUS_API_KEY", KEY + "\nX-Evil: ä")
    with pytest.raises(ModelError, match="ULMUS_API_KEY") as caught:
        model_at("http://127.0.0.1:9/v1").complete(PROMPTS, SAMPLING)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        f"http://me:{KEY}@h/v1#m",
        f"http://{KEY}@h/v1#m",
        f"https://h/v1?key={KEY}#m",
        f"http+{KEY}://h#m",
    ],
)
def test_a_key_in_the_name_is_refused_and_not_repeated(name):
    with pytest.raises(ConfigError) as caught:
        open_model(name)
    assert KEY not in str(caught.value)


# --- names ----------------------------------------------------------------------------------


def test_a_model_crosses_processes_as_its_settings():
    model = model_at("http://h/v1", chat=True, omit=("seed",))
    copy = pickle.loads(pickle.dumps(model))
    assert copy.settings == model.settings
    assert copy.name == model.name == "http+chat://h/v1#toy?omit:seed"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("http://localhost:8000/v1#a/b:7b", EndpointSettings("http://localhost:8000/v1", "a/b:7b")),
        ("HTTPS+chat://h/v1/#m", EndpointSettings("https://h/v1", "m", chat=True)),
        (
            "http+chat://[::1]:80#m?omit:seed&concurrency:3&omit:stop&timeout_s:9.5&attempts:2&connect_s:1",
            EndpointSettings("http://[::1]:80", "m", True, ("seed", "stop"), 3, 9.5, 1.0, 2),
        ),
    ],
)
def test_names_say_where_and_how(name, settings):
    assert is_endpoint(name)
    address = parse_endpoint(name)
    assert (address.settings, address.style, address.form) == (
        settings,
        "instruct",
        "search-replace",
    )
    assert parse_endpoint(settings.name).settings.name == settings.name


@pytest.mark.parametrize("name", ["http", "httpx://a#b", "folder/http://x", "smollm2-135m", ""])
def test_other_names_are_no_servers(name):
    assert not is_endpoint(name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("http://h/v1", "after '#'"),
        ("http://h/v1#", "after '#'"),
        ("http://#m", "names no server"),
        ("http://h:99999/v1#m", "makes no sense"),
        ("http://[::1/v1#m", "makes no sense"),
        ("http://h h/v1#m", "names no server"),
        ("http://bücher/v1#m", "names no server"),
        ("http://h/v1/chat/completions#m", "leave '/completions' out"),
        ("ftp+chat+http://h#m", None),
        ("http+text://h#m", "http[+]chat"),
        ("http://h/v1#m?omit:sed", "'seed'"),
        ("http://h/v1#m?concurency:3", "'concurrency'"),
        ("http://h/v1#m?concurrency=3", "OPTION:VALUE"),
        ("http://h/v1#m?concurrency:0", r"\[1, 1024\]"),
        ("http://h/v1#m?timeout_s:nan", "timeout_s"),
        ("http://h/v1#m?timeout_s:1e9", "timeout_s"),
        ("http://h/v1#m?attempts:many", "must be a number"),
    ],
)
def test_a_name_that_makes_no_sense_is_told(name, told):
    if told is None:
        assert not is_endpoint(name)
        return
    with pytest.raises(ConfigError, match=told):
        parse_endpoint(name)


# --- the operator ---------------------------------------------------------------------------

PARENT = Program("def f(x):\n    y = x + 1\n    return y\n")
BLOCK = "Here you go:\n\n```python\n<<<<<<< SEARCH\n    y = x + 1\n=======\n    y = x + 2\n>>>>>>> REPLACE\n```\nIt adds 2."


def test_the_operator_diff_makes_a_child_of_what_a_server_answers():
    def answer(body, number):
        return text(BLOCK, chat=True) if number != 3 else Said("<html>", 200)

    with serving(answer) as (url, requests):
        operator = make_operator(
            f"diff:http+chat://{url.removeprefix('http://')}#toy?concurrency:1",
            DiffSettings(attempts=1),
        )
        operator = pickle.loads(pickle.dumps(operator))
        proposals = operator.propose([[PARENT]] * 4, [random.Random(n) for n in range(4)])
    child = Program("def f(x):\n    y = x + 2\n    return y\n")
    assert [p.program for p in proposals] == [child, child, None, child]
    assert [p.refusal for p in proposals] == [None, None, NO_ANSWER, None]
    assert proposals[0].answer == BLOCK
    assert all(
        p.note in PAPER_MESSAGES and p.note in prompt_of(b)
        for p, b in zip(proposals, requests.bodies(), strict=True)
    )
    assert PARENT.source in prompt_of(requests.bodies()[0])
    assert f"{url.removeprefix('http://')}#toy" in operator.identity


def test_the_name_may_say_how_the_model_was_taught():
    _, taught = open_model("http://h/v1#m?style:special&form:numbered")
    assert (taught.style, taught.form) == ("special", "numbered")
    _, taught = open_model("http://h/v1#m")
    assert (taught.style, taught.form) == ("instruct", "search-replace")


def test_a_model_on_a_server_has_no_folder():
    with pytest.raises(ConfigError, match="not trained"):
        find_model("http://h/v1#m")


def test_a_server_needs_no_web_package_before_it_is_asked():
    code = "import sys; from ulmus.models.shelf import open_model; open_model('http://h/v1#m'); print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
