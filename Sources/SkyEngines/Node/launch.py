"""What every node of a stage with an engine runs in the place of the stage's command.

All nodes see to it that the engine is installed. Rank 0 starts its head and waits until all nodes are in it, runs the command, and
takes everything down when that has ended; the others work for it until then. Whatever ends first ends the gang, and what
one of these processes leaves is ended by its job's supervisor.
"""
import json
import os
import shlex
import shutil
import signal
import socket
import sys
import time

import environment
from meeting import Desk, Guest
from processes import EngineFailure, last_lines, run_command
from ray_engine import Ray
from spark_engine import Spark

ENGINES = {"ray": Ray, "spark": Spark}
# How long a node that has lost the desk waits for being ended, so that what is told is why the desk went.
GRACE = 10.0


class Node:
    """What this node has been told, and what it has for itself."""

    def __init__(self, variables):
        # What a command prints is to be seen when it prints it.
        self.variables = {"PYTHONUNBUFFERED": "1", **variables}
        self.secret = self.variables.pop("SKY_ENGINE_SECRET")
        # How to get at packages, from a machine that is a person's own: for installing and nothing else.
        ways = [name for name in self.variables if name.startswith("SKY_INSTALL_")]
        ways = {name[len("SKY_INSTALL_"):]: self.variables.pop(name) for name in ways}
        self.install_variables = {**ways, **self.variables}
        self.programs = os.path.dirname(os.path.abspath(__file__))
        self.folder = os.path.dirname(self.programs)
        self.logs = f"{self.folder}/logs"
        with open(f"{self.programs}/engine.json", encoding="utf-8") as file:
            wanted = json.load(file)
        self.engine, self.version, self.options = wanted["name"], wanted["version"], wanted["options"]
        self.started = time.monotonic()
        self.patience = self.options["start_timeout"]
        self.deadline = self.started + self.patience
        self.rank = int(self.variables["SKY_NODE_RANK"])
        self.addresses = self.variables["SKY_NODE_IPS"].split()
        self.address = own_address(self.addresses, self.rank)
        self.count = len(self.addresses)
        # Nodes that are processes of one machine share it.
        sharers = self.addresses.count(self.addresses[self.rank])
        self.work = os.getcwd()
        self.cpus = max(1, len(os.sched_getaffinity(0)) // sharers)
        self.memory = memory_of_machine() // sharers
        if wanted.get("memory_limit"):
            self.memory = min(self.memory, wanted["memory_limit"])

    def daemon_variables(self, variables):
        """Of what runs parts of the command on this node: it finds the stage's files where the command does."""
        path = [self.work] + [folder for folder in variables.get("PYTHONPATH", "").split(":") if folder]
        return {**variables, "PYTHONPATH": ":".join(path)}

    def say(self, text):
        print(f"[{self.engine}] {text}", flush=True)

    def pause(self, message, lines=lambda: []):
        """A little while; raises when the time for coming up is over."""
        if time.monotonic() > self.deadline:
            raise EngineFailure(EngineFailure.INCOMPLETE, f"{message} ({self.patience:.0f} s)", lines())
        time.sleep(0.1)

    def write_variables(self, variables):
        """For shells of people and commands beside the stage's: `. "$SKY_ENGINE_DIR/env"`."""
        changed = {name: value for name, value in variables.items() if self.variables.get(name) != value}
        with open(os.open(f"{self.folder}/env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            for name, value in sorted(changed.items()):
                file.write(f"export {name}={shlex.quote(value)}\n")


def numeric(address):
    """An address in digits; engines do not take names."""
    try:
        return socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        return address


def own_address(addresses, rank):
    """Where the others reach this node. Many machines take their own name for a loopback address."""
    address = numeric(addresses[rank])
    others = [other for other in addresses if other != addresses[rank]]
    if address.startswith("127.") and address != addresses[rank] and others:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                probe.connect((numeric(others[0]), 9))
                return probe.getsockname()[0]
        except OSError:
            pass
    return address


def memory_of_machine():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def install(node, engine):
    """The engine's environment: the node's own Python where that has it."""
    engine.check_node()
    packages = node.options.get("packages", [])
    found = None if packages else environment.of_node(engine.distribution, node.version, engine.program)
    if not found:
        cache = environment.Cache(
            environment.root(node.variables), node.install_variables, f"{node.logs}/install.log", node.say)
        found = cache.environment(engine.distribution, node.version, packages, node.deadline)
    engine.prepare(found)


def lead(node, engine):
    """Rank 0: returns the command's exit code."""
    try:
        desk = Desk(node.address, node.secret, node.count)
    except OSError as error:
        raise EngineFailure(EngineFailure.UNAVAILABLE, f"the nodes cannot meet: {error}") from error
    patience = 1.0
    try:
        install(node, engine)
        head = engine.start_head()
        desk.publish(head)
        engine.start_worker(head)
        wait_until_whole(node, engine, desk)
        variables = engine.command_variables()
        node.write_variables(variables)
        nodes = "1 node" if node.count == 1 else f"{node.count} nodes"
        node.say(f"{node.engine} {node.version} is up on {nodes} after {time.monotonic() - node.started:.0f} s")
        code = run_command(f"{node.programs}/command.sh", variables, lambda: check(engine, desk))
        patience = 8.0
        return 1 if code in EngineFailure.CODES else code
    except EngineFailure as failure:
        if failure.code == EngineFailure.INCOMPLETE:
            failure.lines += described(node, missing(desk))
        raise
    finally:
        desk.end(patience)


def wait_until_whole(node, engine, desk):
    """Until every node says that it is up, and the head has counted it."""
    engine.wait_until_up()
    while True:
        absent = missing(desk)
        if not absent and engine.count() >= node.count:
            return
        engine.check(EngineFailure.INCOMPLETE)
        if time.monotonic() > node.deadline:
            raise incomplete(node, engine, absent)
        time.sleep(0.1)


def missing(desk):
    """The nodes that are not up: rank, whether it is here, its state, its last lines."""
    return [(rank, here, state, lines) for rank, (here, state, lines) in sorted(desk.look().items())
            if not here or state != "is up"]


def incomplete(node, engine, absent):
    who = ", ".join(str(rank) for rank, _, _, _ in absent)
    what = f"node {who} is missing" if len(absent) == 1 else f"nodes {who} are missing" if absent else (
        "all nodes say that they are up, and its head does not count them")
    return EngineFailure(
        EngineFailure.INCOMPLETE, f"{node.engine} is not up on all {node.count} nodes after {node.patience:.0f} s: {what}",
        [] if absent else engine.lines())


def described(node, absent):
    """What is known of these nodes, in lines for people."""
    lines = []
    for rank, here, state, said in absent:
        lines.append(f"node {rank} ({node.addresses[rank]}) {state}" + ("" if here else ", and does not answer"))
        lines += [f"    {line}" for line in said]
    return lines


def check(engine, desk):
    """While the command runs: a node that leaves fails by itself, and ends this one; a dead head ends the command."""
    engine.check()
    for rank, (here, state, lines) in desk.look().items():
        if not here and state.startswith("has failed"):
            raise EngineFailure(EngineFailure.BROKEN, f"node {rank} {state}", lines)


def follow(node, engine):
    """Any other rank: returns when rank 0 says that it is over."""
    guest = Guest(numeric(node.addresses[0]), node.secret, node.rank, node.deadline)
    try:
        guest.tell("is installing the engine", lambda: last_lines(f"{node.logs}/install.log"))
        install(node, engine)
        guest.tell("waits for rank 0")
        while not guest.news:
            if guest.is_over:
                return 0
            if guest.is_lost:
                raise lost(node)
            guest.wait(1.0)
        guest.tell("is coming up", engine.lines)
        engine.start_worker(guest.news)
        engine.wait_until_up()
        node.write_variables(engine.command_variables())
        guest.tell("is up", engine.lines)
        while not guest.is_over:
            engine.check()
            if guest.is_lost:
                raise lost(node)
            guest.wait(0.5)
        return 0
    except EngineFailure as failure:
        lines = failure.lines
        guest.tell(f"has failed: {failure}", lambda: lines)
        raise
    finally:
        engine.stop()


def lost(node):
    """Rank 0 is gone, and is about to be told why; or it never came."""
    if time.monotonic() > node.deadline:
        return EngineFailure(
            EngineFailure.INCOMPLETE,
            f"rank 0 ({node.addresses[0]}) was not to be found within {node.patience:.0f} s: every node must reach every "
            "other at any port")
    time.sleep(GRACE)
    return EngineFailure(EngineFailure.BROKEN, f"the connection to rank 0 ({node.addresses[0]}) is gone")


def asked_to_end(_number, _frame):
    raise SystemExit(128 + signal.SIGTERM)


def main():
    signal.signal(signal.SIGTERM, asked_to_end)
    node = Node(os.environ)
    os.chmod(node.folder, 0o700)
    shutil.rmtree(node.logs, ignore_errors=True)
    os.makedirs(node.logs)
    engine = ENGINES[node.engine](node)
    try:
        return lead(node, engine) if node.rank == 0 else follow(node, engine)
    except EngineFailure as failure:
        for line in failure.lines:
            node.say(f"  {line}")
        node.say(str(failure))
        return failure.code
    finally:
        engine.stop()


if __name__ == "__main__":
    sys.exit(main())
