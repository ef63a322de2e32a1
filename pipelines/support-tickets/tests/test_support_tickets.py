"""The scripts of this pipeline, run as a node runs them. From the repository: make test-pipelines."""
import collections
import csv
import functools
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

import features  # noqa: E402
import make_tickets  # noqa: E402
import strip_pii  # noqa: E402


def run(script, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-B", str(FOLDER / script), *map(str, arguments)], capture_output=True, text=True, timeout=120,
        **options)


def is_word_of(word, text):
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


@functools.cache
def trained():
    """The first two stages, run once for all tests: the clean tickets, the model, and how the training ended."""
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    clean, model = pathlib.Path(folder.name, "clean"), pathlib.Path(folder.name, "model")
    run("strip_pii.py", FOLDER / "data/tickets.csv", clean, check=True)
    return clean, model, run("train.py", clean, model)


@functools.cache
def planted():
    """All planted strings, as the generator's own command lists them."""
    return json.loads(run("make_tickets.py", "--planted").stdout)


class Generator(unittest.TestCase):
    def test_the_committed_tickets_are_what_the_generator_makes(self):
        result = run("make_tickets.py", "--check")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_another_seed_gives_other_tickets(self):
        first, again, other = (make_tickets.as_csv(make_tickets.generate(50, seed)) for seed in (7, 7, 8))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_a_changed_file_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            changed = pathlib.Path(folder, "tickets.csv")
            changed.write_bytes((FOLDER / "data/tickets.csv").read_bytes() + b"x")
            self.assertEqual(run("make_tickets.py", "--check", changed).returncode, 1)

    def test_the_listed_personal_data_is_really_in_the_tickets(self):
        texts = "\0".join(ticket.text for ticket in make_tickets.generate())
        self.assertEqual(set(planted()), {"names", "name_parts", "emails", "phones", "cards", "ssns"})
        for kind, strings in planted().items():
            self.assertGreater(len(strings), 100, kind)
            self.assertEqual([string for string in strings if string not in texts], [], kind)

    def test_all_personal_data_is_fictitious(self):
        for card in planted()["cards"]:
            self.assertTrue(strip_pii.luhn(re.sub(r"\D", "", card)), card)
        for number in planted()["ssns"]:
            digits = re.sub(r"\D", "", number)
            self.assertTrue(digits.startswith(("000", "9")) and int(digits[3:5]) < 50, number)
        for phone in planted()["phones"]:
            self.assertRegex(re.sub(r"\D", "", phone.split(" ext")[0]), r"55501\d\d$|2079460\d{3}$|7700900\d{3}$")
        for email in planted()["emails"]:
            self.assertRegex(email, r"example( dot |\.)(com|org|net)$")

    def test_the_majority_class_is_about_three_in_ten(self):
        counts = collections.Counter(ticket.category for ticket in make_tickets.generate())
        self.assertAlmostEqual(counts.most_common(1)[0][1] / 4000, 0.3, delta=0.03)


