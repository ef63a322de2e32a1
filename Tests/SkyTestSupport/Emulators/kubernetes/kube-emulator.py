#!/usr/bin/env python3
"""An API server of Kubernetes with nodes that this machine stands in for, written from the public API documents and from how a
real 1.20 behaves: TLS with an authority of its own, tokens and client certificates, roles, pages, conflicts, quotas, scheduling,
and pods that are real processes which commands run in over WebSockets.

    kube-emulator.py FOLDER     prints one line of JSON when it is ready, and ends with its standard input

A second port speaks plain HTTP and is no part of Kubernetes: there tests say what goes wrong, and look at what was asked.
"""

import base64
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import certificates  # noqa: E402
import streams  # noqa: E402
from cluster import Cluster  # noqa: E402
from held_call import HeldCall  # noqa: E402
from machines import amount  # noqa: E402

NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
# Whoever asked is not there any more, in the words of the connection, of TLS and of WebSockets.
GONE = (ConnectionError, ssl.SSLError, streams.Gone)
LABEL = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$")


class Refusal(Exception):
    def __init__(self, code, reason, message, retry_after=None, details=None):
        self.code, self.reason, self.message, self.retry_after = code, reason, message, retry_after
        self.details = details or {}


class State:
    """What tests have said, and what was asked."""

    def __init__(self, folder):
        self.lock = threading.RLock()
        self.cluster = Cluster(folder)
        self.tokens = {"admin-token": "admin", "developer-token": "developer"}
        self.minor = 20
        self.faults = []  # see `fault`
        self.denied = []  # {"verb", "resource", "user"}
        self.calls = []
        self.pages_from = 1  # continue tokens of before are not known any more
        self.dead_after = None  # so many calls are heard; then the connection ends: {"count", "after"}
        self.failures = []
        self.held = HeldCall()

    def refuse_if_told_to(self, call):
        """What a test has said about this call; `after` means that it is done all the same, and only the answer is lost."""
        with self.lock:
            for fault in self.faults:
                if fault.get("method") not in (None, call["method"]) or fault.get("path", "") not in call["path"]:
                    continue
                if fault.get("times", 1) <= 0:
                    continue
                fault["times"] = fault.get("times", 1) - 1
                return fault
            return None


def is_denied(state, user, verb, resource):
    return any(rule.get("verb") in (None, verb) and rule.get("resource") in (None, resource)
               and rule.get("user") in (None, user) for rule in state.denied)


def matches(labels, selector):
    """Whether labels are as a selector of the simple kinds wants: `a`, `!a`, `a=b`, `a!=b`."""
    for part in filter(None, (selector or "").split(",")):
        key, sign, value = part.partition("=")
        is_unlike = key.endswith("!")
        key = key.rstrip("!=")
        if not sign:
            is_right = key[1:] not in labels if key.startswith("!") else key in labels
        else:
            is_right = (labels.get(key) == value.lstrip("=")) != is_unlike
        if not is_right:
            return False
    return True


