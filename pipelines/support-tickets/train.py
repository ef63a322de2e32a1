#!/usr/bin/env python3
"""Trains a classifier that tells a support ticket's category from its text, and says how good it is.

    train.py CLEAN.csv MODEL

One ticket in five is held out and never trained on. The same tickets and the same SEED give the same model.
"""
import collections
import csv
import math
import os
import random
import sys
import time

from features import Model, features

EPOCHS = 6
HELD_OUT = 0.2
RATE = 0.5


def read(path):
    """(text, category) of each ticket; of tickets with the same words only the first, so that none is on both sides."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"text", "category"} - set(reader.fieldnames or [])
        if missing:
            sys.exit(f"train.py: {path} has no column {', '.join(sorted(missing))}")
        unique = {}
        for row in reader:
            unique.setdefault(" ".join(row["text"].lower().split()), (row["text"], row["category"]))
    return list(unique.values())


def train(model, examples, rng):
    """Stochastic gradient descent on the log loss, with a rate that falls from epoch to epoch."""
    for epoch in range(1, EPOCHS + 1):
        started = time.monotonic()
        rng.shuffle(examples)
        loss = 0.0
        rate = RATE * (1 - (epoch - 1) / EPOCHS)
        for slots, label in examples:
            chances = model.probabilities(slots)
            loss -= math.log(max(chances[label], 1e-12))
            scale = 1 / math.sqrt(len(slots) or 1)
            for category, row in enumerate(model.weights):
                error = chances[category] - (category == label)
                if abs(error) < 0.02:
                    continue
                model.bias[category] -= 0.1 * rate * error
                step = rate * error * scale * 4
                for slot in slots:
                    row[slot] -= step
        print(f"epoch {epoch}/{EPOCHS}  loss {loss / len(examples):.3f}  {time.monotonic() - started:.1f} s", flush=True)


def main(arguments):
    if len(arguments) != 2:
        sys.exit("usage: train.py CLEAN.csv MODEL")
    source, target = arguments
    rng = random.Random(os.environ.get("SEED", "7"))
    try:
        tickets = read(source)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        sys.exit(f"train.py: cannot read {source}: {error}")
    if len(tickets) < 10:
        sys.exit(f"train.py: {len(tickets)} different tickets in {source} are too few to learn from")

    categories = sorted({category for _, category in tickets})
    rng.shuffle(tickets)
    held_out, rest = tickets[:int(len(tickets) * HELD_OUT)], tickets[int(len(tickets) * HELD_OUT):]
    print(f"{len(rest)} tickets to train on, {len(held_out)} held out, {len(categories)} categories", flush=True)

    model = Model(categories)
    train(model, [(features(text), categories.index(category)) for text, category in rest], rng)

    right = sum(model.classify(text)[0] == category for text, category in held_out)
    majority = collections.Counter(category for _, category in rest).most_common(1)[0][0]
    baseline = sum(category == majority for _, category in held_out)
    model.save(target)
    print(f"held-out accuracy {right / len(held_out):.3f}, majority-class baseline {baseline / len(held_out):.3f}",
          flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
