"""One rank of the gang: learns from its share of the rows, with the others; rank 0 writes the model."""
import json
import os
import sys

import regression
from ring import Ring


def main():
    rank, addresses = int(os.environ["SKY_NODE_RANK"]), os.environ["SKY_NODE_IPS"].split()
    count = len(addresses)
    rows, steps = int(os.environ["ROWS"]), int(os.environ["STEPS"])
    share = [regression.row(number) for number in range(rank, rows, count)]
    ring = Ring(rank, addresses, int(os.environ["MEETING_PORT"]))
    weights = regression.learn(share, rows, steps, ring.add_up)
    ring.close()
    print(f"rank {rank} of {count}: {len(share)} rows, weights {', '.join(f'{weight:.4f}' for weight in weights)}")
    if rank == 0:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump({"ranks": count, "weights": weights}, file)


if __name__ == "__main__":
    main()
