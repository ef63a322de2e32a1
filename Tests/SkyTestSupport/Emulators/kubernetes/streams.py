"""WebSockets as API servers speak them (RFC 6455), and what they carry: commands in pods, and connections to their ports."""

import base64
import fcntl
import hashlib
import json
import os
import pty
import socket
import struct
import subprocess
import termios
import threading

OPENING = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Gone(Exception):
    """The other side is not there any more."""


class WebSocket:
    def __init__(self, handler, chosen):
        accept = base64.b64encode(hashlib.sha1((handler.headers["Sec-WebSocket-Key"] + OPENING).encode()).digest())
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Accept: " + accept.decode()]
        if chosen:
            lines.append("Sec-WebSocket-Protocol: " + chosen)
        handler.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        handler.wfile.flush()
        self.reader, self.writer = handler.rfile, handler.wfile
        self.lock = threading.Lock()
        self.is_closed = False

    def _read(self, count):
        try:
            data = self.reader.read(count)
        except (OSError, ValueError):
            raise Gone
        if data is None or len(data) < count:
            raise Gone
        return data

    def send(self, channel, data, code=2):
        payload = bytes([channel]) + data if code == 2 else data
        header = bytes([0x80 | code])
        if len(payload) < 126:
            header += bytes([len(payload)])
        elif len(payload) < 65536:
            header += b"\x7e" + struct.pack(">H", len(payload))
        else:
            header += b"\x7f" + struct.pack(">Q", len(payload))
        with self.lock:
            try:
                self.writer.write(header + payload)
                self.writer.flush()
            except (OSError, ValueError):
                raise Gone

    def close(self, code=1000):
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.send(0, struct.pack(">H", code), code=8)
        except Gone:
            pass

    def receive(self):
        """The next message's bytes."""
        message = b""
        while True:
            first, second = self._read(2)
            length = second & 127
            if length == 126:
                (length,) = struct.unpack(">H", self._read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._read(8))
            if not second & 128:
                self.close(1002)  # a client must mask what it sends
                raise Gone
            mask = self._read(4)
            data = self._read(length)
            whole = int.from_bytes(data, "big") ^ int.from_bytes((mask * (length // 4 + 1))[:length], "big")
            data = whole.to_bytes(length, "big")
            code = first & 15
            if code == 8:
                self.close()
                raise Gone
            if code == 9:
                self.send(0, data, code=10)
            elif code in (0, 1, 2):
                message += data
                if first & 128:
                    return message


def choose(handler, known):
    """The first protocol of the client's that is known; as the servers of Kubernetes choose."""
    offered = [word.strip() for word in (handler.headers.get("Sec-WebSocket-Protocol") or "").split(",") if word.strip()]
    if not offered:
        return ""
    return next((word for word in offered if word in known), None)


def _pump(descriptor, channel, web):
    while True:
        try:
            data = os.read(descriptor, 32768)
        except OSError:  # what a terminal says when nobody is left in it
            break
        if not data:
            break
        try:
            web.send(channel, data)
        except Gone:
            # The command is not told: it goes on, and what it says is lost.
            continue
    os.close(descriptor)


def run_command(web, chosen, container, query):
    """Runs a command with its streams on the channels 0 to 2; its end is told on 3."""
    has_terminal = query.get("tty", ["false"])[0] == "true"
    has_input = query.get("stdin", ["false"])[0] == "true"
    web.send(1, b"")  # that it is there
    master = None
    try:
        if has_terminal:
            master, slave = pty.openpty()
            process = subprocess.Popen(
                container.enter(query["command"]), env=container.environment, stdin=slave, stdout=slave, stderr=slave,
                start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(slave)
            outputs = [(os.dup(master), 1)]
            source = os.dup(master)
        else:
            outs = [os.pipe(), os.pipe()]
            entry = os.pipe() if has_input else None
            process = subprocess.Popen(
                container.enter(query["command"]), env=container.environment,
                stdin=entry[0] if entry else subprocess.DEVNULL, stdout=outs[0][1], stderr=outs[1][1],
                start_new_session=True)
            for pipe in outs:
                os.close(pipe[1])
            if entry:
                os.close(entry[0])
            outputs = [(outs[0][0], 1), (outs[1][0], 2)]
            source = entry[1] if entry else None
    except OSError as error:
        web.send(3, json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "InternalError",
                                "message": "error executing command in container: %s" % error, "code": 500}).encode())
        web.close()
        return
    threads = [threading.Thread(target=_pump, args=(*output, web), daemon=True) for output in outputs]
    feeder = threading.Thread(target=_feed, args=(web, chosen, source, master), daemon=True)
    for thread in threads + [feeder]:
        thread.start()
    code = process.wait()
    for thread in threads:
        thread.join()
    code = code if code >= 0 else 128 - code
    if code == 0:
        status = {"metadata": {}, "status": "Success"}
    else:
        status = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                  "message": "command terminated with non-zero exit code: error executing command [%s], exit code %d"
                             % (" ".join(query["command"]), code),
                  "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}
    try:
        web.send(3, json.dumps(status).encode())
    except Gone:
        pass
    web.close()
    feeder.join(5)
    if master is not None:
        os.close(master)


def _feed(web, chosen, source, master):
    try:
        while True:
            message = web.receive()
            if not message:
                continue
            channel, data = message[0], message[1:]
            if channel == 0 and source is not None:
                while data:
                    data = data[os.write(source, data):]
            elif channel == 4 and master is not None:
                size = json.loads(data)
                fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0))
            elif channel == 255 and chosen.startswith("v5.") and data == b"\0" and source is not None:
                os.close(source)
                source = None
    except (Gone, OSError):
        pass
    finally:
        # The connection's end is the input's; the command itself goes on.
        if source is not None:
            try:
                os.close(source)
            except OSError:
                pass


def forward_port(web, port):
    """Carries one connection to a port of the pod: data on channel 0, what goes wrong on 1."""
    for channel in (0, 1):
        web.send(channel, struct.pack("<H", port))
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    except OSError as error:
        web.send(1, ("error forwarding port %d to pod: %s" % (port, error)).encode())
        web.close()
        return
    connection.settimeout(None)

    def back():
        try:
            while True:
                data = connection.recv(32768)
                if not data:
                    break
                web.send(0, data)
        except (Gone, OSError):
            pass
        web.close()

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    try:
        while True:
            message = web.receive()
            if message and message[0] == 0:
                connection.sendall(message[1:])
    except (Gone, OSError):
        pass
    connection.close()
