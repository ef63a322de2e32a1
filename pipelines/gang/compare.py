"""Learns the gang's model alone and fails unless both are the same."""
import json
import os
import sys

import regression


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        model = json.load(file)
    rows, steps = int(os.environ["ROWS"]), int(os.environ["STEPS"])
    alone = regression.learn([regression.row(number) for number in range(rows)], rows, steps)
    difference = max(abs(one - other) for one, other in zip(model["weights"], alone))
    off = max(abs(weight - truth) for weight, truth in zip(model["weights"], regression.TRUTH))
    print(f"{model['ranks']} ranks and one agree within {difference:.1e}; off the truth by {off:.4f}")
    # They add the same numbers in another order: the last bits may differ, and no more.
    if difference > 1e-9 or off > 0.05:
        sys.exit("the gang learnt another model")


if __name__ == "__main__":
    main()
