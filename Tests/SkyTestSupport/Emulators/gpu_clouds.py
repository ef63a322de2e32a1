"""Small GPU clouds on loopback, each as its own API documents describe it, with sshds of this machine for machines.

    python3 gpu_clouds.py CLOUD CONFIG.json          # prints its port, and ends with its standard input

CLOUD is lambda, runpod, hyperstack or verda. CONFIG has `hosts`: [{"address", "port", "home"}], each a machine that can be rented once at a
time, and may have `boot` and `end`: the seconds that machines take to come up and to go.

It is as forgetful and as forgiving as the real ones: no call has a token, names may be there twice, a call whose answer is lost was
made all the same. `POST /_control` adds a rule, a mapping: `match` (a regular expression for "POST /instances"), `times`, and one of `error` (a
name that the cloud's class knows), `throttle` (429 with this Retry-After), `drop` (`before` the call does anything, or `after`), `delay`
(seconds before the answer). `nth` instead of `match` is the call of that number from now on. `hold` instead is what `held_call.py` says. `GET /_control` tells of machines and calls.
"""
import base64
import json
import os
import re
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import farm_host
from held_call import HeldCall


class Refusal(Exception):
    """An answer that is none of success."""

    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, dict(headers)


class Machine:
    def __init__(self, cloud, host, facts):
        self.host, self.facts = host, facts
        self.born, self.dying = time.monotonic(), None
        self.boot, self.end = cloud.boot, cloud.end
        self.taken = False

    @property
    def phase(self):
        """booting, running, ending, ended."""
        now = time.monotonic()
        if self.dying is not None:
            return "ended" if now - self.dying >= self.end else "ending"
        return "running" if now - self.born > self.boot else "booting"


class Cloud:
    """What all of them have in common. A lock is held while a call does what it does."""

    def __init__(self, config):
        self.hosts = config["hosts"]
        self.boot, self.end = config.get("boot", 0.2), config.get("end", 0.2)
        self.page = config.get("page", 1000)
        self.machines, self.keys, self.log, self.rules = {}, [], [], []
        self.made = 0
        self.held = HeldCall()
        self.lock = threading.Lock()

    def free_host(self):
        taken = [machine.host for machine in self.machines.values() if machine.phase != "ended"]
        return next((host for host in self.hosts if host not in taken), None)

    def make(self, key, facts):
        host = self.free_host()
        if host is None:
            raise self.refusal("capacity")
        farm_host.wipe(host["home"])
        machine = Machine(self, host, facts)
        self.machines[key] = machine
        self.made += 1
        return machine

    def stop(self, machine):
        """What a host runs ends with its machine, and nothing of it is left for the next."""
        if machine.dying is not None:
            return
        machine.dying = time.monotonic()
        farm_host.wipe(machine.host["home"])

    def listed(self):
        """Those that are told of: such as have ended for a while only, if the cloud does that at all."""
        return [(key, m) for key, m in self.machines.items() if m.phase != "ended"]

    def rented(self):
        return [key for key, machine in self.machines.items() if machine.phase != "ended"]

    def expect(self, condition, kind="invalid", detail=""):
        if not condition:
            raise self.refusal(kind, detail)


