#!/usr/bin/env python3
"""Holds the emulator against a real API server: the same questions to both, and what is different in their answers.

    confirm.py KUBECONFIG IMAGE [--record FILE]   asks a real cluster, says what the emulator answers otherwise, and writes down
                                                  what the cluster has answered
    confirm.py --recorded FILE                    holds the emulator against what was written down

Of the kubeconfig: one cluster, one user with a token who may do everything. IMAGE is on its nodes already, or they can pull it,
and has /bin/sh. A token of a user without any rights is in SKY_CONFIRM_STRANGER. It works in a namespace of its own, `confirm`.
"""

import base64
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

NAMESPACE = "confirm"
HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """One API server, real or not."""

    def __init__(self, url, authority, token, stranger, image):
        self.url, self.token, self.stranger, self.image = url, token, stranger, image
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port or 443)
        self.context = ssl.create_default_context(cafile=authority)
        self.context.check_hostname = False

    def connect(self):
        return self.context.wrap_socket(socket.create_connection(self.address, timeout=30))

    def ask(self, method, path, body=None, token="own", headers=()):
        """What it answers: status and JSON."""
        data = b"" if body is None else json.dumps(body).encode()
        with self.connect() as connection:
            connection.sendall(self._head(method, path, token, [
                "Connection: close", "Accept: application/json", "Content-Type: application/json",
                "Content-Length: %d" % len(data), *headers]) + data)
            answer = b""
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                answer += more
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b"transfer-encoding: chunked" in head.lower():
            rest = unchunked(rest)
        status = int(head.split(None, 2)[1])
        try:
            return status, json.loads(rest)
        except ValueError:
            return status, {"text": rest.decode(errors="replace").strip()}

    def _head(self, method, path, token, headers):
        token = {"own": self.token, "stranger": self.stranger}.get(token, token)
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: %s:%d" % self.address, *headers]
        if token:
            lines.append("Authorization: Bearer " + token)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def stream(self, path, protocols, send=(), token="own", accept="*/*"):
        """A WebSocket: what comes by channel until the other side closes it; or, where it is refused, the refusal."""
        with self.connect() as connection:
            headers = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                       "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(), "Accept: " + accept]
            if protocols:
                headers.append("Sec-WebSocket-Protocol: " + ", ".join(protocols))
            connection.sendall(self._head("GET", path, token, headers))
            reader = connection.makefile("rb")
            status = int(reader.readline().split(None, 2)[1])
            fields = {}
            for line in iter(reader.readline, b"\r\n"):
                name, _, value = line.decode().partition(":")
                fields[name.lower()] = value.strip()
            if status != 101:
                body = reader.read(int(fields.get("content-length", 0) or 0))
                try:
                    return {"status": status, **told(json.loads(body))}
                except ValueError:
                    return {"status": status, "text": body.decode(errors="replace").strip()}
            for channel, data in send:
                frame(connection, channel, data)
            return {"status": 101, "protocol": fields.get("sec-websocket-protocol"), **self._channels(reader)}

    @staticmethod
    def _channels(reader):
        channels, closing = {}, None
        while True:
            head = reader.read(2)
            if len(head) < 2:
                break
            length = head[1] & 127
            if length == 126:
                (length,) = struct.unpack(">H", reader.read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", reader.read(8))
            data = reader.read(length)
            if head[0] & 15 == 8:
                closing = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 0
                break
            if head[0] & 15 in (0, 1, 2) and data:
                channels[data[0]] = channels.get(data[0], b"") + data[1:]
        texts = {str(channel): data.decode(errors="replace") for channel, data in channels.items() if data}
        if "3" in texts:
            texts["3"] = json.loads(texts["3"])
        return {"channels": texts, "closing": closing}

    def until(self, path, condition, what):
        end = time.time() + 60
        while time.time() < end:
            status, answer = self.ask("GET", path)
            if condition(status, answer):
                return status, answer
            time.sleep(0.2)
        sys.exit("waited a minute for %s: %s" % (what, json.dumps(answer)))


class Real(Server):
    def __init__(self, kubeconfig, image):
        import yaml  # where a real cluster is asked only
        with open(kubeconfig) as file:
            config = yaml.safe_load(file)
        cluster = config["clusters"][0]["cluster"]
        super().__init__(cluster["server"], cluster["certificate-authority"], config["users"][0]["user"]["token"],
                         os.environ["SKY_CONFIRM_STRANGER"], image)

    def begin(self):
        self.ask("DELETE", "/api/v1/namespaces/" + NAMESPACE)
        self.until("/api/v1/namespaces/" + NAMESPACE, lambda status, _: status == 404, "the namespace to go")
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        self.until("/api/v1/namespaces/%s/serviceaccounts/default" % NAMESPACE, lambda status, _: status == 200,
                   "an account of the namespace")

    def limit(self, count):
        place = "/api/v1/namespaces/%s/resourcequotas" % NAMESPACE
        if count is None:
            self.ask("DELETE", place + "/team")
        else:
            self.ask("POST", place, {"metadata": {"name": "team"}, "spec": {"hard": {"pods": str(count)}}})
            self.until(place + "/team", lambda _, answer: "pods" in answer.get("status", {}).get("used", {}), "the quota")

    def end(self):
        self.ask("DELETE", "/api/v1/namespaces/" + NAMESPACE)


class Emulated(Server):
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "kube-emulator.py"), self.folder],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        ready = json.loads(self.process.stdout.readline())
        self.control = ("127.0.0.1", ready["control"])
        super().__init__("https://127.0.0.1:%d" % ready["port"], self.folder + "/pki/ca.crt", "admin-token",
                         "stranger-token", "debian")

    def tell(self, what):
        body = json.dumps(what).encode()
        with socket.create_connection(self.control) as connection:
            connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            while connection.recv(65536):
                pass

    def begin(self):
        self.tell({"tokens": {"admin-token": "admin", "stranger-token": "tester"}, "denied": [{"user": "tester"}],
                   "namespaces": ["default", NAMESPACE]})

    def limit(self, count):
        self.tell({"quota": count})

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        subprocess.call(["rm", "-rf", self.folder])


