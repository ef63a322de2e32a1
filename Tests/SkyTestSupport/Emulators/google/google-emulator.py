"""Google Cloud on loopback, as its public API documents describe it, with sshds of this machine for machines.

    python3 -B google-emulator.py CONFIG.json       # prints its port, and ends with its standard input

Compute Engine v1, Cloud TPU v2 (queued resources), the token endpoint of OAuth, tokeninfo and a metadata server, all at one port. CONFIG
has `hosts`: [{"address", "port", "home", "key"}], each a machine that can be rented once at a time, and may have `boot`, `operation` and
`end`: the seconds that machines take to come up, operations to be done and machines to go.

It is as strict as the real one: fields that no document names are refused, so are names and labels of other letters, a token that was not
given or has ended, a request id that is no UUID. Operations take time, and a request id that was used tells what became of it.

`POST /_control` takes a mapping:
  {"hang": 3, "when": "before" | "after"}   the third call from now on is not answered, and has or has not been done
  {"hold": {"call": 3, "when": "before", "from": "GET .*sky-token"}}   see held_call.py
  {"fail": {"match": "POST .*/instances", "status": 403, "reason": "rateLimitExceeded", "times": 2}}
  {"operation": {"match": "insert", "code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "…", "times": 1}}
  {"preempt": "NAME"}, {"stop": "NAME"}, {"quota": ["us-central1", "INSTANCES", 1]}, {"suspend": "QUEUED"},
  {"revoke": true}, {"forget": "firewalls"}
`GET /_control` tells of machines, calls and what hangs.
"""
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import compute
import identity
import tpu
from cloud import Cloud, Refusal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        parts = urllib.parse.urlsplit(self.path)
        query = {name: values[-1] for name, values in urllib.parse.parse_qs(parts.query, True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path == "/_control":
            return self.control(body)
        call = Call(self.command, urllib.parse.unquote(parts.path), query, body, self.headers)
        number, hang = self.cloud.count(call)
        held = self.cloud.held.comes("%s %s" % (self.command, urllib.parse.unquote(self.path)))
        if hang == "before":
            return self.hang()
        if held == "before" and self.cloud.held.is_outlived(self.connection):
            self.close_connection = True
            return
        try:
            self.cloud.injected(call)
            status, answer = self.route(call)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        self.cloud.held.see(self.cloud.machines())
        if hang == "after":
            return self.hang()
        if held == "after" and self.cloud.held.is_outlived(self.connection):
            self.close_connection = True
            return
        self.answer(status, answer)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = handle_any

    def route(self, call):
        if call.path.startswith("/computeMetadata/"):
            return identity.metadata(self.cloud, call)
        if call.path in ("/token", "/tokeninfo"):
            return identity.oauth(self.cloud, call)
        self.cloud.authorize(call)
        for prefix, module in (("/compute/v1/", compute), ("/v2/", tpu), ("/v1/", identity)):
            if call.path.startswith(prefix):
                return module.route(self.cloud, call)
        raise Refusal.http(404, "notFound", "The requested URL %s was not found on this server." % call.path)

    def control(self, body):
        self.answer(200, self.cloud.control(json.loads(body)) if body else self.cloud.insides())

    def hang(self):
        """Until the other side hangs up: it will never know what became of its call."""
        self.cloud.hanging.set()
        try:
            while self.connection.recv(1 << 16):
                pass
        except OSError:
            pass
        self.close_connection = True

    def answer(self, status, answer):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json; charset=UTF-8")
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Call:
    def __init__(self, method, path, query, body, headers):
        self.method, self.path, self.query, self.headers = method, path, query, headers
        self.raw = body

    @property
    def title(self):
        return "%s %s" % (self.method, self.path)

    def json(self):
        try:
            return json.loads(self.raw)
        except ValueError:
            raise Refusal.http(400, "parseError", "Parse Error")

    def match(self, method, pattern):
        """The parts of the path that the pattern's {names} stand for; None where it is another call."""
        if method != self.method:
            return None
        expression = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", pattern)
        found = re.fullmatch(expression, self.path)
        return found.groupdict() if found else None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, BrokenPipeError, socket.timeout)):
            super().handle_error(request, address)


def main():
    with open(sys.argv[1]) as file:
        Handler.cloud = Cloud(json.load(file))
    server = Server(("127.0.0.1", 0), Handler)
    Handler.cloud.origin = "http://127.0.0.1:%d" % server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
