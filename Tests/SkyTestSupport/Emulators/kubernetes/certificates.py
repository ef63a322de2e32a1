"""An authority of one's own, and who it vouches for; made with the openssl command."""

import os
import subprocess


def _run(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make(folder, clients):
    """ca.crt, server.crt and server.key, and NAME.crt and NAME.key for each client, whose groups are given."""
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _run("req", "-x509", *curve, "-keyout", path("ca.key"), "-out", path("ca.crt"), "-subj", "/CN=emulated-ca",
         "-days", "30")
    with open(path("names.cnf"), "w") as names:
        names.write("subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc\n")
    wanted = [("server", "/CN=kube-apiserver", ["-extfile", path("names.cnf")])]
    wanted += [(name, "/O=%s/CN=%s" % (group, name), []) for name, group in clients.items()]
    for number, (name, subject, more) in enumerate(wanted):
        _run("req", *curve, "-keyout", path(name + ".key"), "-out", path(name + ".csr"), "-subj", subject)
        _run("x509", "-req", "-in", path(name + ".csr"), "-CA", path("ca.crt"), "-CAkey", path("ca.key"),
             "-set_serial", str(1000 + number), "-out", path(name + ".crt"), "-days", "30", *more)
