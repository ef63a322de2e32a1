"""Others that run jobs for whoever submits them, brought up for a moment on this machine: Slurm with one node, and Ray with
its job server. Each is a context manager that gives a function (count, at once) -> jobs a second, and raises Missing with the
reason where it cannot be had. Both need root and unshare(1). Nothing of them listens but on loopback, and nothing stays."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class Missing(Exception):
    pass


def need(*programs):
    if os.getuid() != 0:
        raise Missing("only root can give it namespaces of its own")
    for program in programs:
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
            raise Missing(f"there is no {program}")


def until(seconds, what, log, condition):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Missing(f"{what} does not come up: {log.read_text(errors='replace')[-800:]}")
        time.sleep(0.05)


@contextlib.contextmanager
def started(log, command, environment):
    """The process, in a session of its own and with its output in `log`; in the end its whole session is killed."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                   start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


SLURM = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1,default_queue_depth=1000
CompleteWait=0
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port=16818 CPUs=256 RealMemory=1000
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@contextlib.contextmanager
def slurm(at_once):
    """`at_once` is of `sbatch`: the node says that it has room for all jobs, since Slurm fills places that become free only once
    a second. The rate is from the first `sbatch` until none of the jobs is in the queue."""
    need("sbatch", "squeue", "scontrol", "munge", "munged", "slurmctld", "slurmd", "unshare")
    with tempfile.TemporaryDirectory(prefix="sky-slurm-", dir="/tmp") as name, contextlib.ExitStack() as ends:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        for part in ["munge", "controller", "spool"]:
            (folder / part).mkdir(mode=0o755)
        key = folder / "munge/key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        host = os.uname().nodename.split(".")[0]
        (folder / "hosts").write_text(f"127.0.0.1 localhost {host} n1\n")
        (folder / "slurm.conf").write_text(SLURM.format(folder=folder, host=host))
        environment = os.environ | {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": f"{os.environ['PATH']}:/usr/sbin"}

        def quietly(*command):
            return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

        def daemon(name, *command):
            ends.enter_context(started(folder / f"{name}.out", command, environment))

        # Where names are looked up a machine may not know its own.
        own_hosts = f"mount --bind {folder}/hosts /etc/hosts; exec "
        daemon("munged", "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge/socket",
               f"--pid-file={folder}/munge/pid", f"--log-file={folder}/munge/log", f"--seed-file={folder}/munge/seed")
        until(10, "munged", folder / "munged.out",
              lambda: quietly("munge", "-n", f"--socket={folder}/munge/socket").returncode == 0)
        daemon("slurmctld", "unshare", "--mount", "sh", "-c", own_hosts + "slurmctld -D -c")
        until(20, "slurmctld", folder / "slurmctld.out", lambda: quietly("scontrol", "ping").returncode == 0)
        # The shell stays as the first process, to reap what nobody else does.
        daemon("slurmd", "unshare", "--fork", "--pid", "--mount", "--kill-child=KILL", "sh", "-c",
               f"mount -t proc proc /proc; mount --bind {folder}/hosts /etc/hosts; slurmd -D -N n1 & wait $!")
        until(20, "slurmd", folder / "slurmd.out", lambda: "IDLE" in quietly("scontrol", "show", "node", "n1").stdout)

        def rate(count):
            started_at = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(at_once) as clients:
                submissions = list(clients.map(
                    lambda _: quietly("sbatch", "--output=/dev/null", "--mem=1", "--wrap", "true"), range(count)))
            for submission in submissions:
                if submission.returncode != 0:
                    raise Missing(submission.stderr)
            while quietly("squeue", "-h").stdout.strip():
                time.sleep(0.02)
            elapsed = time.perf_counter() - started_at
            states = quietly("scontrol", "-o", "show", "jobs").stdout.count("JobState=COMPLETED")
            if states < count:
                raise Missing(f"{states} of {count} jobs are completed")
            return count / elapsed

        yield rate


# Runs inside Ray's namespaces: submits COUNT jobs by the job server's own interface, AT_ONCE at a time, and prints how long it took.
RAY_CLIENT = """
import concurrent.futures, json, sys, time, urllib.request
def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request('http://127.0.0.1:8265/api/jobs/' + path, data, {'Content-Type': 'application/json'})
    return json.load(urllib.request.urlopen(request, timeout=60))
def one(_):
    job = ask('', {'entrypoint': 'true'})['submission_id']
    while (status := ask(job)['status']) in ('PENDING', 'RUNNING'):
        time.sleep(0.05)
    return status
started = time.perf_counter()
with concurrent.futures.ThreadPoolExecutor(int(sys.argv[2])) as clients:
    ends = set(clients.map(one, range(int(sys.argv[1]))))
print(json.dumps({'seconds': time.perf_counter() - started, 'ends': sorted(ends)}))
"""


@contextlib.contextmanager
def ray(at_once, program):
    """A head with its job server, in network, process and mount namespaces of its own: it listens on every address
    there is, and lets in whoever comes. The rate is from the first submission until the last end is known.

    `program` is the `ray` of an environment with ray[default], or None.
    """
    program = program or shutil.which("ray")
    if not program:
        raise Missing("there is no ray (pip install 'ray[default]'; --ray PATH says where)")
    need("unshare", "nsenter", "ip")
    # Its sockets need a short path.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as name, contextlib.ExitStack() as ends:
        folder = pathlib.Path(name)
        environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "NO_COLOR": "1",
                                    "PATH": f"{pathlib.Path(program).parent}:{os.environ['PATH']}"}
        outer = ends.enter_context(started(
            folder / "init.out",
            ["unshare", "--net", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child=KILL", "sh", "-c",
             "ip link set lo up; while :; do sleep 1000 & wait; done"], environment))
        children = pathlib.Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        until(10, "a namespace", folder / "init.out", lambda: children.read_text().strip())
        first = children.read_text().split()[0]

        def inside(*command, seconds=120):
            return subprocess.run(["nsenter", "--target", first, "--net", "--pid", "--mount", "--", *command],
                                  env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)

        answer = inside(program, "start", "--head", "--node-ip-address=127.0.0.1", "--port=6379", "--include-dashboard=true",
                        "--dashboard-host=127.0.0.1", "--dashboard-port=8265", f"--num-cpus={at_once}",
                        "--object-store-memory=100000000", f"--temp-dir={folder}")
        if answer.returncode != 0:
            raise Missing(answer.stderr[-800:])
        (folder / "start.out").write_text(answer.stdout)
        until(60, "Ray's job server", folder / "start.out", lambda: inside(
            sys.executable, "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8265/api/version', timeout=5)"
        ).returncode == 0)

        def rate(count):
            answer = inside(sys.executable, "-c", RAY_CLIENT, str(count), str(at_once), seconds=600)
            if answer.returncode != 0:
                raise Missing(answer.stderr[-800:])
            result = json.loads(answer.stdout)
            if result["ends"] != ["SUCCEEDED"]:
                raise Missing(f"jobs ended as {result['ends']}")
            return count / result["seconds"]

        yield rate