def frame(connection, channel, data):
    payload, mask = bytes([channel]) + data, os.urandom(4)
    assert len(payload) < 126
    connection.sendall(bytes([0x82, 0x80 | len(payload)]) + mask
                       + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)))


def unchunked(data):
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        whole += data[:int(size, 16)]
        data = data[int(size, 16) + 2:]
    return whole


def told(answer):
    """Of a refusal, what clients go by."""
    return {key: answer.get(key) for key in ("reason", "message", "code") if key in answer}


def seen(status, answer):
    return {"status": status, **told(answer)} if status >= 400 else {"status": status, "kind": answer.get("kind")}


def pod(name, image, command=("sleep", "600"), **changes):
    spec = {
        "automountServiceAccountToken": False, "enableServiceLinks": False, "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
        "containers": [{"name": "node", "image": image, "command": ["/bin/sh", "-c", " ".join(command)],
                        "resources": {"requests": {"cpu": "100m", "memory": "32Mi"},
                                      "limits": {"cpu": "100m", "memory": "32Mi"}}}]}
    spec["containers"][0].update(changes.pop("container", {}))
    metadata = {"name": name, "labels": {"confirm": "yes"}, **changes.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, **changes}}


PODS = "/api/v1/namespaces/%s/pods" % NAMESPACE
SLEEPER = ("trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done",)