NAME_RULE = ("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
             "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
             "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
LABEL_RULE = ("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
              "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
              "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")


def check_pod(pod):
    """What validation says of it, as far as clients may get it wrong, in the words of 1.20."""
    meta, spec, wrong = pod.get("metadata", {}), pod.get("spec", {}), []
    name = meta.get("name", "")
    if not NAME.match(name) or len(name) > 253:
        wrong.append("metadata.name: Invalid value: \"%s\": %s" % (name, NAME_RULE))
    for key, value in (meta.get("labels") or {}).items():
        if not isinstance(value, str) or not LABEL.match(value):
            wrong.append("metadata.labels: Invalid value: \"%s\": %s" % (value, LABEL_RULE))
    if sum(len(key) + len(value) for key, value in (meta.get("annotations") or {}).items()) > 262144:
        wrong.append("metadata.annotations: Too long: must have at most 262144 bytes")
    if not spec.get("containers"):
        wrong.append("spec.containers: Required value")
    for container in spec.get("containers", []):
        if not container.get("image"):
            wrong.append("spec.containers[0].image: Required value")
        resources = container.get("resources", {})
        requests, limits = resources.get("requests", {}), resources.get("limits", {})
        for key, value in requests.items():
            limit = limits.get(key)
            if "/" in key and limit is None:
                wrong.append("spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable "
                             "resources")
            elif "/" in key and limit != value:
                wrong.append("spec.containers[0].resources.requests: Invalid value: \"%s\": must be equal to %s limit"
                             % (value, key))
            elif limit is not None and amount(value) > amount(limit):
                wrong.append("spec.containers[0].resources.requests: Invalid value: \"%s\": must be less than or equal to "
                             "%s limit" % (value, key))
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                wrong.append("spec.containers[0].volumeMounts[0].name: Not found: \"%s\"" % mount["name"])
    if wrong:
        words = wrong[0] if len(wrong) == 1 else "[%s]" % ", ".join(wrong)
        raise Refusal(422, "Invalid", "Pod \"%s\" is invalid: %s" % (name, words))


def admit_pod(pod, namespace):
    """What the admission of a server says of names that mean nothing to it: here there are none of these kinds."""
    spec, name = pod.get("spec", {}), pod.get("metadata", {}).get("name", "")
    account = spec.get("serviceAccountName")
    words = [
        (spec.get("priorityClassName"), "no PriorityClass with name %(what)s was found"),
        (account if account != "default" else None, "error looking up service account %(place)s/%(what)s: "
         "serviceaccount \"%(what)s\" not found"),
        (spec.get("runtimeClassName"), "pod rejected: RuntimeClass \"%(what)s\" not found")]
    for what, message in words:
        if what:
            raise Refusal(403, "Forbidden", "pods \"%s\" is forbidden: %s"
                          % (name, message % {"what": what, "place": namespace}))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state, held = None, None

    def log_message(self, *arguments):
        pass

    # Answering

    def answer(self, code, body, headers=()):
        self.wait_where_held()
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def answer_plainly(self, code, text):
        """As kubelets do, whose refusals an API server passes on."""
        self.wait_where_held()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def wait_where_held(self):
        """What is held before its answer goes out."""
        state = self.state
        with state.cluster.lock:
            state.held.see(len(state.cluster.pods))
        if self.held == "after" and state.held.is_outlived(self.connection):
            raise streams.Gone
        self.held = None

    def refuse(self, refusal):
        headers = [("Retry-After", str(refusal.retry_after))] if refusal.retry_after is not None else []
        if refusal.reason is None:
            return self.answer_plainly(refusal.code, refusal.message)
        self.answer(refusal.code, {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": refusal.message,
            "reason": refusal.reason, "details": refusal.details, "code": refusal.code}, headers)

    def do_GET(self):
        self.handle_call("GET")

    def do_POST(self):
        self.handle_call("POST")

    def do_DELETE(self):
        self.handle_call("DELETE")

    def do_PUT(self):
        self.handle_call("PUT")

    def do_PATCH(self):
        self.handle_call("PATCH")

    def handle_call(self, method):
        try:
            self.hear(method)
        except GONE:
            self.close_connection = True

    def hear(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            raise streams.Gone
        path, _, query = self.path.partition("?")
        call = {"method": method, "path": path, "query": query, "at": time.time()}
        state = self.state
        with state.lock:
            state.calls.append(call)
            number = len(state.calls)
            dead = state.dead_after
            if dead and dead["count"] is not None:
                dead["count"] -= 1
                if dead["count"] < 0 or (dead["count"] == 0 and not dead.get("after")):
                    return self.hang_up()
        self.held = state.held.comes("%s %s" % (method, urllib.parse.unquote(self.path)))
        if self.held == "before" and state.held.is_outlived(self.connection):
            return self.hang_up()
        loses = bool(dead and dead["count"] == 0)
        try:
            fault = state.refuse_if_told_to(call)
            if fault and fault.get("drop"):
                return self.hang_up()
            if fault and not fault.get("after"):
                raise Refusal(fault["status"], fault.get("reason", ""), fault.get("message", "told to"),
                              fault.get("retry_after"))
            if fault or loses:
                answer, self.answer = self.answer, lambda *arguments: None
                try:
                    self.dispatch(method, path, urllib.parse.parse_qs(query, keep_blank_values=True), body)
                finally:
                    self.answer = answer
                return self.hang_up()
            self.dispatch(method, path, urllib.parse.parse_qs(query, keep_blank_values=True), body)
        except Refusal as refusal:
            self.refuse(refusal)
        except GONE:
            raise
        except Exception as error:
            state.failures.append("%s %s (call %d): %r" % (method, self.path, number, error))
            import traceback
            traceback.print_exc()
            self.refuse(Refusal(500, "InternalError", "Internal error occurred: %r" % error))

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # Who asks, and may they

    def user(self):
        header = self.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            user = self.state.tokens.get(header[7:])
            if user is None:
                raise Refusal(401, "Unauthorized", "Unauthorized")
            return user
        certificate = self.connection.getpeercert() or {}
        for part in certificate.get("subject", ()):
            for key, value in part:
                if key == "commonName":
                    return value
        return "system:anonymous"

    def demand(self, verb, resource, namespace=None, thing=None):
        user = self.user()
        if user == "system:anonymous" or is_denied(self.state, user, verb, resource):
            place = " in the namespace \"%s\"" % namespace if namespace else " at the cluster scope"
            name = resource.partition("/")[0] + (" \"%s\"" % thing if thing else "")
            raise Refusal(403, "Forbidden", "%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"\"%s"
                          % (name, user, verb, resource, place))

    # What is asked

    def dispatch(self, method, path, query, body):
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if parts == ["version"]:
            return self.answer(200, {"major": "1", "minor": str(self.state.minor),
                                     "gitVersion": "v1.%d.2" % self.state.minor, "platform": "linux/amd64"})
        if parts[0] == "apis":
            return self.review(parts, json.loads(body))
        if parts[:2] != ["api", "v1"]:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        rest = parts[2:]
        if rest == ["nodes"] and method == "GET":
            self.demand("list", "nodes")
            return self.list("NodeList", list(self.state.cluster.nodes.values()), query)
        if rest == ["pods"] and method == "GET":
            self.demand("list", "pods")
            return self.list("PodList", list(self.state.cluster.pods.values()), query)
        if len(rest) >= 3 and rest[0] == "namespaces":
            return self.namespaced(method, rest[1], rest[2:], query, body)
        raise Refusal(404, "NotFound", "the server could not find the requested resource")

    def namespaced(self, method, namespace, rest, query, body):
        cluster = self.state.cluster
        if rest == ["events"] and method == "GET":
            self.demand("list", "events", namespace)
            wanted = dict(part.split("=", 1) for part in query.get("fieldSelector", [""])[0].split(",") if part)
            found = [event for event in cluster.events if event["metadata"]["namespace"] == namespace
                     and wanted.get("involvedObject.name", event["involvedObject"]["name"])
                     == event["involvedObject"]["name"]]
            return self.list("EventList", found, query)
        if rest == ["pods"] and method == "GET":
            self.demand("list", "pods", namespace)
            pods = [pod for (place, _), pod in sorted(cluster.pods.items()) if place == namespace]
            return self.list("PodList", pods, query)
        if rest == ["pods"] and method == "POST":
            self.demand("create", "pods", namespace)
            return self.create_pod(namespace, json.loads(body))
        if rest[0] != "pods" or len(rest) not in (2, 3):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        verb = {"GET": "get", "DELETE": "delete", "POST": "create"}[method]
        self.demand(verb, "/".join(["pods"] + rest[2:]), namespace, thing=rest[1])
        pod = cluster.pods.get((namespace, rest[1]))
        if pod is None:
            raise Refusal(404, "NotFound", "pods \"%s\" not found" % rest[1], details={"name": rest[1], "kind": "pods"})
        if rest[2:] == ["exec"]:
            return self.exec(pod, query)
        if rest[2:] == ["portforward"]:
            return self.port_forward(pod, query)
        if method == "DELETE":
            options = json.loads(body) if body else {}
            grace = options.get("gracePeriodSeconds", query.get("gracePeriodSeconds", [None])[0])
            cluster.delete(pod, None if grace is None else int(grace))
        self.answer(200, self.shown(pod))

    def shown(self, thing):
        with self.state.cluster.lock:
            return {key: value for key, value in thing.items() if not key.startswith("_")}

    def list(self, kind, items, query):
        """A page of a list. Its token is as opaque as a real one, and does not hold for ever."""
        cluster = self.state.cluster
        items = [item for item in items
                 if matches(item["metadata"].get("labels") or {}, query.get("labelSelector", [""])[0])]
        limit = int(query.get("limit", ["0"])[0])
        start = 0
        token = query.get("continue", [""])[0]
        if token:
            try:
                at, start = json.loads(base64.urlsafe_b64decode(token))
            except ValueError:
                raise Refusal(400, "BadRequest", "invalid continue token: continue key is not valid")
            if at < self.state.pages_from:
                raise Refusal(410, "Expired", "The provided continue parameter is too old to display a consistent list "
                              "result. You can start a new list without the continue parameter.")
        page = items[start:start + limit] if limit else items
        metadata = {"resourceVersion": str(cluster.version)}
        if limit and start + limit < len(items):
            mark = json.dumps([cluster.version, start + limit]).encode()
            metadata.update({"continue": base64.urlsafe_b64encode(mark).decode(),
                             "remainingItemCount": len(items) - start - limit})
        with cluster.lock:
            text = json.dumps({"kind": kind, "apiVersion": "v1", "metadata": metadata,
                               "items": [self.shown(item) for item in page]})
        self.answer(200, json.loads(text))

    def create_pod(self, namespace, pod):
        cluster = self.state.cluster
        name = pod.get("metadata", {}).get("name", "")
        if cluster.namespaces is not None and namespace not in cluster.namespaces:
            raise Refusal(404, "NotFound", "namespaces \"%s\" not found" % namespace,
                          details={"name": namespace, "kind": "namespaces"})
        admit_pod(pod, namespace)
        check_pod(pod)
        with cluster.lock:
            if (namespace, name) in cluster.pods:
                being = "object is being deleted: " if cluster.pods[(namespace, name)]["metadata"].get(
                    "deletionTimestamp") else ""
                raise Refusal(409, "AlreadyExists", "%spods \"%s\" already exists" % (being, name),
                              details={"name": name, "kind": "pods"})
            used = sum(1 for place, _ in cluster.pods if place == namespace)
            if cluster.quota is not None and used + 1 > cluster.quota:
                raise Refusal(403, "Forbidden", "pods \"%s\" is forbidden: exceeded quota: team, requested: pods=1, used: "
                              "pods=%d, limited: pods=%d" % (name, used, cluster.quota))
            cluster.add_pod(pod, namespace)
        self.answer(201, self.shown(pod))

    def review(self, parts, body):
        user = self.user()
        if parts[1:] == ["authorization.k8s.io", "v1", "selfsubjectaccessreviews"]:
            wanted = body["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, [wanted["resource"], wanted.get("subresource")]))
            allowed = user != "system:anonymous" and not is_denied(self.state, user, wanted["verb"], resource)
            return self.answer(201, {**body, "status": {"allowed": allowed}})
        is_new = {"v1": 28, "v1beta1": 27}.get(parts[2], 99) <= self.state.minor
        if parts[1] == "authentication.k8s.io" and parts[3:] == ["selfsubjectreviews"] and is_new:
            return self.answer(201, {**body, "status": {"userInfo": {"username": user, "groups": []}}})
        raise Refusal(404, "NotFound", "the server could not find the requested resource")

    # Streams

    def running_container(self, pod):
        if not pod["spec"].get("nodeName"):
            raise Refusal(400, "BadRequest", "pod %s does not have a host assigned" % pod["metadata"]["name"])
        container = self.state.cluster.containers.get(pod["metadata"]["uid"])
        if container is None or not container.is_running or pod.get("_silent"):
            # The kubelet's own words: they are no JSON.
            raise Refusal(500, None, "container not found (\"%s\")" % pod["spec"]["containers"][0]["name"])
        return container

    def upgrade(self, known):
        if self.headers.get("Upgrade", "").lower() != "websocket":
            raise Refusal(400, "BadRequest", "Upgrade request required")
        if "*/*" not in self.headers.get("Accept", "*/*"):
            raise Refusal(406, None, "406: Not Acceptable")
        chosen = streams.choose(self, known)
        if chosen is None:
            raise Refusal(403, None, "")
        self.wait_where_held()
        self.close_connection = True
        return streams.WebSocket(self, chosen), chosen

    def exec(self, pod, query):
        container = self.running_container(pod)
        if not query.get("command"):
            raise Refusal(400, "BadRequest", "you must specify at least 1 command for the pod")
        known = ["v4.channel.k8s.io", "channel.k8s.io"] + (["v5.channel.k8s.io"] if self.state.minor >= 30 else [])
        web, chosen = self.upgrade(known)
        streams.run_command(web, chosen, container, query)

    def port_forward(self, pod, query):
        self.running_container(pod)
        web, _ = self.upgrade(["v4.channel.k8s.io"])
        streams.forward_port(web, int(query["ports"][0]))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, context, handler):
        self.context = context
        super().__init__(("127.0.0.1", 0), handler)

    def finish_request(self, request, address):
        # The handshake is the connection's own affair: nobody else waits for it.
        try:
            request.settimeout(30)
            request = self.context.wrap_socket(request, server_side=True)
            request.settimeout(None)
        except (OSError, ssl.SSLError):
            return
        super().finish_request(request, address)

    def shutdown_request(self, request):
        try:
            super().shutdown_request(request)
        except OSError:
            pass

    def handle_error(self, request, address):
        pass


class Control(BaseHTTPRequestHandler):
    """What tests say; see `State`."""

    state = None

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        state, cluster = self.state, self.state.cluster
        with state.lock, cluster.lock:
            pods = [{"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"],
                     "phase": pod["status"]["phase"], "node": pod["spec"].get("nodeName"),
                     "labels": pod["metadata"].get("labels"), "isEnding": "deletionTimestamp" in pod["metadata"],
                     "spec": pod["spec"]} for pod in cluster.pods.values()]
            self.reply({"pods": pods, "calls": state.calls, "failures": state.failures,
                        "held": state.held.state(len(cluster.pods)),
                        "containers": sum(each.is_running for each in cluster.containers.values())})

    def do_POST(self):
        state, cluster = self.state, self.state.cluster
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for name, value in told.items():
            if name in ("lose_node", "evict", "preempt", "oom"):
                {"lose_node": cluster.lose_node, "preempt": cluster.preempt, "oom": cluster.run_out_of_memory,
                 "evict": lambda pod: cluster.evict(pod, "Evicted", "The node was low on resource: ephemeral-storage.")
                 }[name](value)
            elif name == "node":
                cluster.add_node(**value)
            elif name == "fault":
                state.faults.append(value)
            elif name == "expire_pages":
                state.pages_from = cluster.version + 1
                cluster.version += 1
            elif name == "hold":
                state.held.tell(value)
            elif name == "forget_calls":
                state.calls.clear()
            elif name in ("minor", "denied", "dead_after", "tokens"):
                setattr(state, name, value)
            elif name in ("images", "quota", "namespaces", "is_scheduling", "eviction_delay"):
                setattr(cluster, name, value)
            else:
                raise ValueError(name)
        self.reply({})

    def reply(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main():
    folder = sys.argv[1]
    certificates.make(os.path.join(folder, "pki"), {"admin": "system:masters", "certified": "people"})
    state = State(folder)
    for number in (1, 2, 3):
        state.cluster.add_node("node-%d" % number, {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi"})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "pki/server.crt"), os.path.join(folder, "pki/server.key"))
    context.load_verify_locations(os.path.join(folder, "pki/ca.crt"))
    context.verify_mode = ssl.CERT_OPTIONAL
    Handler.state = Control.state = state
    server = Server(context, Handler)
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    control.daemon_threads = True
    for each in (server, control):
        threading.Thread(target=each.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1], "control": control.server_address[1]}), flush=True)
    sys.stdin.read()
    state.cluster.end_everything()
    os._exit(0)


main()