class Lambda(Cloud):
    """https://docs.lambda.ai/api/cloud: one machine a call, `{"error": {"code", "message", "suggestion"}}`."""

    regions = ["us-east-1", "us-west-1", "us-south-1"]
    types = ["cpu_4x_general", "gpu_1x_a10"]
    errors = {
        "capacity": (400, "instance-operations/launch/insufficient-capacity", "Not enough capacity to fulfill launch request."),
        "quota": (400, "global/quota-exceeded", "Quota exceeded."),
        "invalid": (400, "global/invalid-parameters", "Invalid request data."),
        "key": (401, "global/invalid-api-key", "API key was invalid, expired, or deleted."),
        "inactive": (403, "global/account-inactive", "Your account is inactive."),
        "missing": (404, "global/object-does-not-exist", "Specified instance does not exist."),
        "internal": (500, "global/unknown", "An unknown error has occurred."),
    }

    def refusal(self, kind, detail=""):
        status, code, message = self.errors[kind]
        return Refusal(status, {"error": {"code": code, "message": f"{message} {detail}".strip()}})

    def authorize(self, headers):
        self.expect(headers.get("Authorization") == "Bearer test-key", "key")

    def call(self, method, path, query, body):
        if (method, path) == ("GET", "/instances"):
            everything = [self.shape(key, m) for key, m in self.machines.items() if not self.forgotten(m)]
            start = int(query.get("page_token", "0"))
            rest = {"page_token": str(start + self.page)} if start + self.page < len(everything) else {}
            return 200, {"data": everything[start : start + self.page], **rest}
        if (method, path) == ("POST", "/instance-operations/launch"):
            return 200, {"data": {"instance_ids": [self.launch(body)]}}
        if (method, path) == ("POST", "/instance-operations/terminate"):
            found = [self.machines.get(key) for key in body["instance_ids"]]
            self.expect(all(found) and not any(self.forgotten(m) for m in found), "missing")
            for machine in found:
                self.stop(machine)
            return 200, {"data": {"terminated_instances": [self.shape(k, self.machines[k]) for k in body["instance_ids"]]}}
        if (method, path) == ("GET", "/ssh-keys"):
            return 200, {"data": self.keys}
        if (method, path) == ("POST", "/ssh-keys"):
            self.expect(set(body) == {"name", "public_key"} and len(body["name"]) <= 64)
            self.expect(body["name"] not in [key["name"] for key in self.keys], "invalid", "Duplicate name.")
            self.keys.append({"id": uuid.uuid4().hex, **body})
            return 200, {"data": self.keys[-1]}
        if (method, path) == ("GET", "/instance-types"):
            has = [{"name": "us-west-1", "description": "California, USA"}] if self.free_host() else []
            return 200, {"data": {name: {"instance_type": {"name": name}, "regions_with_capacity_available": has} for name in self.types}}
        raise Refusal(404, {"error": {"code": "global/not-found", "message": "Not found."}})

    def forgotten(self, machine):
        return machine.phase == "ended" and time.monotonic() - machine.dying > self.end + 1

    def launch(self, body):
        allowed = {"region_name", "instance_type_name", "ssh_key_names", "file_system_names", "file_system_mounts", "hostname", "name",
                   "image", "user_data", "tags", "firewall_rulesets"}
        self.expect({"region_name", "instance_type_name", "ssh_key_names"} <= set(body) <= allowed, "invalid", str(sorted(body)))
        self.expect(body["region_name"] in self.regions, "missing", "Region")
        self.expect(body["instance_type_name"] in self.types, "missing", "Instance type")
        self.expect(len(body["ssh_key_names"]) == 1 and body["ssh_key_names"][0] in [key["name"] for key in self.keys], "missing", "Key")
        self.expect(len(body.get("name", "")) <= 64)
        self.expect(re.fullmatch(r"[a-z0-9][0-9a-z-]{0,62}", body.get("hostname", "h")))
        for tag in body.get("tags", []):
            self.expect(re.fullmatch(r"[a-z][a-z0-9-:]+", tag["key"]) and len(tag["key"]) <= 55 and len(tag["value"]) <= 128, "invalid", "tag")
        key = uuid.uuid4().hex
        self.make(key, body)
        return key

    def shape(self, key, machine):
        state = {"booting": "booting", "running": "active", "ending": "terminating", "ended": "terminated"}[machine.phase]
        facts = machine.facts
        shape = {"id": key, "name": facts.get("name"), "status": "preempted" if machine.taken else state, "ssh_key_names": facts["ssh_key_names"],
                 "file_system_names": [], "region": {"name": facts["region_name"], "description": "Somewhere"},
                 "instance_type": {"name": facts["instance_type_name"], "description": ""}, "is_reserved": False, "tags": facts.get("tags", [])}
        if machine.phase == "running":
            shape |= {"ip": machine.host["address"], "private_ip": machine.host["address"], "hostname": facts.get("hostname")}
        return shape


