"""The ring adds up what its ranks have, and ranks learn what one would."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))

import regression  # noqa: E402
from ring import Ring  # noqa: E402


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class RingTests(unittest.TestCase):
    def sums(self, vectors):
        port, results = free_port(), [None] * len(vectors)

        def rank(number):
            ring = Ring(number, ["127.0.0.1"] * len(vectors), port, patience=30)
            results[number] = ring.add_up(vectors[number])
            ring.close()

        threads = [threading.Thread(target=rank, args=(number,)) for number in range(len(vectors))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return results

    def test_everybody_has_the_sum(self):
        for count in (1, 2, 3, 4, 7):
            for length in (0, 1, 3, 10, 1000):
                vectors = [[float(rank * 1000 + place) for place in range(length)] for rank in range(count)]
                whole = [sum(parts) for parts in zip(*vectors)]
                self.assertEqual(self.sums(vectors), [whole] * count, (count, length))

    def test_nobody_there_is_an_error(self):
        with self.assertRaises(TimeoutError):
            Ring(1, ["127.0.0.1"] * 2, free_port(), patience=0.2)


class GangTests(unittest.TestCase):
    def run_gang(self, ranks, folder):
        names = {"ROWS": "200", "STEPS": "30", "MEETING_PORT": str(free_port()), "SKY_NODE_IPS": "\n".join(["127.0.0.1"] * ranks)}
        processes = [
            subprocess.Popen([sys.executable, "-B", FOLDER / "train.py", f"{folder}/model.{rank}"],
                             env={**os.environ, **names, "SKY_NODE_RANK": str(rank)}, stdout=subprocess.PIPE)
            for rank in range(ranks)]
        outputs = [process.communicate(timeout=60)[0].decode() for process in processes]
        self.assertEqual([process.returncode for process in processes], [0] * ranks, outputs)
        return names, outputs

    def test_four_ranks_learn_what_one_learns(self):
        with tempfile.TemporaryDirectory() as folder:
            names, outputs = self.run_gang(4, folder)
            self.assertEqual(len({output.split("weights")[1] for output in outputs}), 1, outputs)
            self.assertEqual(os.listdir(folder), ["model.0"])
            with open(f"{folder}/model.0", encoding="utf-8") as file:
                model = json.load(file)
            self.assertEqual(model["ranks"], 4)
            compare = subprocess.run([sys.executable, "-B", FOLDER / "compare.py", f"{folder}/model.0"],
                                     env={**os.environ, **names}, stdout=subprocess.PIPE, check=False)
            self.assertEqual(compare.returncode, 0, compare.stdout)

    def test_another_model_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(f"{folder}/model", "w", encoding="utf-8") as file:
                json.dump({"ranks": 4, "weights": [0.0] * len(regression.TRUTH)}, file)
            compare = subprocess.run([sys.executable, "-B", FOLDER / "compare.py", f"{folder}/model"],
                                     env={**os.environ, "ROWS": "50", "STEPS": "5"}, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, check=False)
            self.assertEqual(compare.returncode, 1)
            self.assertIn(b"another model", compare.stderr)


if __name__ == "__main__":
    unittest.main()