class Questions:
    """All that is asked, in order: a method each, by whose name the answers are kept."""

    def __init__(self, server):
        self.server = server

    def answers(self):
        self.server.begin()
        try:
            names = [name for name in vars(Questions) if name.startswith("ask_")]
            return {name[4:]: getattr(self, name)() for name in names}
        finally:
            self.server.end()

    def create(self, *arguments, **changes):
        return self.server.ask("POST", PODS, pod(*arguments, **changes))

    def gone(self, name):
        self.server.ask("DELETE", "%s/%s" % (PODS, name), {"gracePeriodSeconds": 0})
        self.server.until("%s/%s" % (PODS, name), lambda status, _: status == 404, name + " to go")

    def condition(self, name, kind, path=None):
        """A pod's condition, once it is there."""
        def found(answer):
            return [each for each in answer.get("status", {}).get("conditions", []) if each["type"] == kind]
        _, answer = self.server.until("%s/%s" % (PODS, name), lambda _, answer: found(answer), "%s of %s" % (kind, name))
        return {"phase": answer["status"]["phase"], **{key: found(answer)[0].get(key) for key in ("status", "reason", "message")}}

    def waiting(self, name, reasons):
        def state(answer):
            statuses = answer.get("status", {}).get("containerStatuses") or [{}]
            return statuses[0].get("state", {}).get("waiting", {})
        _, answer = self.server.until("%s/%s" % (PODS, name), lambda _, answer: state(answer).get("reason") in reasons,
                                      name + " to be stuck")
        return {"phase": answer["status"]["phase"], "reason": state(answer)["reason"]}

    # Who asks

    def ask_version(self):
        _, answer = self.server.ask("GET", "/version")
        return {key: answer.get(key) for key in ("major", "minor")}

    def ask_with_a_wrong_token(self):
        return seen(*self.server.ask("GET", "/api/v1/nodes", token="wrong"))

    def ask_without_a_token(self):
        return seen(*self.server.ask("GET", "/api/v1/nodes", token=None))

    def ask_as_a_stranger(self):
        exec_path = PODS + "/x/exec?command=id&stdout=true"
        return {
            "nodes": seen(*self.server.ask("GET", "/api/v1/nodes", token="stranger")),
            "all pods": seen(*self.server.ask("GET", "/api/v1/pods", token="stranger")),
            "pods": seen(*self.server.ask("GET", PODS, token="stranger")),
            "a pod": seen(*self.server.ask("GET", PODS + "/x", token="stranger")),
            "create": seen(*self.server.ask("POST", PODS, pod("x", "x"), token="stranger")),
            "delete": seen(*self.server.ask("DELETE", PODS + "/x", token="stranger")),
            "events": seen(*self.server.ask("GET", PODS.replace("/pods", "/events"), token="stranger")),
            "exec": self.server.stream(exec_path, ["v4.channel.k8s.io"], token="stranger"),
        }

    def ask_what_one_may(self):
        def review(token):
            status, answer = self.server.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {"namespace": NAMESPACE, "verb": "create", "resource": "pods",
                                                "subresource": "exec"}}}, token=token)
            return {"status": status, "kind": answer.get("kind"), "allowed": answer.get("status", {}).get("allowed")}
        return {"own": review("own"), "stranger": review("stranger")}

    def ask_who_one_is(self):
        return seen(*self.server.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}))

    # Lists

    def ask_pages(self):
        for number in range(3):
            self.create("page-%d" % number, self.server.image, nodeSelector={"no": "where"})
        sizes, token, marks = [], "", []
        while True:
            _, page = self.server.ask("GET", PODS + "?limit=2&labelSelector=confirm%3Dyes"
                                      + ("&continue=" + urllib.parse.quote(token) if token else ""))
            sizes.append(len(page["items"]))
            token = page["metadata"].get("continue", "")
            marks.append(bool(token))
            if not token:
                break
        for number in range(3):
            self.gone("page-%d" % number)
        return {"kind": page["kind"], "version": page["apiVersion"], "sizes": sizes, "marks": marks,
                "unknown page": self.server.ask("GET", PODS + "?limit=2&continue=never-given")[1]["reason"]}

    def ask_for_labels(self):
        self.create("labelled", self.server.image, nodeSelector={"no": "where"}, metadata={"labels": {"a": "1", "b/c": "2"}})
        found = {}
        for selector in ("a=1", "a=2", "a!=1", "b/c", "!a", "a=1,b/c=2"):
            _, answer = self.server.ask("GET", PODS + "?labelSelector=" + urllib.parse.quote(selector))
            found[selector] = [item["metadata"]["name"] for item in answer["items"]]
        self.gone("labelled")
        return found

    # Pods that are refused

    def ask_for_wrong_pods(self):
        def resources(requests, limits):
            return {"container": {"resources": {"requests": requests, "limits": limits}}}
        wrong = {
            "name": dict(metadata={"name": "No_Good"}),
            "label": dict(metadata={"name": "a", "labels": {"a": "not so good"}}),
            "annotations": dict(metadata={"name": "a", "annotations": {"a": "x" * 262144}}),
            "no image": dict(container={"image": ""}),
            "no containers": dict(containers=[]),
            "over its limit": resources({"cpu": "2"}, {"cpu": "1"}),
            "cards": resources({"nvidia.com/gpu": "2"}, {"nvidia.com/gpu": "1"}),
            "cards without a limit": resources({"nvidia.com/gpu": "2"}, {}),
            "volume": dict(container={"volumeMounts": [{"name": "memory", "mountPath": "/dev/shm"}]}),
            "two things": dict(metadata={"name": "No_Good"}, containers=[]),
            "priority": dict(priorityClassName="nobodys"),
            "account": dict(serviceAccountName="nobodys"),
            "runtime": dict(runtimeClassName="nobodys"),
        }
        return {what: seen(*self.create("a", self.server.image, **changes)) for what, changes in wrong.items()}

    def ask_in_no_namespace(self):
        place = PODS.replace(NAMESPACE, "nowhere")
        return {"create": seen(*self.server.ask("POST", place, pod("a", self.server.image))),
                "list": seen(*self.server.ask("GET", place))}

    def ask_for_more_than_the_quota(self):
        self.server.limit(1)
        first = seen(*self.create("one", self.server.image, nodeSelector={"no": "where"}))
        second = seen(*self.create("two", self.server.image, nodeSelector={"no": "where"}))
        self.gone("one")
        self.server.limit(None)
        return {"first": first, "second": second}

    def ask_for_what_is_not_there(self):
        return {"get": seen(*self.server.ask("GET", PODS + "/missing")),
                "delete": seen(*self.server.ask("DELETE", PODS + "/missing", {"gracePeriodSeconds": 2})),
                "exec": self.server.stream(PODS + "/missing/exec?command=id&stdout=true", ["v4.channel.k8s.io"]),
                "a kind": seen(*self.server.ask("GET", "/api/v1/namespaces/%s/pigeons" % NAMESPACE))}

    # Pods that wait

    def ask_for_a_node_that_is_not(self):
        first = seen(*self.create("waits", self.server.image, nodeSelector={"no": "where"}))
        second = seen(*self.create("waits", self.server.image, nodeSelector={"no": "where"}))
        scheduled = self.condition("waits", "PodScheduled")
        _, events = self.server.until(
            PODS.replace("/pods", "/events") + "?fieldSelector=" + urllib.parse.quote("involvedObject.name=waits"),
            lambda _, answer: answer.get("items"), "an event")
        event = events["items"][0]
        inside = self.server.stream(PODS + "/waits/exec?command=id&stdout=true", ["v4.channel.k8s.io"])
        ports = self.server.stream(PODS + "/waits/portforward?ports=80", ["v4.channel.k8s.io"])
        deleted = self.server.ask("DELETE", PODS + "/waits", {"gracePeriodSeconds": 2})
        return {"create": first, "again": second, "scheduled": scheduled,
                "event": {key: event.get(key) for key in ("reason", "message", "type")},
                "exec": inside, "ports": ports, "delete": {"status": deleted[0], "kind": deleted[1].get("kind")},
                "afterwards": seen(*self.server.ask("GET", PODS + "/waits"))}

    def ask_for_too_much(self):
        self.create("large", self.server.image,
                    container={"resources": {"requests": {"cpu": "4000"}, "limits": {"cpu": "4000"}}})
        scheduled = self.condition("large", "PodScheduled")
        self.gone("large")
        self.create("cards", self.server.image, container={"resources": {"limits": {"nvidia.com/gpu": "1"}}})
        cards = self.condition("cards", "PodScheduled")
        self.gone("cards")
        return {"processors": scheduled, "cards": cards}

    def ask_for_wrong_images(self):
        self.create("misnamed", "No Such:Image:")
        misnamed = self.waiting("misnamed", ("InvalidImageName", "ErrImagePull", "ImagePullBackOff"))
        self.gone("misnamed")
        return {"misnamed": misnamed}

    # Pods that run

    def ask_for_a_pod(self):
        _, made = self.create("runs", self.server.image, SLEEPER, tolerations=[{"key": "mine", "operator": "Exists"}])
        path = PODS + "/runs"
        _, runs = self.server.until(path, lambda _, answer: answer["status"]["phase"] == "Running", "a pod to run")
        status, container = runs["status"], runs["status"]["containerStatuses"][0]
        shown = {
            "made": {"phase": made["status"]["phase"], "uid": bool(made["metadata"].get("uid")),
                     "tolerations": sorted(each["key"] + ":" + each.get("effect", "") for each in made["spec"]["tolerations"])},
            "runs": {"address": bool(status.get("podIP")), "node": bool(runs["spec"].get("nodeName")),
                     "started": bool(status.get("startTime")), "container": container["name"], "ready": container["ready"],
                     "restarts": container["restartCount"], "state": sorted(container["state"]),
                     "conditions": sorted(each["type"] + "=" + each["status"] for each in status["conditions"])}}
        shown["streams"] = self.streams()
        shown["ports"] = self.ports()
        return shown

    def streams(self):
        def run(command, protocols=("v4.channel.k8s.io",), more="", send=(), accept="*/*"):
            query = "".join("&command=" + urllib.parse.quote(word) for word in command)
            return self.server.stream(
                PODS + "/runs/exec?stdout=true&stderr=true" + more + query, protocols, send, accept=accept)
        shell = ["/bin/sh", "-c"]
        return {
            "output": run(shell + ["echo out; echo err >&2"]),
            "output as JSON": run(shell + ["echo out"], accept="application/json"),
            "exit code": run(shell + ["exit 7"]),
            "killed": run(shell + ["kill -9 $$"]),
            "input": run(shell + ["head -c 3"], more="&stdin=true", send=[(0, b"abc")]),
            "newer first": run(shell + ["echo out"], ("v5.channel.k8s.io", "v4.channel.k8s.io")),
            "unknown protocol": run(shell + ["echo out"], ("v9.channel.k8s.io",)),
            "no WebSocket": {"status": self.server.ask("GET", PODS + "/runs/exec?stdout=true&command=id")[0]},
            "terminal": run(shell + ["test -t 0 && echo yes"], more="&stdin=true&tty=true"),
        }

    def ports(self):
        path = PODS + "/runs/portforward?ports=9"
        closed = self.server.stream(path, ["v4.channel.k8s.io"], [(0, b"x")])
        closed["channels"] = sorted(closed.get("channels", {}))
        return {"closed": closed}

    def ask_for_its_end(self):
        """Of the pod that ran before, and of one that does not end when it is asked to."""
        self.create("stays", self.server.image, ("trap '' TERM; sleep 600 & wait; sleep 600",))
        path = PODS + "/stays"
        self.server.until(path, lambda _, answer: answer["status"]["phase"] == "Running", "a pod to run")
        time.sleep(1)
        status, first = self.server.ask("DELETE", path, {"gracePeriodSeconds": 4})
        shown = {"status": status, "kind": first.get("kind"), "ends": bool(first["metadata"].get("deletionTimestamp")),
                 "grace": first["metadata"].get("deletionGracePeriodSeconds"),
                 "again meanwhile": seen(*self.create("stays", self.server.image))}
        status, second = self.server.ask("DELETE", path, {"gracePeriodSeconds": 4})
        shown["deleted twice"] = {"status": status, "grace": second["metadata"].get("deletionGracePeriodSeconds")}
        self.server.until(path, lambda status, _: status == 404, "a pod to go")
        status, last = self.server.ask("DELETE", PODS + "/runs", {"gracePeriodSeconds": 0})
        shown["without grace"] = {"status": status, "kind": last.get("kind")}
        shown["after that"] = seen(*self.server.ask("GET", PODS + "/runs"))
        return shown

    def ask_for_what_ends_by_itself(self):
        found = {}
        for name, command in (("well", "true"), ("badly", "exit 3")):
            self.create(name, self.server.image, (command,))
            path = "%s/%s" % (PODS, name)
            _, answer = self.server.until(
                path, lambda _, answer: answer["status"]["phase"] in ("Succeeded", "Failed"), name + " to end")
            ended = answer["status"]["containerStatuses"][0]["state"]["terminated"]
            found[name] = {"phase": answer["status"]["phase"], "code": ended["exitCode"], "reason": ended["reason"],
                           "exec": self.server.stream(path + "/exec?command=id&stdout=true", ["v4.channel.k8s.io"])}
            self.gone(name)
        return found


def plain(value):
    """Without what differs between two clusters that are alike: how many nodes there are."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return re.sub(r"\b(0/)?\d+( node\(s\)| nodes| Insufficient)", r"\1N\2", value)
    return value


def differences(real, emulated, place=""):
    if isinstance(real, dict) and isinstance(emulated, dict):
        for key in sorted(set(real) | set(emulated)):
            yield from differences(real.get(key), emulated.get(key), "%s/%s" % (place, key))
    elif real != emulated:
        yield "%s\n    real      %s\n    emulated  %s" % (place[1:], json.dumps(real), json.dumps(emulated))


def main(arguments):
    if arguments[0] == "--recorded":
        with open(arguments[1]) as file:
            real = json.load(file)
    else:
        real = plain(Questions(Real(arguments[0], arguments[1])).answers())
        if arguments[2:3] == ["--record"]:
            with open(arguments[3], "w") as file:
                json.dump(real, file, indent=1, sort_keys=True)
                file.write("\n")
    found = list(differences(real, plain(Questions(Emulated()).answers())))
    print("\n".join(found) if found else "the same answers to %d questions" % len(real))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
