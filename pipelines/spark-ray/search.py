"""Looks for the best settings of a model on a Ray cluster, by successive halving: many trials learn a little, the better half of
them goes on. Each trial is an actor that keeps what it has learnt; the last few are checked by tasks, one for each fold.

    python3 search.py TABLE MODEL
"""
import itertools
import json
import os
import sys
from collections import Counter

import ray

import regression

RATES = [0.03, 0.1, 0.3, 1.0, 3.0]
DECAYS = [0.0, 0.01, 0.1]
FOLDS = 4


def rank():
    """Of the node that this runs on."""
    return os.environ.get("SKY_NODE_RANK", "?")


@ray.remote(num_cpus=0.1, scheduling_strategy="SPREAD")
class Trial:
    """One pair of settings, and what has been learnt with it so far."""

    def __init__(self, table, rate, decay):
        rows, labels = table
        self.kept, self.labels, self.tried, self.wanted = regression.split(rows, labels, 0, FOLDS)
        self.rate, self.decay = rate, decay
        self.weights = [0.0] * len(rows[0])

    def learn(self, epochs):
        """How good it is after so many epochs more, and where it runs."""
        self.weights = regression.learn(self.weights, self.kept, self.labels, self.rate, self.decay, epochs)
        return regression.accuracy(self.weights, self.tried, self.wanted), rank()


@ray.remote(num_cpus=0.1)
def check(table, rate, decay, epochs, part):
    """How good these settings are on one fold that was not learnt from, and where this runs."""
    kept, labels, tried, wanted = regression.split(*table, part, FOLDS)
    weights = regression.learn([0.0] * len(kept[0]), kept, labels, rate, decay, epochs)
    return regression.accuracy(weights, tried, wanted), rank()


def halve(table, epochs=2, survivors=3):
    """The settings that are left, the best first; how many epochs they have had; and where the trials ran."""
    places = Counter()
    trials = {(rate, decay): Trial.remote(table, rate, decay) for rate, decay in itertools.product(RATES, DECAYS)}
    done = 0
    while True:
        answers = dict(zip(trials, ray.get([trial.learn.remote(epochs) for trial in trials.values()])))
        done += epochs
        if done == epochs:
            places.update(place for _, place in answers.values())
        best = sorted(trials, key=lambda settings: -answers[settings][0])
        print(f"{len(trials)} trials, {done} epochs: the best is rate {best[0][0]}, decay {best[0][1]}, "
              f"accuracy {answers[best[0]][0]:.4f}")
        if len(best) <= survivors:
            return best, done, places
        trials = {settings: trials[settings] for settings in best[:max(survivors, len(best) // 2)]}
        epochs = done


def check_somewhere(*arguments, part):
    """The fold on the node whose turn it is: left alone, short tasks all go to the node that is ready first."""
    turn = part % int(os.environ.get("SKY_NUM_NODES", "1"))
    return check.options(resources={f"sky_rank_{turn}": 0.01}).remote(*arguments, part)


def main():
    ray.init()
    rows, labels = regression.read(sys.argv[1])
    scale = regression.scales(rows)
    inputs = [regression.scaled(row, scale) for row in rows]
    table = ray.put((inputs, labels))
    best, epochs, trial_places = halve(table)
    folds = {settings: [check_somewhere(table, *settings, epochs, part=part) for part in range(FOLDS)]
             for settings in best}
    answers = {settings: ray.get(parts) for settings, parts in folds.items()}
    scores = {settings: sum(score for score, _ in parts) / FOLDS for settings, parts in answers.items()}
    task_places = Counter(place for parts in answers.values() for _, place in parts)
    rate, decay = max(best, key=scores.get)
    baseline = max(sum(labels), len(labels) - sum(labels)) / len(labels)
    print(f"chosen: rate {rate}, decay {decay}, accuracy {scores[rate, decay]:.4f} on {FOLDS} folds, "
          f"baseline {baseline:.4f}")
    for what, places in (("trials", trial_places), ("tasks", task_places)):
        print(f"{what} by rank: " + ", ".join(f"{place}: {count}" for place, count in sorted(places.items())))
    model = {
        "features": regression.FEATURES, "scales": scale, "accuracy": scores[rate, decay], "baseline": baseline,
        "settings": {"rate": rate, "decay": decay, "epochs": epochs},
        "weights": regression.learn([0.0] * len(inputs[0]), inputs, labels, rate, decay, epochs),
    }
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(model, file)


if __name__ == "__main__":
    main()
