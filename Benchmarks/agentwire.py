"""An agent of this machine, and the conversation with it, for programs that measure or try one. See docs/runtime.md, "On the wire"."""
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time


def protocol_version(agent):
    """What the executable `agent` speaks, by its own words."""
    words = subprocess.run([agent, "version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"protocol (\d+)", words).group(1))


class Conversation:
    """One connection to the agent whose socket is at `path`. Blocks."""

    def __init__(self, path, version, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.received = bytearray()
        self.last = 0
        self.agent = self.ask("hello", protocolVersion=version)["hello"]["agent"]

    def say(self, call, **fields):
        """Sends a request without waiting; returns its number."""
        self.last += 1
        body = json.dumps({"id": self.last, "call": {call: fields}}).encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)
        return self.last

    def hear(self):
        """The next answer, whatever it answers: (number, answer)."""
        while True:
            if len(self.received) >= 4:
                length = struct.unpack(">I", self.received[:4])[0]
                if len(self.received) >= 4 + length:
                    message = json.loads(self.received[4:4 + length])
                    del self.received[:4 + length]
                    return message.get("id"), message["answer"]
            chunk = self.socket.recv(1 << 20)
            if not chunk:
                raise ConnectionError("the agent has hung up")
            self.received += chunk

    def ask(self, call, **fields):
        """Only when nothing else is under way."""
        number = self.say(call, **fields)
        answered, answer = self.hear()
        if answered != number:
            raise ConnectionError(f"an answer to nothing that was asked: {answer}")
        return answer

    def submit(self, name, run, **fields):
        return self.ask("submit", job=job(name, run, **fields))

    def wait(self, name):
        """The exit status of a job, when it has ended."""
        return self.ask("wait", job=name)["job"]["state"]["exited"]["code"]

    def log(self, name):
        """All that the job prints, to its end."""
        import base64
        text, offset = b"", 0
        while True:
            answer = self.ask("readLog", job=name, offset=offset, follow=True)
            if "log" not in answer:
                return text
            part = base64.b64decode(answer["log"]["bytes"])
            offset = answer["log"]["offset"] + len(part)
            text += part

    def close(self):
        self.socket.close()


def job(name, run, **fields):
    return {"id": name, "run": run, "workingDirectory": "work", "environment": {}} | fields


@contextlib.contextmanager
def running(agent, *, entry=(), folder=None, directory=None):
    """An agent that serves: (its process, a function that connects to it). In the end it is shut down, or killed.

    `entry` comes before the command line; `directory` is the node's folder as that sees it, and `folder` as it is seen here.
    """
    temporary = None if folder else tempfile.mkdtemp(prefix="sky-node-", dir="/tmp")
    folder = folder or temporary
    version = protocol_version(agent)
    program = agent if not entry else "/sky-agent"
    process = subprocess.Popen([*entry, program, "serve", "--dir", directory or folder], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)

    def connect():
        deadline = time.monotonic() + 30
        while True:
            try:
                return Conversation(f"{folder}/agent.sock", version)
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"the agent does not answer: {process.stderr.read().decode(errors='replace')}")
                time.sleep(0.005)

    try:
        yield process, connect
        if process.poll() is None:
            connect().ask("shutdown", grace=0)
            process.wait(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)
