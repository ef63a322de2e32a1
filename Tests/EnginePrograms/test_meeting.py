"""How nodes of an engine find each other. From the repository: make test-scripts."""
import json
import pathlib
import secrets
import socket
import sys
import time
import unittest

PROGRAMS = pathlib.Path(__file__).resolve().parents[2] / "Sources" / "SkyEngines" / "Node"
sys.path.insert(0, str(PROGRAMS))
sys.dont_write_bytecode = True

import meeting  # noqa: E402

HOST = "127.0.0.1"


def soon():
    return time.monotonic() + 60


class MeetingTests(unittest.TestCase):
    def setUp(self):
        self.secret = secrets.token_hex(32)

    def wait(self, what, condition):
        deadline = soon()
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"waited in vain: {what}")
            time.sleep(0.02)

    def desk(self, count):
        desk = meeting.Desk(HOST, self.secret, count)
        self.addCleanup(desk.listener.close)
        return desk

    def test_guests_who_come_before_the_desk_and_after_the_news_hear_all(self):
        early = meeting.Guest(HOST, self.secret, 1, soon())
        early.tell("is installing", lambda: ["one", "two"])
        time.sleep(0.3)
        desk = self.desk(3)
        self.wait("the early one", lambda: desk.look()[1] == (True, "is installing", ["one", "two"]))
        self.assertEqual(desk.look()[2], (False, "has not been heard of", []))
        desk.publish({"address": "there"})
        late = meeting.Guest(HOST, self.secret, 2, soon())
        for guest in (early, late):
            self.wait("the news", lambda guest=guest: guest.news == {"address": "there"})
        late.tell("is up")
        self.wait("its state", lambda: desk.look()[2][:2] == (True, "is up"))
        desk.end(patience=0.1)
        for guest in (early, late):
            self.wait("the end", lambda guest=guest: guest.is_over)

    def test_a_program_of_somebody_else_at_the_first_port_is_not_taken_for_the_desk(self):
        with socket.create_server((HOST, meeting.candidates(self.secret)[0])) as other:
            other.settimeout(60)
            guest = meeting.Guest(HOST, self.secret, 1, soon())
            connection, _ = other.accept()
            connection.sendall(b'{"nonce": "x"}\n{"proof": "y"}\n')
            desk = self.desk(2)
            self.assertEqual(desk.listener.getsockname()[1], meeting.candidates(self.secret)[1])
            self.wait("the guest", lambda: desk.look()[1][0])
            connection.close()
            self.assertIsNone(guest.news)
        desk.end(patience=0.1)

    def test_strangers_are_turned_away(self):
        desk = self.desk(2)
        address = (HOST, desk.listener.getsockname()[1])
        for hello in (b"", b"\n", b"nonsense\n", b"[]\n", b'{"rank": 1}\n', b'{"rank": 9, "proof": ""}\n',
                      b'{"rank": "1", "nonce": 3, "proof": "' + b"0" * 64 + b'"}\n', b"x" * 200_000):
            with socket.create_connection(address, timeout=20) as stranger:
                reader = stranger.makefile("rb")
                self.assertIn("nonce", json.loads(reader.readline()))
                try:
                    stranger.sendall(hello)
                    stranger.shutdown(socket.SHUT_WR)
                    self.assertEqual(reader.readline(), b"")
                except OSError:  # turned away before it was done
                    pass
        self.assertEqual(desk.look()[1], (False, "has not been heard of", []))
        wrong = meeting.Guest(HOST, self.secret, 7, time.monotonic() + 0.5)
        self.wait("it gives up", lambda: wrong.is_lost)
        desk.end(patience=0.1)

    def test_a_desk_that_goes_is_noticed_and_so_is_one_that_never_comes(self):
        desk = self.desk(2)
        guest = meeting.Guest(HOST, self.secret, 1, soon())
        self.wait("the guest", lambda: desk.look()[1][0])
        with desk.lock:
            desk.members[1].line.close()
        self.wait("the loss", lambda: guest.is_lost)
        self.assertFalse(guest.is_over)
        desk.listener.close()
        alone = meeting.Guest(HOST, secrets.token_hex(32), 1, time.monotonic() + 0.3)
        self.wait("it gives up", lambda: alone.is_lost)

    def test_ports_are_few_and_follow_from_the_secret(self):
        ports = meeting.candidates(self.secret)
        self.assertEqual(ports, meeting.candidates(self.secret))
        self.assertEqual(len(ports), meeting.PORTS)
        self.assertTrue(all(20000 <= port < 32000 for port in ports))
        self.assertNotEqual(ports, meeting.candidates(secrets.token_hex(32)))


if __name__ == "__main__":
    unittest.main()
