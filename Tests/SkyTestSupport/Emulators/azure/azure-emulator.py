"""Microsoft Azure on loopback, as its REST reference describes it, with sshds of this machine for machines.

    python3 -B azure-emulator.py CONFIG.json       # prints its port, and ends with its standard input

Azure Resource Manager (resource groups, Microsoft.Network, Microsoft.Compute), Entra's token endpoint and the metadata service, all at one
port. CONFIG has `hosts`: [{"address", "port", "home", "key"}], each a machine whose public address can be had once at a time, and may have
`boot`, `operation`, `end`, `keys`: the seconds that machines take to come up, operations to be done, things to go, and host keys to be in
the serial log after that; `page`: how many things a list has at once.

It is as strict as the real one: API versions, locations, references and fields that no document names are checked, what is used cannot be
deleted, and what cannot be changed is a conflict. Operations take time and are asked after at an address of their own.

`POST /_control` takes a mapping:
  {"hang": 3, "when": "before" | "after"}   the third call from now on is not answered, and has or has not been done
  {"hold": {"call": 3, "when": "before", "from": "GET .*resourceGroups"}}   see held_call.py
  {"fail": {"match": "PUT .*/virtualMachines/", "status": 409, "code": "SkuNotAvailable", "message": "…", "times": 1, "headers": {}}}
  {"boot": {"code": "AllocationFailed", "message": "…", "times": 1}}   a machine is accepted, and does not come to be
  {"announce": ["NAME", 30]}   that a spot machine will be taken, in so many seconds
  {"evict": "NAME"}, {"power": ["NAME", "deallocated"]}, {"quota": ["eastus", "standardDSv3Family", 4]},
  {"revoke": true}, {"retry_after": 1}, {"plain": "NAME"}   a machine that says it is not confidential
`GET /_control` tells of groups, machines, things, calls and what hangs.
"""
import json
import os
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import identity
import routes
from cloud import Cloud, Refusal


class Call:
    def __init__(self, handler, body):
        parts = urllib.parse.urlsplit(handler.path)
        self.method, self.path, self.raw = handler.command, urllib.parse.unquote(parts.path), body
        self.query = {name: values[-1] for name, values in urllib.parse.parse_qs(parts.query, True).items()}
        self.headers = handler.headers

    @property
    def title(self):
        return "%s %s" % (self.method, self.path)

    def form(self):
        return {name: values[-1] for name, values in urllib.parse.parse_qs(self.raw.decode(), True).items()}

    def json(self):
        try:
            body = json.loads(self.raw)
        except ValueError:
            raise Refusal(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
        if not isinstance(body, dict):
            raise Refusal(400, "InvalidRequestContent", "The request content must be an object.")
        return body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *arguments):
        pass

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self, body)
        if call.path == "/_control":
            return self.answer(200, {}, self.cloud.control(json.loads(body)) if body else self.cloud.insides())
        hang = self.cloud.count(call)
        held = self.cloud.held.comes("%s %s" % (self.command, urllib.parse.unquote(self.path)))
        if hang == "before":
            return self.hang()
        if held == "before" and self.cloud.held.is_outlived(self.connection):
            self.close_connection = True
            return
        try:
            self.cloud.injected(call)
            status, headers, answer = self.route(call)
        except Refusal as refusal:
            status, headers, answer = refusal.status, refusal.headers, refusal.body
        with self.cloud.lock:
            self.cloud.held.see(len(self.cloud.of_kind("virtualMachines")))
        if hang == "after":
            return self.hang()
        if held == "after" and self.cloud.held.is_outlived(self.connection):
            self.close_connection = True
            return
        self.answer(status, headers, answer)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = handle_any

    def route(self, call):
        if call.path.endswith("/oauth2/v2.0/token"):
            return identity.entra(self.cloud, call)
        if call.path.startswith("/metadata/"):
            return identity.metadata(self.cloud, call)
        if call.path.startswith("/_blob/"):
            return routes.blob(self.cloud, call)
        self.cloud.authorize(call)
        with self.cloud.lock:
            self.cloud.tick()
            return routes.manager(self.cloud, call)

    def hang(self):
        """Until the other side hangs up: it will never know what became of its call."""
        self.cloud.hanging.set()
        try:
            while self.connection.recv(1 << 16):
                pass
        except OSError:
            pass
        self.close_connection = True

    def answer(self, status, headers, answer):
        text = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer, str) else "application/json; charset=utf-8")
        self.send_header("x-ms-request-id", self.cloud.request_id())
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, BrokenPipeError)):
            super().handle_error(request, address)


def main():
    with open(sys.argv[1]) as file:
        Handler.cloud = Cloud(json.load(file))
    server = Server(("127.0.0.1", 0), Handler)
    Handler.cloud.origin = "http://127.0.0.1:%d" % server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
