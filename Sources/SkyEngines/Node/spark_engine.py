"""Spark: a standalone cluster with its master on rank 0 and a worker on every node."""
import glob
import json
import os
import re
import shutil
import subprocess
import urllib.request

from processes import Daemon, EngineFailure, last_lines, text_of

# What runs and how it gets on, without the many lines that Spark says of itself.
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.deploy.name = org.apache.spark.deploy
logger.deploy.level = info
logger.client.name = org.apache.spark.deploy.client
logger.client.level = warn
logger.submit.name = org.apache.spark.deploy.SparkSubmit
logger.submit.level = warn
logger.stages.name = org.apache.spark.scheduler.DAGScheduler
logger.stages.level = info
logger.stages.filter.ends.type = RegexFilter
logger.stages.filter.ends.regex = (?s)(\\\\w*Stage \\\\d+ .* (finished|failed) in .*|Job \\\\d+ (finished|failed): .*)
logger.stages.filter.ends.onMatch = ACCEPT
logger.stages.filter.ends.onMismatch = DENY
"""


class Spark:
    distribution, program = "pyspark", "spark-submit"

    def __init__(self, node):
        self.node = node
        self.daemons = []
        self.environment = self.java_options = self.home = self.java_home = self.address = self.page = None
        self.folder = f"{node.folder}/spark"
        # Of all nodes, as the master counts them.
        self.cores = 0

    # What the node must have

    def check_node(self):
        """Looks for a Java that is new enough, or says how to get one."""
        least = 17 if int(self.node.version.split(".")[0]) >= 4 else 8
        named = self.node.variables.get("JAVA_HOME")
        found = []
        for program in self.javas(named):
            version = java_version(program)
            if version and version >= least:
                self.java_home = os.path.dirname(os.path.dirname(os.path.realpath(program)))
                return
            found.append(f"Java {version}, {program}" if version else f"{program}, which does not run")
        has = f"this node has {'; '.join(found)}" if found else "this node has none"
        raise EngineFailure(
            EngineFailure.UNAVAILABLE,
            f"Spark {self.node.version} needs Java {least} or newer, and {has}: install it in the image or in 'setup' (on "
            "Debian and Ubuntu: apt-get install -y openjdk-17-jre-headless), or name one in 'envs' as JAVA_HOME")

    def javas(self, named):
        if named:
            return [f"{named}/bin/java"]
        first = shutil.which("java", path=self.node.variables.get("PATH"))
        others = sorted(glob.glob("/usr/lib/jvm/*/bin/java"))
        return list(dict.fromkeys(([first] if first else []) + others))

    def prepare(self, environment):
        self.environment = environment
        self.home = self.find_home()
        shutil.rmtree(self.folder, ignore_errors=True)
        # Whatever is killed leaves nothing outside of the node's own folder.
        self.java_options = f"-XX:-UsePerfData -Djava.io.tmpdir={self.folder}/tmp"
        for name in ("conf", "local", "work", "tmp"):
            os.makedirs(f"{self.folder}/{name}", mode=0o700)
        self.configure({})

    def find_home(self):
        question = "import os, pyspark; print(os.path.dirname(pyspark.__file__))"
        answer = subprocess.run(
            [self.environment.python, "-c", question], env=self.environment.variables(self.node.variables),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise EngineFailure(EngineFailure.UNAVAILABLE, "pyspark cannot be imported", answer.stderr.splitlines()[-8:])
        return answer.stdout.strip()

    def configure(self, more):
        """Writes what Spark's processes, the command's own among them, find at their start."""
        node = self.node
        settings = {
            "spark.authenticate": "true", "spark.authenticate.secret": node.secret,
            "spark.network.crypto.enabled": "true", "spark.driver.host": node.address,
            "spark.driver.bindAddress": node.address, "spark.executor.memory": f"{self.worker_memory}m",
            "spark.master.rest.enabled": "false", "spark.ui.enabled": "false", "spark.ui.killEnabled": "false",
            "spark.ui.showConsoleProgress": "false", "spark.driver.defaultJavaOptions": self.java_options,
            "spark.executor.defaultJavaOptions": self.java_options, "spark.worker.timeout": "20", **more,
            **node.options.get("conf", {}),
        }
        text = "".join(f"{key} {escaped(str(value))}\n" for key, value in settings.items())
        path = f"{self.folder}/conf/spark-defaults.conf"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        with open(f"{self.folder}/conf/log4j2.properties", "w", encoding="utf-8") as file:
            file.write(LOGGING)

    @property
    def worker_memory(self):
        """MiB."""
        return max((self.node.options.get("memory") or self.node.memory * 6 // 10) >> 20, 512)

    def variables(self):
        variables = self.environment.variables(self.node.variables)
        variables.update(
            SPARK_HOME=self.home, SPARK_CONF_DIR=f"{self.folder}/conf", SPARK_LOCAL_IP=self.node.address,
            SPARK_LOCAL_DIRS=f"{self.folder}/local", SPARK_DAEMON_MEMORY="512m",
            SPARK_DAEMON_JAVA_OPTS=self.java_options, JAVA_HOME=self.java_home,
            PYSPARK_PYTHON=self.environment.python, PYSPARK_DRIVER_PYTHON=self.environment.python)
        variables["PATH"] += f":{self.home}/bin"
        return variables

    def command_variables(self):
        # Its tasks begin when all nodes are there for them, not when the first is.
        everybody = {
            "spark.cores.max": self.cores, "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "120s"} if self.cores else {}
        self.configure({"spark.master": self.address, **everybody})
        return {**self.variables(), "SPARK_MASTER_URL": self.address}

    # Its processes

    def start_head(self):
        self.start("the Spark master", "master.Master", "master.log", ["--host", self.node.address])
        self.address = self.wait_for("master.log", r"Starting Spark master at (spark://\S+)")
        self.page = self.wait_for("master.log", r"MasterWebUI.* started at (http://\S+)")
        return {"address": self.address}

    def start_worker(self, head):
        self.address = head["address"]
        # Programs that connect need not be told where.
        self.configure({"spark.master": self.address})
        self.start(
            "the Spark worker", "worker.Worker", "worker.log",
            ["--host", self.node.address, "--cores", str(self.node.options.get("cpus") or self.node.cpus),
             "--memory", f"{self.worker_memory}m", "--work-dir", f"{self.folder}/work", self.address])

    def start(self, name, kind, log, arguments):
        self.daemons.append(Daemon(
            name,
            [f"{self.home}/bin/spark-class", f"org.apache.spark.deploy.{kind}", "--port", "0", "--webui-port", "0"]
            + arguments, self.node.daemon_variables(self.variables()), f"{self.node.logs}/{log}", self.node.work))

    def wait_until_up(self):
        return self.wait_for("worker.log", r"Successfully registered with (master)")

    def wait_for(self, log, pattern):
        while True:
            match = re.search(pattern, text_of(f"{self.node.logs}/{log}"))
            if match:
                return match.group(1)
            self.check(EngineFailure.INCOMPLETE)
            self.node.pause(f"{self.daemons[-1].name} did not come up in time", lines=self.lines)

    def count(self):
        """How many workers the master counts as alive."""
        try:
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(f"{self.page}/json/", timeout=10) as answer:
                state = json.load(answer)
            self.cores = int(state["cores"])
            return int(state["aliveworkers"])
        except (OSError, ValueError, KeyError):
            return 0

    def check(self, code=EngineFailure.BROKEN):
        for daemon in self.daemons:
            if not daemon.is_alive:
                raise daemon.failure(code)

    def lines(self):
        worker = last_lines(f"{self.node.logs}/worker.log")
        return worker or last_lines(f"{self.node.logs}/master.log")

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.stop()


def java_version(program):
    """17 of `openjdk version "17.0.15"`, 8 of `"1.8.0_392"`; None if it does not run."""
    try:
        answer = subprocess.run([program, "-version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stdout)
    return int(match.group(1)) if match and answer.returncode == 0 else None


def escaped(value):
    """A value in a file of Java properties."""
    return value.replace("\\", "\\\\").replace("\n", "\\n")
