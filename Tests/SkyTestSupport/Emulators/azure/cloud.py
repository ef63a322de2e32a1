"""What all parts of the cloud share: things, operations, tokens, faults. One lock is held while a call does what it does."""
import re
import threading
import time
import uuid

import farm_host
from held_call import HeldCall


class Refusal(Exception):
    """In the form of Azure Resource Manager, unless a body is given."""

    def __init__(self, status, code, message, headers=None, body=None, details=None):
        super().__init__(code)
        self.status, self.headers = status, headers or {}
        error = {"code": code, "message": message}
        if details:
            error["details"] = details
        self.body = {"error": error} if body is None else body


class Thing:
    """A resource. What is in `properties` is as its owner wrote it; everything else follows from time."""

    def __init__(self, kind, identifier, body):
        self.kind, self.id, self.name = kind, identifier, identifier.rsplit("/", 1)[1]
        self.group = identifier.split("/")[4] if identifier.count("/") > 3 else self.name
        self.location, self.tags = body.get("location"), body.get("tags") or {}
        self.properties, self.extra = body.get("properties") or {}, {}
        self.state, self.due, self.power, self.failure, self.failed_code = "Succeeded", None, None, None, None
        self.created, self.booted, self.operation = time.time(), None, None

    def begin(self, state, due):
        self.state, self.due = state, due


class Operation:
    def __init__(self, due):
        self.name, self.due, self.begun, self.error, self.is_done = str(uuid.uuid4()), due, time.time(), None, False


