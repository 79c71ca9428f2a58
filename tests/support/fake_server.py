"""An OpenAI-compatible server in a thread, whose answers a test writes."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Said:
    """An answer: status, body (bytes, text, or data as JSON), headers, a wait, or a raw writer."""

    def __init__(self, body=b"", status=200, headers=(), wait_s=0.0, write=None):
        self.body = (
            body
            if isinstance(body, bytes)
            else body.encode()
            if isinstance(body, str)
            else json.dumps(body).encode()
        )
        self.status, self.headers, self.wait_s, self.write = status, dict(headers), wait_s, write


def text(content, tokens=(7, 3), finish="stop", chat=False):
    """Return a good answer of either route."""
    held = {"message": {"role": "assistant", "content": content}} if chat else {"text": content}
    body = {"choices": [{"index": 0, "finish_reason": finish, **held}]}
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Said(body)


def prompt_of(asked):
    """Return the text of a request of either route."""
    return asked["messages"][-1]["content"] if "messages" in asked else asked["prompt"]


class Requests(list):
    """What came: path, headers and body of each; `most` is how many were answered at once."""

    def __init__(self):
        super().__init__()
        self.lock, self.now, self.most = threading.Lock(), 0, 0

    def bodies(self):
        return [body for _, _, body in self]


def _handler(answer, requests, ended):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with requests.lock:
                requests.append((self.path, dict(self.headers), body))
                number = len(requests)
                requests.now += 1
                requests.most = max(requests.most, requests.now)
            try:
                self.say(answer(body, number))
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with requests.lock:
                    requests.now -= 1

        def say(self, said):
            if ended.wait(said.wait_s):
                return
            if said.write is not None:
                said.write(self.connection, ended)
                self.close_connection = True
                return
            self.send_response(said.status)
            headers = {"Content-Length": str(len(said.body)), "Content-Type": "application/json"}
            for name, value in {**headers, **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = "Connection" in said.headers

    return Handler


@contextmanager
def serving(answer):
    """Yield the URL of a server, ending in /v1, and what it has been asked.

    Args:
        answer: A function of the body of a request and its number, from 1, or a text.
    """
    told = (
        answer if callable(answer) else lambda body, number: text(answer, chat="messages" in body)
    )
    requests, ended = Requests(), threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told, requests, ended))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def drip(head, piece, pause_s=0.02):
    """Return a writer that sends a head and then a piece again and again, without an end."""

    def write(connection, ended):
        connection.sendall(head)
        while not ended.is_set():
            connection.sendall(piece)
            time.sleep(pause_s)

    return Said(write=write)


def raw(data):
    """Return a writer that sends some bytes and hangs up."""
    return Said(write=lambda connection, ended: connection.sendall(data))
