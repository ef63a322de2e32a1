"""What emulators of object stores have in common: a server that can be told to fail.

POST /_faults takes {"method", "path" (a pattern), "status", "times", "headers", "body", "when"}; `when` is `before` (nothing is
done), `after` (it is done, and its answer is lost) or `cut` (the connection ends after `bytes` of the body).
GET /_log tells the requests so far, without what they carried.
"""

import hashlib
import json
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


LANE = 512


def _tables():
    """Of CRC-32C: what a byte makes of the lowest eight bits, and what the lanes of a vector make of a whole state."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    bits = []
    for bit in range(32):
        state = 1 << bit
        for _ in range(LANE):
            state = state >> 8 ^ table[state & 255]
        bits.append(state)
    passed = [[0] * 256 for _ in range(4)]
    for place in range(4):
        for byte in range(1, 256):
            low = byte & -byte
            passed[place][byte] = passed[place][byte ^ low] ^ bits[8 * place + low.bit_length() - 1]
    return table, passed


TABLE, PASSED = _tables()
PLANES = [bytes(entry >> 8 * place & 255 for entry in TABLE) for place in range(4)]


def crc32c(data):
    """Castagnoli's. Many lanes of the data side by side, a byte of each at a time, so that the work is done by long operations."""
    lanes = len(data) // LANE
    state = 0xFFFFFFFF
    if lanes:
        head, planes = bytes(data[:lanes * LANE]), [0, 0, 0, 0]
        for place in range(LANE):
            index = (int.from_bytes(head[place::LANE], "little") ^ planes[0]).to_bytes(lanes, "little")
            made = [int.from_bytes(index.translate(table), "little") for table in PLANES]
            planes = [planes[1] ^ made[0], planes[2] ^ made[1], planes[3] ^ made[2], made[3]]
        p0, p1, p2, p3 = PASSED
        for a, b, c, d in zip(*(plane.to_bytes(lanes, "little") for plane in planes)):
            state = p0[state & 255] ^ p1[state >> 8 & 255] ^ p2[state >> 16 & 255] ^ p3[state >> 24] ^ (a | b << 8 | c << 16 | d << 24)
    for byte in data[lanes * LANE:]:
        state = state >> 8 ^ TABLE[(state ^ byte) & 255]
    return state ^ 0xFFFFFFFF


class Refusal(Exception):
    """An answer that is no success, in the service's own words."""

    def __init__(self, status, code, message):
        self.status, self.code, self.message = status, code, message


class Cut(Exception):
    """The other side has gone."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def log_message(self, *arguments):
        pass

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self):
        self.body_left = int(self.headers.get("Content-Length") or 0)
        self.is_chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        self.is_lost, self.cut_after = False, None
        parts = urllib.parse.urlsplit(self.path)
        self.raw_path, self.raw_query = parts.path, parts.query
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if parts.path == "/_faults":
            with self.server.lock:
                self.server.faults.append(json.loads(self.read_all()))
            return self.answer(204)
        if parts.path == "/_log":
            with self.server.lock:
                return self.answer(200, json.dumps(self.server.log).encode())
        with self.server.lock:
            self.server.log.append(f"{self.command} {parts.path}")
        fault = self.fault()
        self.is_lost = bool(fault) and fault.get("when") == "after"
        self.cut_after = fault.get("bytes", 0) if fault and fault.get("when") == "cut" else None
        if fault and fault.get("when", "before") == "before":
            self.drain()
            return self.answer(fault["status"], fault.get("body", "").encode(), fault.get("headers", {}))
        try:
            self.respond()
            self.drain()
        except Refusal as refusal:
            self.drain()
            self.refuse(refusal)
        except Cut:
            self.close_connection = True

    def fault(self):
        with self.server.lock:
            for fault in self.server.faults:
                if fault.get("times", 1) <= 0 or fault.get("method", self.command) != self.command:
                    continue
                if re.search(fault.get("path", ""), self.path):
                    fault["times"] = fault.get("times", 1) - 1
                    return fault

    def pieces(self, size=256 << 10):
        """The body as it comes."""
        taken = 0
        while self.is_chunked or self.body_left:
            if self.cut_after is not None and taken >= self.cut_after:
                raise Cut
            if not self.body_left:
                self.body_left = int(self.rfile.readline() or b"0", 16)
                if not self.body_left:
                    self.rfile.readline()
                    self.is_chunked = False
                    return
            piece = self.rfile.read(min(size, self.body_left))
            if not piece:
                raise Cut
            self.body_left -= len(piece)
            taken += len(piece)
            if self.is_chunked and not self.body_left:
                self.rfile.readline()
            yield piece

    def read_all(self):
        return b"".join(self.pieces())

    def drain(self):
        self.cut_after = None
        for _ in self.pieces():
            pass

    def answer(self, status, body=b"", headers={}):
        if self.is_lost:
            self.close_connection = True
            return
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204 and "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def range(self, size, *names):
        """First and last byte that are asked for; None for all."""
        text = next((self.headers[name] for name in names if self.headers.get(name)), None)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", text or "")
        if not found:
            return None
        first = int(found[1])
        last = min(int(found[2]) if found[2] else size - 1, size - 1)
        if first >= size:
            raise Refusal(416, "InvalidRange", "The requested range cannot be satisfied.")
        return first, last


def listed(names, prefix, delimiter, after, most):
    """One page of keys and folders in the order of their bytes: [(is folder, name)], and where the next begins."""
    page, seen = [], None
    for name in sorted(names, key=lambda name: name.encode()):
        if not name.startswith(prefix):
            continue
        at = name.find(delimiter, len(prefix)) if delimiter else -1
        entry = (True, name[: at + len(delimiter)]) if at >= 0 else (False, name)
        if entry == seen or (after and entry[1].encode() <= after.encode()):
            continue
        if len(page) == most:
            return page, page[-1][1]
        page.append(entry)
        seen = entry
    return page, None


def md5(data):
    return hashlib.md5(data).digest()


def run(handler, **state):
    """Serves on loopback; prints its port, and ends when its standard input does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.request_queue_size = 128
    server.lock = threading.RLock()
    server.faults, server.log = [], []
    for name, value in state.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
