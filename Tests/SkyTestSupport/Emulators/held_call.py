"""One call of many that an emulated cloud holds, so that a test may kill whoever made it in that very moment."""
import re
import select
import threading
import time


class HeldCall:
    def __init__(self):
        self.lock, self.release = threading.Lock(), threading.Event()
        self.tell({})

    def tell(self, wish):
        """From now on: {"call": 3, "when": "before" | "after", "from": "a pattern"} holds the third call before it is carried out, or before
        its answer goes out, counted from the first that matches the pattern on. {} holds none; what is held is let go."""
        with self.lock:
            self.release.set()
            self.wish, self.count, self.is_held, self.most, self.text = wish, 0, False, 0, ""
            self.release = threading.Event()

    def comes(self, text):
        """When a call that has just come is to be held: before, after, or (None) never."""
        with self.lock:
            if not self.wish or (self.count == 0 and not re.search(self.wish["from"], text)):
                return None
            self.count += 1
            if self.count != self.wish["call"]:
                return None
            self.text = text
            return self.wish["when"]

    def is_outlived(self, connection):
        """Holds a call; true when its caller dies meanwhile."""
        with self.lock:
            release, self.is_held = self.release, True
        end = time.monotonic() + 120
        while not has_ended(connection) and time.monotonic() < end:
            if release.wait(0.02):
                break
        return has_ended(connection)

    def see(self, machines):
        """How many machines there are just now."""
        with self.lock:
            self.most = max(self.most, machines)

    def state(self, machines):
        self.see(machines)
        return {"is_held": self.is_held, "machines": machines, "most": self.most, "count": self.count, "text": self.text}


def has_ended(connection):
    """Whether the other side has hung up, whatever of it is not read yet."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))
