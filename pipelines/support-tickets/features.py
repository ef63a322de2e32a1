"""What the classifier sees of a text, and the classifier itself. Mounted beside both train.py and serve.py, so that
what is trained and what is served cannot drift apart."""
import array
import json
import math
import os
import re
import sys
import zlib

#: Features are hashed into this many slots.
SLOTS = 1 << 15
FORMAT = "support-tickets-softmax-1"

TOKEN = re.compile(r"\[[A-Z]+\]|[^\W\d_]+(?:'[^\W\d_]+)*|\d+")


def features(text):
    """The slots of a text: its words, pairs of neighbouring words, and the four-letter stretches inside its words."""
    words = []
    for token in TOKEN.findall(text):
        words.append(token if token[0] == "[" else "0" if token[0].isdigit() else token.lower())
    found = set(words)
    found.update(f"{a} {b}" for a, b in zip(words, words[1:]))
    for word in words:
        if len(word) > 4 and word[0] != "[":
            padded = f"<{word}>"
            found.update(padded[at:at + 4] for at in range(len(padded) - 3))
    return sorted({zlib.crc32(feature.encode("utf-8", "surrogatepass")) % SLOTS for feature in found})


class Model:
    """Softmax regression over hashed features."""

    def __init__(self, categories, weights=None, bias=None):
        self.categories = categories
        self.weights = weights or [array.array("f", bytes(4 * SLOTS)) for _ in categories]
        self.bias = bias or [0.0] * len(categories)

    def probabilities(self, slots):
        """One probability per category, for the slots of one text."""
        scale = 1 / math.sqrt(len(slots) or 1)
        scores = [bias + scale * sum(map(row.__getitem__, slots)) for row, bias in zip(self.weights, self.bias)]
        top = max(scores)
        exponents = [math.exp(score - top) for score in scores]
        total = sum(exponents)
        return [value / total for value in exponents]

    def classify(self, text):
        """The likeliest category and its probability."""
        chances = self.probabilities(features(text))
        best = max(range(len(chances)), key=chances.__getitem__)
        return self.categories[best], chances[best]

    def save(self, path):
        """One line of JSON, then the weights as little-endian 32-bit floats, category by category."""
        header = {"format": FORMAT, "slots": SLOTS, "categories": self.categories, "bias": self.bias}
        partial = f"{path}.partial"
        with open(partial, "wb") as file:
            file.write(json.dumps(header, sort_keys=True).encode() + b"\n")
            for row in self.weights:
                file.write(little_endian(row).tobytes())
        os.replace(partial, path)

    @classmethod
    def load(cls, path):
        """Raises ValueError if the file is no such model."""
        with open(path, "rb") as file:
            try:
                header = json.loads(file.readline(1 << 16))
            except ValueError:
                raise ValueError(f"{path} is not a model: no header") from None
            if not isinstance(header, dict) or header.get("format") != FORMAT or header.get("slots") != SLOTS:
                raise ValueError(f"{path} is not a model of the format {FORMAT}")
            weights = []
            for _ in header["categories"]:
                row = array.array("f", file.read(4 * SLOTS))
                if len(row) != SLOTS:
                    raise ValueError(f"{path} ends too early")
                weights.append(little_endian(row))
        return cls(header["categories"], weights, header["bias"])


def little_endian(row):
    if sys.byteorder == "big":
        row = array.array("f", row)
        row.byteswap()
    return row