class Stripping(unittest.TestCase):
    def strip(self, *texts):
        stripper = strip_pii.Stripper(texts)
        return [stripper.strip(text) for text in texts]

    def test_nothing_that_was_planted_is_left_in_the_output_file(self):
        with open(trained()[0], encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 4000)
        everything = "\0".join(value for row in rows for value in row.values())
        for kind, strings in planted().items():
            left = [string for string in strings
                    if (is_word_of(string, everything) if kind == "name_parts" else string in everything)]
            self.assertEqual(left, [], kind)

    def test_tickets_of_other_seeds_keep_no_planted_string_either(self):
        for seed in (11, 12):
            tickets = list(make_tickets.generate(1200, seed))
            for ticket, clean in zip(tickets, self.strip(*(ticket.text for ticket in tickets))):
                for string in ticket.planted("name", "name_part", "email", "phone", "card", "ssn"):
                    self.assertFalse(is_word_of(string, clean), (seed, ticket.id, string, clean))

    def test_names_that_no_dictionary_has_are_found_too(self):
        known = strip_pii.FIRST_NAMES | strip_pii.LAST_NAMES
        names = {name for ticket in make_tickets.generate() for name in ticket.planted("name")}
        unknown = [name for name in names if not any(word.lower() in known for word in strip_pii.WORDS.findall(name))]
        self.assertGreater(len(unknown), 50)

    def test_tickets_without_personal_data_stay_as_they_are(self):
        texts = [ticket.text for ticket in make_tickets.generate(2000, plant=False)]
        self.assertEqual(self.strip(*texts), texts)

    def test_every_way_to_write_a_number_is_known(self):
        for text, clean in [
            ("call (212) 555-0143.", "call [PHONE]."), ("call 212.555.0143", "call [PHONE]"), ("2125550143!", "[PHONE]!"),
            ("+1 212 555 0143, please", "[PHONE], please"), ("+442079460958", "[PHONE]"), ("1-212-555-0143 x12", "[PHONE]"),
            ("4242 4242 4242 4242", "[CARD]"), ("4242-4242-4242-4242.", "[CARD]."), ("378282246310005", "[CARD]"),
            ("ssn 900-12-3456", "ssn [SSN]"), ("000 12 3456", "[SSN]"), ("900123456", "[SSN]"),
            ("a.b+c@mail.example.org,", "[EMAIL],"), ("ana [at] example [dot] com", "[EMAIL]"),
        ]:
            with self.subTest(text):
                self.assertEqual(self.strip(text), [clean])

    def test_numbers_that_are_nobodys_stay(self):
        for text in ["order #874512", "ORD-8748510", "on 2025-03-12", "$1249.00", "version 4.12.0", "error 0x02DF",
                     "invoice 4242 4242 4242 4241", "192.0.2.17"]:
            with self.subTest(text):
                self.assertEqual(self.strip(text), [text])

    def test_names_in_all_their_forms_are_known(self):
        for text in ["My name is Quxandra Oblivane.", "my name is quxandra oblivane", "MY NAME IS QUXANDRA OBLIVANE",
                     "Please ask Mr Oblivane", "Hello\nRegards,\nQuxandra Oblivane", "I saw that. Thanks, Quxandra",
                     "the form of Maria de la Oblivane", "Name: Oblivane, Quxandra", "Dr. Q. Oblivane wrote it"]:
            with self.subTest(text):
                (clean,) = self.strip(text)
                self.assertIn("[NAME]", clean)
                self.assertNotRegex(clean.lower(), "quxandra|oblivane")

    def test_a_wrong_file_is_refused_in_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder, "wrong.csv")
            wrong.write_text("a,b\n1,2\n")
            for source in (wrong, pathlib.Path(folder, "missing.csv")):
                result = run("strip_pii.py", source, pathlib.Path(folder, "out"))
                self.assertEqual((result.returncode, len(result.stderr.splitlines())), (1, 1), result.stderr)
            self.assertFalse(pathlib.Path(folder, "out").exists())


class TrainedModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clean, cls.model, cls.training = trained()

    def test_it_beats_the_baseline_by_far(self):
        self.assertEqual(self.training.returncode, 0, self.training.stderr)
        figures = re.search(r"^held-out accuracy (\S+), majority-class baseline (\S+)$", self.training.stdout, re.M)
        accuracy, baseline = map(float, figures.groups())
        self.assertGreater(accuracy, 0.9)
        self.assertGreater(accuracy, baseline + 0.3)
        self.assertLess(accuracy, 0.995, "the tickets have become too easy to mean anything")

    def test_the_same_seed_gives_the_same_model(self):
        again = self.model.with_name("again")
        run("train.py", self.clean, again, check=True)
        self.assertEqual(again.read_bytes(), self.model.read_bytes())

    def test_a_file_that_is_no_model_is_refused(self):
        cut = self.model.with_name("cut")
        cut.write_bytes(self.model.read_bytes()[:5000])
        for path in (self.clean, cut):
            with self.assertRaises(ValueError):
                features.Model.load(path)
            result = run("serve.py", path)
            self.assertEqual((result.returncode, len(result.stderr.splitlines())), (1, 1), result.stderr)