class Runpod(Cloud):
    """https://docs.runpod.io/api-reference-v2: RFC 9457 errors, 422 names each field that is not known, pages by cursor."""

    centers = ["US-TX-1", "US-KS-2", "EU-RO-1"]

    def __init__(self, config):
        super().__init__({**config, "end": 0})  # What is deleted is gone when the answer comes.

    errors = {
        "capacity": (400, "There are no longer any instances available with the requested specifications. Please refresh and try again."),
        "invalid": (422, "Request validation failed."),
        "key": (401, "Unauthorized."),
        "balance": (402, "Your balance is too low."),
        "missing": (404, "pod not found"),
        "internal": (500, "Internal Server Error"),
    }

    def refusal(self, kind, detail=""):
        status, message = self.errors[kind]
        body = {"title": "Error", "status": status, "detail": message}
        return Refusal(status, {**body, "errors": [f"$: {detail}"]} if detail else body, {"x-request-id": uuid.uuid4().hex})

    def authorize(self, headers):
        self.expect(headers.get("Authorization") == "Bearer test-key", "key")

    def call(self, method, path, query, body):
        if (method, path) == ("POST", "/pods"):
            key = self.launch(body)
            return 201, self.shape(key, self.machines[key])
        if (method, path) == ("GET", "/pods"):
            everything = [self.shape(key, machine) for key, machine in self.listed()]
            start = int(query.get("cursor", "0"))
            more = start + self.page < len(everything)
            page = {"hasNextPage": more, "nextCursor": str(start + self.page) if more else None}
            return 200, {"pods": everything[start : start + self.page], "pagination": page}
        if path.startswith("/pods/") and method == "DELETE":
            machine = self.machines.get(path[6:])
            self.expect(machine is not None and machine.dying is None, "missing")
            self.stop(machine)
            return 204, None
        if (method, path) == ("GET", "/catalog/gpus"):
            has = [{"id": center, "availability": "HIGH" if self.free_host() else "NONE"} for center in self.centers]
            return 200, {"gpus": [{"id": "NVIDIA A100 80GB PCIe", "availability": has[0]["availability"], "dataCenters": has}]}
        raise self.refusal("missing")

    def launch(self, body):
        allowed = {"name", "image", "templateId", "args", "disk", "ports", "env", "registry", "mounts", "gpu", "cpu", "cloud", "dataCenterIds",
                   "globalNetworking"}
        for field in sorted(set(body) - allowed):
            raise self.refusal("invalid", f"additional properties '{field}' not allowed")
        self.expect(body.get("name") and body.get("image"), "invalid", "missing property 'name'")
        self.expect(("gpu" in body) != ("cpu" in body), "invalid", "one of gpu and cpu")
        self.expect(body["gpu"]["id"] == "NVIDIA A100 80GB PCIe" and isinstance(body["gpu"]["count"], int), "invalid", "gpu")
        self.expect(body.get("cloud", "SECURE") in ("SECURE", "COMMUNITY"), "invalid", "cloud")
        self.expect(isinstance(body.get("disk", 1), int) and body.get("disk", 1) >= 1, "invalid", "disk")
        self.expect(all(re.fullmatch(r"\d+/(tcp|http)", port) for port in body.get("ports", [])), "invalid", "ports")
        self.expect(all(isinstance(value, str) for value in body.get("env", {}).values()), "invalid", "env")
        wished = body.get("dataCenterIds") or self.centers
        key = uuid.uuid4().hex[:14]
        self.make(key, {**body, "center": wished[0]})
        return key

    def shape(self, key, machine):
        facts, host = machine.facts, machine.host
        status = {"booting": "STARTING", "running": "RUNNING", "ending": "TERMINATED", "ended": "TERMINATED"}[machine.phase]
        runtime = None
        if machine.phase == "running":
            ports = [{"private": 22, "public": host["port"], "type": "tcp", "ip": host["address"]}]
            for port in facts.get("ports", []):
                number = int(port.split("/")[0])
                if number != 22:
                    ports.append({"private": number, "public": number, "type": "tcp", "ip": host["address"]})
            runtime = {"uptime": 1, "gpus": [], "ports": ports}
        if machine.taken:
            status, runtime = "EXITED", None
        return {"id": key, "name": facts["name"], "image": facts["image"], "status": status, "env": facts.get("env", {}), "gpu": facts.get("gpu"),
                "cost": 1.39, "dataCenterId": facts["center"], "actions": ["stop", "terminate"], "runtime": runtime, "disk": facts.get("disk"),
                "createdAt": "2026-11-29T10:00:00Z"}