class Cloud:
    subscription = "11111111-2222-3333-4444-555555555555"
    tenant = "99999999-8888-7777-6666-555555555555"

    def __init__(self, config):
        self.hosts = config["hosts"]
        self.boot, self.end = config.get("boot", 0.2), config.get("end", 0.15)
        self.seconds, self.key_delay = config.get("operation", 0.05), config.get("keys", 0)
        self.page = config.get("page", 1000)
        self.lock, self.hanging = threading.RLock(), threading.Event()
        self.calls, self.rules, self.boots, self.hang_at = [], [], [], None
        self.tokens, self.operations, self.things = {}, {}, {}
        self.held, self.announced = HeldCall(), {}
        self.limits, self.plain, self.made, self.origin, self.retry_after = {}, set(), 0, "", None

    # Who asks

    def authorize(self, call):
        words = call.headers.get("Authorization", "").split()
        end = self.tokens.get(words[1]) if len(words) == 2 and words[0] == "Bearer" else None
        if end is None:
            raise Refusal(401, "InvalidAuthenticationToken", "The access token is invalid.",
                          {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if end < time.time():
            raise Refusal(401, "ExpiredAuthenticationToken", "The access token has expired.",
                          {"WWW-Authenticate": 'Bearer error="invalid_token"'})

    def request_id(self):
        return str(uuid.uuid4())

    # Things

    def find(self, identifier):
        return self.things.get(identifier.lower())

    def of_kind(self, kind, group=None):
        found = [t for t in self.things.values() if t.kind == kind and (group is None or t.group.lower() == group.lower())]
        return sorted(found, key=lambda t: t.id)

    def keep(self, thing):
        self.things[thing.id.lower()] = thing

    def drop(self, thing):
        self.things.pop(thing.id.lower(), None)

    # Operations

    def operation(self, due):
        operation = Operation(due)
        self.operations[operation.name] = operation
        return operation

    def headers(self, operation, location, provider="Microsoft.Compute"):
        """What says where to ask how it goes."""
        path = "/subscriptions/%s/providers/%s/locations/%s/operations/%s" % (
            self.subscription, provider, location, operation.name)
        headers = {"Azure-AsyncOperation": "%s%s?api-version=2024-03-01" % (self.origin, path)}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return headers

    def tick(self):
        """Does what is due."""
        now = time.time()
        for thing in list(self.things.values()):
            if thing.due is None or thing.due > now:
                continue
            thing.due = None
            if thing.state == "Deleting":
                self.vanish(thing)
            elif thing.failure:
                thing.state = "Failed"
                if thing.operation:
                    thing.operation.error = thing.failure
            else:
                thing.state = "Succeeded"
                if thing.kind == "virtualMachines" and thing.booted is None:
                    thing.power, thing.booted = "running", now
        for operation in self.operations.values():
            operation.is_done = operation.is_done or operation.due <= now
        for thing in self.of_kind("virtualMachines"):
            operation, power = thing.extra.get("power") or (None, None)
            if operation and operation.is_done:
                thing.power, thing.extra["power"] = power, None
                host = self.host_of(thing)
                if power == "deallocated" and host:
                    farm_host.halt(host["home"])

    def vanish(self, thing):
        self.drop(thing)
        if thing.kind == "resourceGroups":
            for other in list(self.things.values()):
                if other.group.lower() == thing.name.lower():
                    self.vanish(other)
        if thing.kind == "virtualMachines":
            for owned in thing.extra.get("owned", []):
                other = self.find(owned)
                if other:
                    self.vanish(other)
        if thing.kind == "networkInterfaces":
            for owned in thing.extra.get("owned", []):
                other = self.find(owned)
                if other:
                    self.vanish(other)
        if thing.kind == "publicIPAddresses" and thing.extra.get("host"):
            farm_host.wipe(thing.extra["host"]["home"])

    # Machines

    def free_host(self):
        used = [t.extra["host"]["address"] for t in self.of_kind("publicIPAddresses") if t.extra.get("host")]
        return next((host for host in self.hosts if host["address"] not in used), None)

    def host_of(self, machine):
        for interface in machine.extra["interfaces"]:
            found = self.find(interface)
            address = found and self.find(found.extra.get("address") or "")
            if address:
                return address.extra.get("host")
        return None

    # Faults

    def count(self, call):
        with self.lock:
            self.calls.append(call.title)
            return self.hang_at[1] if self.hang_at and self.hang_at[0] == len(self.calls) else None

    def injected(self, call):
        with self.lock:
            for rule in self.rules:
                if rule["times"] > 0 and re.search(rule["match"], call.title):
                    rule["times"] -= 1
                    raise Refusal(rule["status"], rule.get("code", ""), rule.get("message", "injected"),
                                  rule.get("headers"), rule.get("body"))

    def next_boot_failure(self):
        for rule in self.boots:
            if rule["times"] > 0:
                rule["times"] -= 1
                return {"code": rule["code"], "message": rule.get("message", "injected")}
        return None

    def machine(self, name):
        return next(t for t in self.of_kind("virtualMachines") if t.name == name)

    def control(self, wish):
        with self.lock:
            self.tick()
            if "hold" in wish:
                self.held.tell(wish["hold"])
            if "hang" in wish:
                self.hanging.clear()
                self.hang_at = (len(self.calls) + wish["hang"], wish["when"]) if wish["hang"] else None
            if "fail" in wish:
                self.rules.append({"times": 1, **wish["fail"]})
            if "boot" in wish:
                self.boots.append({"times": 1, **wish["boot"]})
            if "announce" in wish:
                self.announced[wish["announce"][0]] = time.time() + wish["announce"][1]
            if "evict" in wish:
                thing = self.machine(wish["evict"])
                if thing.properties.get("evictionPolicy") == "Delete":
                    self.vanish(thing)
                else:
                    thing.power = "deallocated"
            if "power" in wish:
                self.machine(wish["power"][0]).power = wish["power"][1]
            if "quota" in wish:
                region, name, limit = wish["quota"]
                self.limits[(region, name)] = limit
            if wish.get("revoke"):
                self.tokens.clear()
            if "retry_after" in wish:
                self.retry_after = wish["retry_after"]
            if "plain" in wish:
                self.plain.add(wish["plain"])
            if wish.get("forget"):
                self.rules, self.boots = [], []
            return self.insides()

    def insides(self):
        with self.lock:
            self.tick()
            return {
                "groups": [t.name for t in self.of_kind("resourceGroups")],
                "machines": [t.name for t in self.of_kind("virtualMachines")],
                "things": sorted("%s/%s" % (t.kind, t.name) for t in self.things.values()),
                "made": self.made, "calls": list(self.calls), "hanging": self.hanging.is_set(),
                "held": self.held.state(len(self.of_kind("virtualMachines"))),
            }