class Serving(unittest.TestCase):
    """Over real HTTP."""

    @classmethod
    def setUpClass(cls):
        _, cls.model, _ = trained()
        started = time.monotonic()
        cls.server, cls.port = serve(cls.model)
        cls.addClassCleanup(end, cls.server)
        cls.startup = time.monotonic() - started

    def request(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def classify(self, text):
        return self.request("POST", "/classify", json.dumps({"text": text}))

    def test_it_says_that_it_is_well(self):
        self.assertEqual(self.request("GET", "/healthz"), (200, {"status": "ok"}))
        self.assertLess(self.startup, 5)  # about 0.2 s on an idle machine

    def test_it_classifies_tickets_it_has_never_seen(self):
        for text, category in [
            ("The parcel never came and the courier left no card", "shipping"),
            ("you charged my card twice for one invoice, please correct the bill", "billing"),
            ("I forgot my password and the reset email does not arrive, cannot sign in", "account"),
            ("after the firmware update the speaker loses its bluetooth connection", "technical"),
            ("how can I send the jacket back, and when do I get the refund", "returns"),
        ]:
            with self.subTest(text):
                status, answer = self.classify(text)
                self.assertEqual((status, answer["category"]), (200, category))
                self.assertTrue(0.3 < answer["confidence"] <= 1)

    def test_odd_texts_are_classified_too(self):
        for text in ["\ud800", "\0", "?", "a" * 100_000, "パスワード"]:
            self.assertEqual(self.classify(text)[0], 200)

    def test_wrong_requests_are_told_what_is_wrong(self):
        for method, path, body, status, message in [
            ("POST", "/classify", "{", 400, "not JSON"), ("POST", "/classify", "", 400, "not JSON"),
            ("POST", "/classify", "[" * 100_000, 400, "not JSON"),
            ("POST", "/classify", "\xff".encode("latin-1"), 400, "not JSON"), ("POST", "/classify", "[1]", 400, "expected"),
            ("POST", "/classify", '{"text": 7}', 400, "expected"), ("POST", "/classify", '{"text": " "}', 400, "expected"),
            ("GET", "/classify", None, 405, "POST only"), ("POST", "/healthz", "", 405, "GET only"),
            ("GET", "/", None, 404, "no such path"),
        ]:
            with self.subTest(method=method, path=path, body=(body or "")[:20]):
                answer = self.request(method, path, body)
                self.assertEqual(answer[0], status)
                self.assertIn(message, answer[1]["error"])
        for length, status in [("x", 400), ("-1", 400), (str(1 << 30), 413)]:
            self.assertEqual(self.request("POST", "/classify", b"", {"Content-Length": length})[0], status)

    def test_many_at_once_are_all_answered(self):
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(self.classify("where is my parcel")[0]))
                   for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(statuses, [200] * 32)

    def test_a_taken_port_is_reported(self):
        result = run("serve.py", self.model, env={**os.environ, "SKY_SERVICE_PORT": str(self.port)})
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot listen", result.stderr)

    def test_told_to_end_it_finishes_what_it_has_begun_and_drops_idle_connections(self):
        server, port = serve(self.model)
        self.addCleanup(end, server)
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        body = json.dumps({"text": "where is my parcel"}).encode()
        slow = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        slow.putrequest("POST", "/classify")
        slow.putheader("Content-Length", str(len(body)))
        slow.endheaders(body[:10])
        time.sleep(0.3)  # for the server to have taken it up
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        slow.send(body[10:])
        self.assertEqual(slow.getresponse().status, 200)
        self.assertEqual(server.wait(timeout=10), 0)
        idle.close()
        slow.close()


def serve(model):
    """A server of its own and the free port it listens on."""
    server = subprocess.Popen([sys.executable, "-B", str(FOLDER / "serve.py"), str(model)], stdout=subprocess.PIPE,
                              text=True, env={**os.environ, "SKY_SERVICE_PORT": "0"})
    return server, int(server.stdout.readline().rsplit(":", 1)[1])


def end(server):
    if server.poll() is None:
        server.kill()
    server.communicate()


if __name__ == "__main__":
    unittest.main()
