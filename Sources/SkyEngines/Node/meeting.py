"""How the nodes of an engine find each other: rank 0 keeps a desk, the others come to it and stay.

All know the same secret, and from it the few ports at which the desk may be: the first that is free on rank 0's node. Both
sides prove that they know the secret, so that nobody else's program at such a port is taken for the desk, and no stranger
for a node. Messages are lines of JSON.
"""
import hashlib
import hmac
import json
import secrets
import socket
import threading
import time

PORTS = 8
LINE_LIMIT = 65536
HANDSHAKE = 5.0
HEARTBEAT = 2.0


def candidates(secret):
    """Ports below those that systems lend to outgoing connections, in the order to try."""
    digest = hashlib.sha256(b"ports of " + secret.encode()).digest()
    return [20000 + int.from_bytes(digest[2 * index:2 * index + 2], "big") % 12000 for index in range(PORTS)]


def proof(secret, *words):
    return hmac.new(secret.encode(), " ".join(words).encode(), "sha256").hexdigest()


class Line:
    """One end of a connection."""

    def __init__(self, connection):
        self.connection = connection
        self.reader = connection.makefile("rb")
        self.lock = threading.Lock()

    def send(self, message):
        with self.lock:
            self.connection.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        """The next message; None when the other side is gone or speaks something else."""
        try:
            line = self.reader.readline(LINE_LIMIT)
            message = json.loads(line) if line.endswith(b"\n") else None
        except (OSError, ValueError):
            return None
        return message if isinstance(message, dict) else None

    def close(self):
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()


class Member:
    """What a node has said of itself last."""

    def __init__(self):
        self.state, self.lines, self.line = "has not been heard of", [], None


class Desk:
    """Rank 0's side."""

    def __init__(self, address, secret, count):
        self.secret = secret
        self.members = {rank: Member() for rank in range(1, count)}
        self.lock = threading.Lock()
        self.news = None
        self.listener = self.open(address)
        threading.Thread(target=self.welcome, daemon=True).start()

    def open(self, address):
        failure = None
        for port in candidates(self.secret):
            try:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                return socket.create_server((address, port), family=family, backlog=128)
            except OSError as error:
                failure = error
        raise OSError(f"cannot listen at {address}: {failure}")

    def welcome(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        line, member = Line(connection), None
        try:
            member = self.greet(line)
            while member:
                message = line.receive()
                if message is None:
                    break
                with self.lock:
                    member.state = str(message.get("state", ""))
                    member.lines = [str(text) for text in message.get("lines", [])]
        except OSError:
            pass
        finally:
            if member:
                with self.lock:
                    if member.line is line:
                        member.line = None
            line.close()

    def greet(self, line):
        """The member that speaks; None for a stranger."""
        line.connection.settimeout(HANDSHAKE)
        nonce = secrets.token_hex(16)
        line.send({"nonce": nonce})
        answer = line.receive() or {}
        rank, theirs = answer.get("rank"), str(answer.get("nonce"))
        member = self.members.get(rank) if isinstance(rank, int) else None
        if not member or not hmac.compare_digest(
                str(answer.get("proof")), proof(self.secret, "guest", nonce, str(rank))):
            return None
        line.send({"proof": proof(self.secret, "desk", theirs)})
        line.connection.settimeout(None)
        with self.lock:
            member.line = line
            if self.news:
                line.send(self.news)
        return member

    def publish(self, news):
        """Tells all who are here and all who come."""
        with self.lock:
            self.news = news
            for line in [member.line for member in self.members.values() if member.line]:
                try:
                    line.send(news)
                except OSError:
                    pass

    def look(self):
        """By rank: whether it is here, its state, and its last lines."""
        with self.lock:
            return {rank: (member.line is not None, member.state, member.lines)
                    for rank, member in self.members.items()}

    def end(self, patience):
        """Tells all that it is over, and waits until they have left."""
        self.publish({"end": True})
        deadline = time.monotonic() + patience
        while any(here for here, _, _ in self.look().values()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.listener.close()


class Guest:
    """The others' side: comes to the desk, however late that opens, and stays."""

    def __init__(self, address, secret, rank, deadline):
        self.address, self.secret, self.rank, self.deadline = address, secret, rank, deadline
        self.state, self.lines = "is beginning", lambda: []
        self.told = threading.Event()
        self.received = threading.Condition()
        self.news, self.is_over, self.is_lost = None, False, False
        threading.Thread(target=self.stay, daemon=True).start()

    def tell(self, state, lines=lambda: []):
        """What the desk is to know of this node; `lines` gives the last lines of what it does."""
        self.state, self.lines = state, lines
        self.told.set()

    def wait(self, seconds):
        """Waits so long for something new."""
        with self.received:
            if not (self.is_over or self.is_lost):
                self.received.wait(seconds)

    def stay(self):
        line = self.come()
        if line:
            threading.Thread(target=self.speak, args=(line,), daemon=True).start()
            while True:
                message = line.receive()
                if message is None:
                    break
                with self.received:
                    if message.get("end"):
                        self.is_over = True
                    else:
                        self.news = message
                    self.received.notify_all()
        with self.received:
            self.is_lost = True
            self.received.notify_all()

    def come(self):
        while time.monotonic() < self.deadline:
            for port in candidates(self.secret):
                line = self.greet(port)
                if line:
                    return line
            time.sleep(0.2)
        return None

    def greet(self, port):
        """The line to the desk, if it is the desk that listens there."""
        try:
            connection = socket.create_connection((self.address, port), timeout=HANDSHAKE)
        except OSError:
            return None
        line = Line(connection)
        try:
            nonce, question = secrets.token_hex(16), line.receive() or {}
            line.send({"rank": self.rank, "nonce": nonce,
                       "proof": proof(self.secret, "guest", str(question.get("nonce")), str(self.rank))})
            answer = str((line.receive() or {}).get("proof"))
            if hmac.compare_digest(answer, proof(self.secret, "desk", nonce)):
                connection.settimeout(None)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return line
        except OSError:
            pass
        line.close()
        return None

    def speak(self, line):
        while True:
            self.told.clear()
            try:
                line.send({"state": self.state, "lines": self.lines()[-8:]})
            except OSError:
                return
            self.told.wait(HEARTBEAT)
