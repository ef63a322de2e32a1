#!/usr/bin/env python3
"""Serves a trained model over HTTP.

    serve.py MODEL

    POST /classify   {"text": "where is my parcel"}  ->  {"category": "shipping", "confidence": 0.98}
    GET  /healthz    {"status": "ok"}

Listens on SKY_SERVICE_PORT (8080 without it) of SKY_SERVICE_HOST (127.0.0.1 without it). SIGTERM lets requests in
progress finish, then ends the server.
"""
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from features import Model

#: No ticket is longer; more is refused before it is read.
LARGEST_BODY = 1 << 20


class Refusal(Exception):
    def __init__(self, status, message, headers=()):
        super().__init__(message)
        self.status, self.headers = status, headers


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "support-tickets"
    timeout = 30  # of silence on a kept connection
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    error_content_type = "application/json"
    error_message_format = '{"error": "%(message)s"}\n'

    routes = {"/classify": "POST", "/healthz": "GET"}

    def do_GET(self):
        self.handle_request("GET")

    def do_POST(self):
        self.handle_request("POST")

    def handle_request(self, method):
        with self.server.one_more_request():
            self.reply_to(method)

    def reply_to(self, method):
        try:
            body = self.body()
            path = self.path.split("?")[0]
            if path not in self.routes:
                raise Refusal(404, f"no such path: {path}; there are POST /classify and GET /healthz")
            if self.routes[path] != method:
                raise Refusal(405, f"{path} answers {self.routes[path]} only", [("Allow", self.routes[path])])
            self.answer(200, {"status": "ok"} if path == "/healthz" else self.classify(body))
        except Refusal as refusal:
            self.answer(refusal.status, {"error": str(refusal)}, refusal.headers)

    def body(self):
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refusal(411, "send the body with a Content-Length")
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            raise Refusal(400, "Content-Length is not a number")
        if int(length) > LARGEST_BODY:
            self.close_connection = True
            raise Refusal(413, f"the body is larger than {LARGEST_BODY} bytes")
        return self.rfile.read(int(length))

    def classify(self, body):
        try:
            request = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, f"the body is not JSON: {error}") from None
        text = request.get("text") if isinstance(request, dict) else None
        if not isinstance(text, str) or not text.strip():
            raise Refusal(400, 'expected {"text": "..."} with the words of a ticket')
        category, confidence = self.server.model.classify(text)
        return {"category": category, "confidence": round(confidence, 4)}

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, content in headers:
            self.send_header(name, content)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        """The request line and the status; never what a ticket says."""
        if getattr(self, "path", "") != "/healthz":
            print(format % arguments, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True  # an idle kept connection must not hold up the end
    request_queue_size = 64

    def __init__(self, address, model):
        super().__init__(address, Handler)
        self.model = model
        self.lock, self.busy = threading.Lock(), 0

    @contextlib.contextmanager
    def one_more_request(self):
        with self.lock:
            self.busy += 1
        try:
            yield
        finally:
            with self.lock:
                self.busy -= 1

    def wait_until_idle(self, seconds):
        deadline = time.monotonic() + seconds
        while self.busy and time.monotonic() < deadline:
            time.sleep(0.01)

    def server_bind(self):
        # As HTTPServer does it, without asking the resolver for this machine's name.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]


def main(arguments):
    if len(arguments) != 1:
        sys.exit("usage: serve.py MODEL")
    host, port = os.environ.get("SKY_SERVICE_HOST", "127.0.0.1"), os.environ.get("SKY_SERVICE_PORT", "8080")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        sys.exit(f"serve.py: SKY_SERVICE_PORT is {port!r}, not a port")
    try:
        model = Model.load(arguments[0])
    except (OSError, ValueError) as error:
        sys.exit(f"serve.py: cannot load the model: {error}")
    try:
        server = Server((host, int(port)), model)
    except OSError as error:
        sys.exit(f"serve.py: cannot listen on {host}:{port}: {error}")

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"serving {len(model.categories)} categories on http://{host}:{server.server_port}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    server.wait_until_idle(seconds=5)
    print("stopped", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
