"""A ring of processes that add up vectors, over plain sockets.

Everybody listens on a port of the system's choice and tells rank 0 where; rank 0 tells everybody the whole list. Then each
connects to its right neighbour, and sums travel around the ring in pieces, so that each process sends and receives about twice the
vector however many there are.
"""
import json
import socket
import struct
import time


def meet(rank, addresses, port, own_port, patience):
    """The port of every rank's listener; rank 0 collects them at `port` of its address."""
    if rank > 0:
        with connect(addresses[0], port, patience) as desk:
            send_message(desk, [rank, own_port])
            return receive_message(desk)
    ports, guests = {0: own_port}, []
    with socket.create_server((addresses[0], port)) as desk:
        desk.settimeout(patience)
        while len(ports) < len(addresses):
            guest, _ = desk.accept()
            guest.settimeout(patience)
            guests.append(guest)
            other, other_port = receive_message(guest)
            ports[other] = other_port
    ports = [ports[other] for other in range(len(addresses))]
    for guest in guests:
        with guest:
            send_message(guest, ports)
    return ports


class Ring:
    """One process's place in the ring."""

    def __init__(self, rank, addresses, port, patience=60.0):
        """`addresses` are all ranks', one each; `port` is where rank 0 waits for the others."""
        self.rank, self.count = rank, len(addresses)
        if self.count == 1:
            return
        with socket.create_server((addresses[rank], 0)) as listener:
            listener.settimeout(patience)
            ports = meet(rank, addresses, port, listener.getsockname()[1], patience)
            right = (rank + 1) % self.count
            self.right = connect(addresses[right], ports[right], patience)
            self.left, _ = listener.accept()
        for link in (self.left, self.right):
            link.settimeout(patience)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def add_up(self, vector):
        """The sum of everybody's vector; all have the same length."""
        if self.count == 1:
            return list(vector)
        vector = list(vector)
        pieces = [slice(len(vector) * piece // self.count, len(vector) * (piece + 1) // self.count)
                  for piece in range(self.count)]
        # Around once to add: then each rank has one piece whole. Around again to hand these on.
        for step in range(self.count - 1):
            piece = pieces[(self.rank - step - 1) % self.count]
            received = self.pass_on(vector[pieces[(self.rank - step) % self.count]])
            vector[piece] = [own + other for own, other in zip(vector[piece], received)]
        for step in range(self.count - 1):
            received = self.pass_on(vector[pieces[(self.rank - step + 1) % self.count]])
            vector[pieces[(self.rank - step) % self.count]] = received
        return vector

    def pass_on(self, numbers):
        """Sends to the right what belongs there and takes what comes from the left."""
        self.right.sendall(struct.pack("<I", len(numbers)) + struct.pack(f"<{len(numbers)}d", *numbers))
        count, = struct.unpack("<I", receive_exactly(self.left, 4))
        return list(struct.unpack(f"<{count}d", receive_exactly(self.left, 8 * count)))

    def close(self):
        if self.count > 1:
            self.left.close()
            self.right.close()


def connect(address, port, patience):
    """Connects to somebody who may not have begun to listen yet."""
    deadline = time.monotonic() + patience
    while True:
        try:
            link = socket.create_connection((address, port), timeout=patience)
            link.settimeout(patience)
            return link
        except OSError as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody answers at {address}:{port} ({error})") from error
            time.sleep(0.05)


def send_message(link, message):
    text = json.dumps(message).encode()
    link.sendall(struct.pack("<I", len(text)) + text)


def receive_message(link):
    count, = struct.unpack("<I", receive_exactly(link, 4))
    return json.loads(receive_exactly(link, count))


def receive_exactly(link, count):
    parts = []
    while count:
        part = link.recv(min(count, 1 << 16))
        if not part:
            raise ConnectionError("a neighbour in the ring is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