class Hyperstack(Cloud):
    """https://docs.hyperstack.cloud/docs/api-reference: `{"status", "message", "error_reason"}`, numbered pages, numbers for ids."""

    environments = ["default-CANADA-1", "default-NORWAY-1"]
    errors = {
        "capacity": (409, "Not enough stock of this flavor", "conflict"),
        "balance": (400, "Insufficient balance to create the resource", "bad_request"),
        "invalid": (400, "Invalid payload", "bad_request"),
        "key": (401, "Unauthorized", "unauthorized"),
        "missing": (404, "Instance does not exist", "not_found"),
        "internal": (500, "Internal Server Error", None),
    }

    def refusal(self, kind, detail=""):
        status, message, reason = self.errors[kind]
        body = {"status": False, "message": f"{message} {detail}".strip()}
        return Refusal(status, {**body, "error_reason": reason} if reason else {"message": message})

    def authorize(self, headers):
        self.expect(headers.get("api_key") == "test-key", "key")

    def paged(self, name, items, query):
        page, size = int(query.get("page", "1")), int(query.get("pageSize", "10"))
        return 200, {"status": True, "message": "", name: items[(page - 1) * size : page * size], "count": len(items), "page": page, "page_size": size}

    def call(self, method, path, query, body):
        if (method, path) == ("POST", "/core/virtual-machines"):
            key = self.launch(body)
            return 200, {"status": True, "message": "Created", "instances": [self.shape(key, self.machines[key])]}
        if (method, path) == ("GET", "/core/virtual-machines"):
            return self.paged("instances", [self.shape(key, machine) for key, machine in self.listed()], query)
        if path.startswith("/core/virtual-machines/") and method == "DELETE":
            machine = self.machines.get(path.rpartition("/")[2])
            self.expect(machine is not None and machine.phase != "ended", "missing")
            self.stop(machine)
            return 200, {"status": True, "message": "Deleting"}
        if (method, path) == ("GET", "/core/keypairs"):
            return self.paged("keypairs", self.keys, query)
        if (method, path) == ("POST", "/core/keypairs"):
            self.expect(set(body) == {"name", "environment_name", "public_key"} and body["environment_name"] in self.environments)
            self.expect(body["name"] not in [key["name"] for key in self.keys], "invalid", "name")
            self.keys.append({"id": len(self.keys) + 1, "environment": {"name": body["environment_name"]}, **body})
            return 200, {"status": True, "message": "", "keypair": self.keys[-1]}
        raise self.refusal("missing")

    def launch(self, body):
        self.expect({"name", "environment_name", "image_name", "flavor_name", "key_name", "count"} <= set(body))
        self.expect(len(body["name"]) <= 50 and body["count"] == 1 and body["environment_name"] in self.environments)
        self.expect(body["key_name"] in [key["name"] for key in self.keys], "missing", "keypair")
        self.expect(all(isinstance(label, str) for label in body.get("labels", [])))
        for rule in body.get("security_rules", []):
            self.expect(isinstance(rule["port_range_min"], int) and rule["protocol"] == "tcp" and rule["direction"] == "ingress")
        key = str(1400 + self.made)
        self.make(key, body)
        return key

    def shape(self, key, machine):
        facts, running = machine.facts, machine.phase == "running"
        status = {"booting": "CREATING", "running": "ACTIVE", "ending": "DELETING", "ended": "DELETED"}[machine.phase]
        return {"id": int(key), "name": facts["name"], "status": "ERROR" if machine.taken else status, "labels": facts.get("labels", []),
                "environment": {"id": 1, "name": facts["environment_name"], "region": facts["environment_name"].removeprefix("default-")},
                "flavor": {"name": facts["flavor_name"]}, "keypair": {"name": facts["key_name"]}, "created_at": "2026-11-29T10:00:00",
                "floating_ip": machine.host["address"] if running else None, "fixed_ip": "10.0.0.4" if running else None}


