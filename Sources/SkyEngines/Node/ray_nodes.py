"""Waits, for so many seconds at most, until so many nodes are in the Ray cluster; prints how many are."""
import sys
import time

import ray

wanted, deadline = int(sys.argv[1]), time.monotonic() + float(sys.argv[2])
ray.init(logging_level="ERROR", log_to_driver=False)
while True:
    alive = sum(1 for node in ray.nodes() if node["Alive"])
    if alive >= wanted or time.monotonic() > deadline:
        print(alive)
        break
    time.sleep(0.2)
