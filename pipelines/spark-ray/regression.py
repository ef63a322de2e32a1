"""Logistic regression by gradient descent, in plain Python: what is searched for and what is served."""
import json
import math

FEATURES = ["orders", "spent", "late_share", "returned_share", "age"]


def read(path):
    """Rows of numbers, and whether each customer left."""
    with open(path, encoding="utf-8") as file:
        entries = [json.loads(line) for line in file]
    return [[float(entry[name]) for name in FEATURES] for entry in entries], [entry["left"] for entry in entries]


def scales(rows):
    """Mean and spread of each column."""
    result = []
    for column in zip(*rows):
        mean = sum(column) / len(column)
        spread = math.sqrt(sum((value - mean) ** 2 for value in column) / len(column))
        result.append((mean, spread or 1.0))
    return result


def scaled(row, scale):
    """A row as the model sees it: centred, with a one in front."""
    return [1.0] + [(value - mean) / spread for value, (mean, spread) in zip(row, scale)]


def probability(weights, row):
    total = sum(weight * value for weight, value in zip(weights, row))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def learn(weights, rows, labels, rate, decay, epochs):
    """Better weights, after so many passes over all rows."""
    weights = list(weights)
    for _ in range(epochs):
        slopes = [0.0] * len(weights)
        for row, label in zip(rows, labels):
            error = probability(weights, row) - label
            for index, value in enumerate(row):
                slopes[index] += error * value
        for index, slope in enumerate(slopes):
            weights[index] -= rate * (slope / len(rows) + (decay * weights[index] if index else 0.0))
    return weights


def accuracy(weights, rows, labels):
    right = sum((probability(weights, row) > 0.5) == bool(label) for row, label in zip(rows, labels))
    return right / len(labels)


def split(rows, labels, part, parts):
    """Rows to learn from, and every `parts`-th to try on, from `part` on."""
    kept = [index for index in range(len(rows)) if index % parts != part]
    tried = [index for index in range(len(rows)) if index % parts == part]
    return ([rows[index] for index in kept], [labels[index] for index in kept],
            [rows[index] for index in tried], [labels[index] for index in tried])
