"""Ray: a head on rank 0, a node on each of the others."""
import os
import shutil
import time

from processes import Daemon, EngineFailure, last_lines, run_bounded

class ShortPath:
    """A short name of a folder, there as long as this process: Ray's sockets are in there, and a socket's path has 107 letters
    at most. Nothing is left of it, whoever is killed."""

    def __init__(self, folder):
        self.descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self.path = f"/proc/{os.getpid()}/fd/{self.descriptor}"


class Ray:
    distribution, program = "ray", "ray"

    def __init__(self, node):
        self.node = node
        self.daemons = []
        self.folder = None
        self.address = None
        self.environment = None

    def check_node(self):
        """Ray needs nothing but Python."""

    def prepare(self, environment):
        self.environment = environment
        place = f"{self.node.folder}/ray"
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place, 0o700)
        self.folder = ShortPath(place)
        with open(os.open(f"{self.folder.path}/token", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as token:
            token.write(self.node.secret)

    @property
    def is_loopback(self):
        return self.node.address == "127.0.0.1"

    def variables(self):
        """Of the engine's own processes and of the command."""
        variables = self.environment.variables(self.node.variables)
        variables.update(
            RAY_USAGE_STATS_ENABLED="0", RAY_DISABLE_DOCKER_CPU_WARNING="1", RAY_COLOR_PREFIX="0", RAY_TMPDIR=self.folder.path,
            RAY_AUTH_MODE="token", RAY_AUTH_TOKEN_PATH=f"{self.folder.path}/token")
        if self.is_loopback:
            # Keeps programs that connect from looking for another address of this machine.
            variables["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        if self.address:
            variables["RAY_ADDRESS"] = self.address
        return variables

    def command_variables(self):
        return self.variables()

    def start_head(self):
        self.start("the Ray head", ["--head", "--port=0", "--include-dashboard=false"])
        self.address = self.wait_until_up()
        return {"address": self.address}

    def start_worker(self, head):
        """Every node works; the head's does so by itself."""
        if self.node.rank > 0:
            self.address = head["address"]
            self.start("the Ray node", [f"--address={self.address}"])

    def start(self, name, arguments):
        node = self.node
        store = node.options.get("object_store") or min(node.memory // 5, 2 << 30)
        cli = [self.environment.python, f"{node.programs}/ray_cli.py"] if self.is_loopback else [
            self.environment.program("ray")]
        variables = node.daemon_variables(self.variables())
        # What is started is told by its arguments alone.
        for variable in ("RAY_ADDRESS", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
            variables.pop(variable, None)
        self.daemons.append(Daemon(
            name,
            cli + ["start", "--block", f"--node-ip-address={node.address}", f"--temp-dir={self.folder.path}",
                   f"--num-cpus={node.options.get('cpus') or node.cpus}",
                   f"--memory={node.options.get('memory') or max(node.memory * 7 // 10 - store, 256 << 20)}",
                   f"--object-store-memory={max(store, 80 << 20)}", "--min-worker-port=0", "--max-worker-port=0",
                   f'--resources={{"sky_rank_{node.rank}": 1}}', "--disable-usage-stats"] + arguments,
            variables, f"{node.logs}/ray.log", node.work))

    def wait_until_up(self):
        """Ray writes the cluster's address down when it has come up."""
        path = f"{self.folder.path}/ray_current_cluster"
        while True:
            try:
                with open(path, encoding="utf-8") as file:
                    address = file.read().strip()
                if address:
                    return address
            except OSError:
                pass
            self.check(EngineFailure.INCOMPLETE)
            self.node.pause(f"{self.daemons[-1].name} did not come up in time", lines=self.lines)

    def count(self):
        """How many nodes are in the cluster."""
        log = f"{self.node.logs}/nodes.log"
        if os.path.exists(log):
            os.unlink(log)
        code = run_bounded(
            [self.environment.python, f"{self.node.programs}/ray_nodes.py", str(self.node.count), "10"],
            self.variables(), log, min(self.node.deadline, time.monotonic() + 90))
        try:
            return int(last_lines(log, 1)[0]) if code == 0 else 0
        except (IndexError, ValueError):
            return 0

    def check(self, code=EngineFailure.BROKEN):
        """Raises if something of the engine has ended on this node."""
        for daemon in self.daemons:
            if not daemon.is_alive:
                raise daemon.failure(code)

    def lines(self):
        return last_lines(f"{self.node.logs}/ray.log")

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()
