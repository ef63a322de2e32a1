#!/usr/bin/env python3
"""A provider for sky in a hundred lines: it rents out sshd processes of this machine, each on a port of its own.

It speaks the protocol of docs/exec-adapter.md: a line of JSON comes in, a line of JSON goes out. Its machines are folders below the one
that `hello` names, so that it may be killed at any moment, and by another of its kind be gone on with.
"""
import json, os, pwd, shutil, signal, socket, subprocess, sys, time

machines = ""
SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
CONFIG = """ListenAddress 127.0.0.1:{port}
HostKey {folder}/key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
SetEnv HOME={folder}/home
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 100:30:200
"""


class Refusal(Exception):
    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def hello(body):
    global machines
    machines = os.path.join(body["folder"], "machines")
    os.makedirs(machines, exist_ok=True)
    return {"version": 1}


def create(order):
    if SSHD is None:
        raise Refusal("credentials", "there is no sshd: install openssh-server")
    if order["nodes"] > 8:
        raise Refusal("noCapacity", "this machine has room for eight others")
    for rank in range(order["nodes"]):
        folder = f"{machines}/{order['token']}-{rank}"
        if not os.path.exists(folder):  # Made aside, and there in one step: half a machine is none.
            make(folder, order, rank)
        if not os.path.exists(f"{folder}/sshd.pid"):
            start(folder)
    return {}


def run(*command):
    """The streams of this program are for the conversation alone."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def start(folder):
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)  # Root's sshd insists on it.
    run(SSHD, "-f", f"{folder}/sshd_config", "-E", f"{folder}/log")
    while not os.path.exists(f"{folder}/sshd.pid"):  # Written once it listens.
        time.sleep(0.005)


def make(folder, order, rank):
    draft = f"{folder}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    os.makedirs(f"{draft}/home")
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{draft}/key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {key: order[key] for key in ("token", "run", "nodes", "region", "instance_type")}
    told |= {"id": os.path.basename(folder), "rank": rank, "public_address": "127.0.0.1", "ssh_port": port}
    told |= {"user": pwd.getpwuid(os.getuid()).pw_name, "created_at": time.time(), "tags": order["tags"][rank]}
    for name, text in (("authorized_keys", order["public_key"] + "\n"), ("machine.json", json.dumps(told)),
                       ("sshd_config", CONFIG.format(folder=folder, port=port))):
        with open(f"{draft}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    os.rename(draft, folder)


def describe(name):
    with open(f"{machines}/{name}/machine.json", encoding="utf-8") as file:
        told = json.load(file)
    if not os.path.exists(f"{machines}/{name}/sshd.pid"):
        return told | {"state": "pending"}
    runs = processes(f"{machines}/{name}")
    return told | ({"state": "running"} if runs else {"state": "ended", "reason": "its sshd is gone"})


def known(field, value):
    names = [name for name in sorted(os.listdir(machines)) if not name.endswith(".draft")]
    return [told for told in map(describe, names) if value is None or told[field] == value]


def remove(group):
    for told in known("token", group["token"]):
        folder = f"{machines}/{told['id']}"
        while pids := processes(folder):
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
        shutil.rmtree(folder)
    return {"gone": True}


def processes(folder):
    """Whatever runs on the machine: what has its folder in its command line or its variables, and what descends from that."""
    parents, found = {}, set()
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            state, parent = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[:2]
            text = open(f"/proc/{pid}/cmdline", "rb").read() + open(f"/proc/{pid}/environ", "rb").read()
        except OSError:
            continue
        if state != "Z" and pid != os.getpid():
            parents[pid] = int(parent)
            if f"{folder}/".encode() in text:
                found.add(pid)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def host_keys(machine):
    with open(f"{machines}/{machine['id']}/key.pub", encoding="utf-8") as file:
        return {"keys": [" ".join(file.read().split()[:2])]}


CALLS = {"hello": hello, "create": create, "remove": remove, "host_keys": host_keys,
         "machines": lambda group: {"machines": known("token", group["token"])},
         "list": lambda body: {"machines": [m for m in known("run", body.get("run")) if m["state"] != "ended"]}}

for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = {"result": CALLS[question["call"]](question["body"])}
    except Refusal as refusal:
        answer = {"error": {"kind": refusal.kind, "message": str(refusal)}}
    except Exception as error:  # Whatever it is: sky asks again after a while, and shows it when it stays.
        answer = {"error": {"kind": "transient", "message": f"{type(error).__name__}: {error}"}}
    print(json.dumps({"id": question["id"]} | answer), flush=True)