class Verda(Cloud):
    """https://api.verda.com/v1/docs: OAuth tokens that end, ids as bare text, `{"code", "message"}`."""

    locations = ["FIN-01", "FIN-02", "FIN-03"]
    errors = {
        "capacity": (503, "service_unavailable", "Not enough resources"),
        "balance": (402, "insufficient_funds", "Insufficient funds"),
        "invalid": (400, "invalid_request", "Invalid request"),
        "key": (401, "unauthorized_request", "Access token is missing or invalid"),
        "missing": (404, "not_found", "Instance not found"),
        "internal": (500, "server_error", "Server error"),
    }

    def __init__(self, config):
        super().__init__(config)
        self.tokens = {}

    def refusal(self, kind, detail=""):
        status, code, message = self.errors[kind]
        return Refusal(status, {"code": code, "message": f"{message} {detail}".strip()})

    def authorize(self, headers):
        ends = self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer "))
        self.expect(ends is not None and ends > time.monotonic(), "key")

    def grant(self, body):
        self.expect(body.get("grant_type") == "client_credentials", "invalid")
        self.expect(body.get("client_id") == "test-id" and body.get("client_secret") == "test-secret", "key")
        token = base64.urlsafe_b64encode(os.urandom(24)).decode()
        self.tokens[token] = time.monotonic() + 3600
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r", "scope": "cloud-api-v1"}

    def call(self, method, path, query, body):
        if (method, path) == ("POST", "/instances"):
            return 202, self.launch(body)
        if (method, path) == ("GET", "/instances"):
            return 200, [self.shape(key, machine) for key, machine in self.listed()]
        if (method, path) == ("PUT", "/instances"):
            self.expect(body.get("action") == "delete" and isinstance(body.get("id"), list))
            found = [self.machines.get(key) for key in body["id"]]
            self.expect(all(m is not None and m.phase != "ended" for m in found), "missing")
            for machine in found:
                self.stop(machine)
            return 202, [{"action": "delete", "instanceId": key, "status": "success"} for key in body["id"]]
        if (method, path) == ("GET", "/ssh-keys"):
            return 200, self.keys
        if (method, path) == ("POST", "/ssh-keys"):
            self.expect(set(body) == {"name", "key"})
            self.keys.append({"id": str(uuid.uuid4()), "fingerprint": "f", **body})
            return 201, self.keys[-1]["id"]
        raise self.refusal("missing")

    def launch(self, body):
        allowed = {"instance_type", "image", "hostname", "description", "ssh_key_ids", "location_code", "contract", "pricing", "startup_script_id",
                   "volumes", "existing_volumes", "os_volume", "is_spot", "coupon", "tags"}
        self.expect({"instance_type", "image", "hostname", "description"} <= set(body) <= allowed)
        self.expect(body.get("location_code") in self.locations and re.fullmatch(r"[0-9a-zA-Z-]{1,63}", body["hostname"]))
        self.expect(set(body["ssh_key_ids"]) <= {key["id"] for key in self.keys}, "invalid", "key")
        self.expect(isinstance(body.get("os_volume", {}).get("size"), int) and len(body.get("tags", [])) <= 10)
        self.expect(all(len(tag["key"]) <= 63 and len(tag["value"]) <= 127 for tag in body.get("tags", [])), "invalid", "tag")
        key = str(uuid.uuid4())
        self.make(key, body)
        return key

    def shape(self, key, machine):
        facts = machine.facts
        status = {"booting": "provisioning", "running": "running", "ending": "deleting", "ended": "discontinued"}[machine.phase]
        return {"id": key, "status": "discontinued" if machine.taken else status, "ip": machine.host["address"] if machine.phase == "running" else None,
                "hostname": facts["hostname"], "description": facts["description"], "location": facts["location_code"], "price_per_hour": 0.1,
                "instance_type": facts["instance_type"], "image": facts["image"], "is_spot": facts.get("is_spot", False),
                "ssh_key_ids": facts["ssh_key_ids"], "os_volume_id": str(uuid.uuid4()), "created_at": "2026-11-29T10:00:00.000Z",
                "tags": [{"id": "t", **tag} for tag in facts.get("tags", [])]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = b"" if body is None else (body.encode() if isinstance(body, str) else json.dumps(body).encode())
        self.send_response(status)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def handle_any(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length) if length else b""
        body = json.loads(text) if text else {}
        if parts.path == "/_control":
            return self.control(body)
        path = unquote(parts.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self.cloud.lock:
            self.cloud.log.append(f"{self.command} {path}")
            rule = self.rule(f"{self.command} {path}")
        held = self.cloud.held.comes(f"{self.command} {path}")
        if held == "before" and self.cloud.held.is_outlived(self.connection):
            return self.hang_up()
        if "delay" in rule:
            time.sleep(rule["delay"])
        if rule.get("drop") == "before":
            return self.hang_up()
        if "throttle" in rule:
            return self.answer(429, {"message": "Too many requests"}, {"Retry-After": str(rule["throttle"])})
        try:
            with self.cloud.lock:
                status, result = self.perform(path, query, body, rule)
            headers = {}
        except Refusal as refusal:
            status, result, headers = refusal.status, refusal.body, refusal.headers
        self.cloud.held.see(len(self.cloud.rented()))
        if rule.get("drop") == "after" or (held == "after" and self.cloud.held.is_outlived(self.connection)):
            return self.hang_up()
        return self.answer(status, result, headers)

    def perform(self, path, query, body, rule):
        if hasattr(self.cloud, "grant") and path == "/oauth2/token":
            return self.cloud.grant(body)
        self.cloud.authorize(self.headers)
        if "error" in rule:
            raise self.cloud.refusal(rule["error"])
        return self.cloud.call(self.command, path, query, body)

    def rule(self, call):
        for rule in self.cloud.rules:
            if "nth" in rule:
                rule["nth"] -= 1
                if rule["nth"] == 0:
                    return rule
            elif rule.get("times", 1) > 0 and re.search(rule["match"], call):
                rule["times"] = rule.get("times", 1) - 1
                return rule
        return {}

    def control(self, body):
        cloud = self.cloud
        with cloud.lock:
            if self.command == "POST":
                if body.get("take"):
                    for machine in cloud.machines.values():
                        machine.taken = True
                elif body.get("reset"):
                    cloud.rules, cloud.log = [], []
                elif "hold" in body:
                    cloud.held.tell(body["hold"])
                elif body.get("forget_tokens"):
                    cloud.tokens = {}
                else:
                    cloud.rules.append(body)
            self.answer(200, {"rented": cloud.rented(), "made": cloud.made, "log": cloud.log, "keys": len(cloud.keys),
                              "held": cloud.held.state(len(cloud.rented()))})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any


def main():
    clouds = {"lambda": Lambda, "runpod": Runpod, "hyperstack": Hyperstack, "verda": Verda}
    with open(sys.argv[2], encoding="utf-8") as file:
        Handler.cloud = clouds[sys.argv[1]](json.load(file))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
