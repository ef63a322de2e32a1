"""What of this pipeline needs neither Spark nor Ray. From the repository: make test-pipelines."""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))
sys.dont_write_bytecode = True

import regression  # noqa: E402


def table(count):
    """Rows whose labels follow from the third column alone, and a little chance."""
    chance = random.Random(1)
    entries = []
    for _ in range(count):
        late = chance.random()
        entries.append({"orders": chance.randint(1, 50), "spent": chance.uniform(5, 5000), "late_share": late,
                        "returned_share": chance.random(), "age": chance.randint(18, 78),
                        "left": int(late + chance.gauss(0, 0.1) > 0.5)})
    return entries


class RegressionTests(unittest.TestCase):
    def test_finds_what_labels_depend_on(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/table"
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in table(600))
            rows, labels = regression.read(path)
        scale = regression.scales(rows)
        inputs = [regression.scaled(row, scale) for row in rows]
        kept, wanted, tried, answers = regression.split(inputs, labels, 0, 4)
        self.assertEqual((len(kept), len(tried)), (450, 150))
        weights = regression.learn([0.0] * 6, kept, wanted, 1.0, 0.0, 60)
        self.assertGreater(regression.accuracy(weights, tried, answers), 0.85)
        self.assertEqual(max(range(1, 6), key=lambda index: abs(weights[index])), 3)

    def test_a_column_that_never_changes_does_no_harm(self):
        self.assertEqual(regression.scaled([3.0], regression.scales([[3.0], [3.0]])), [1.0, 0.0])


class ServiceTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        model = {"features": regression.FEATURES, "scales": [[0.0, 1.0]] * 5, "weights": [-1.0, 0, 0, 4.0, 0, 0],
                 "accuracy": 0.9, "baseline": 0.6, "settings": {}}
        path = f"{self.folder.name}/model"
        with open(path, "w", encoding="utf-8") as file:
            json.dump(model, file)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.server = subprocess.Popen(
            [sys.executable, "-B", str(FOLDER / "serve.py"), path],
            env={**os.environ, "SKY_SERVICE_PORT": str(self.port)})
        self.addCleanup(self.end)
        for _ in range(200):
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.fail("it does not serve")

    def end(self):
        self.server.send_signal(signal.SIGTERM)
        self.server.wait(20)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def test_predicts_one_and_many(self):
        self.assertEqual(self.ask("POST", "/predict", '{"late_share": 1}'), (200, {"left": True, "probability": 0.9526}))
        status, answers = self.ask("POST", "/predict", '[{"late_share": 1}, {}]')
        self.assertEqual((status, [answer["left"] for answer in answers]), (200, [True, False]))

    def test_says_what_is_wrong(self):
        for body in ("", "{", '{"lateness": 1}', '{"age": "old"}', "7", '[[1]]'):
            status, answer = self.ask("POST", "/predict", body)
            self.assertEqual(status, 400, body)
            self.assertIn("error", answer)
        self.assertEqual(self.ask("GET", "/else")[0], 404)


if __name__ == "__main__":
    unittest.main()
