"""What all parts of the cloud share: machines, operations, tokens, faults. One lock is held while a call does what it does."""
import re
import threading
import time
import uuid

import farm_host
from held_call import HeldCall


class Refusal(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body

    @classmethod
    def http(cls, status, reason, message, domain="global"):
        """In Compute Engine's form."""
        errors = [{"message": message, "domain": domain, "reason": reason}]
        return cls(status, {"error": {"code": status, "message": message, "errors": errors}})

    @classmethod
    def rpc(cls, status, name, message, reason=None):
        """In the form of all other APIs."""
        error = {"code": status, "message": message, "status": name}
        if reason:
            error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
                                 "domain": "googleapis.com"}]
        return cls(status, {"error": error})


def stamp(moment=None):
    """As Compute Engine writes moments: in the time of the Pacific coast."""
    moment = time.time() if moment is None else moment
    shifted = time.gmtime(moment - 8 * 3600)
    return time.strftime("%Y-%m-%dT%H:%M:%S", shifted) + ".%03d-08:00" % (moment * 1000 % 1000)


class Operation:
    """Something under way. `work` is called once when it is due, and may say what went wrong as (code, message)."""

    def __init__(self, kind, scope, target, due, work):
        self.name = "operation-%d-%s" % (time.time() * 1000, uuid.uuid4().hex[:12])
        self.kind, self.scope, self.target, self.work = kind, scope, target, work
        self.begun, self.due, self.error, self.is_done = time.time(), due, None, False
        self.request = None


class Cloud:
    project = "test-project"
    usual = {"us-central1": ["a", "b", "c"], "us-east5": ["a", "b"], "europe-west4": ["a", "b"]}

    def __init__(self, config):
        self.hosts = config["hosts"]
        self.used = []
        self.boot, self.end = config.get("boot", 0.2), config.get("end", 0.2)
        self.operation = config.get("operation", 0.1)
        self.token_seconds = config.get("token_seconds", 3600)
        self.lock = threading.RLock()
        self.hanging = threading.Event()
        self.calls, self.rules, self.hang_at = [], [], None
        self.tokens, self.operations, self.by_request = {}, {}, {}
        self.instances, self.firewalls, self.pods, self.nodes = {}, {}, {}, {}
        self.zones = {region: list(letters) for region, letters in self.usual.items()}
        self.limits, self.made, self.origin = {}, 0, ""
        self.held = HeldCall()

    # Who asks

    def authorize(self, call):
        words = call.headers.get("Authorization", "").split()
        end = self.tokens.get(words[1]) if len(words) == 2 and words[0] == "Bearer" else None
        if end is None or end < time.time():
            raise Refusal(401, {"error": {
                "code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED",
                "errors": [{"message": "Invalid Credentials", "domain": "global", "reason": "authError"}]}})

    def new_token(self):
        token = "ya29.%s" % uuid.uuid4().hex
        with self.lock:
            self.tokens[token] = time.time() + self.token_seconds
        return token

    def know(self, zone):
        """Of all that look like Google's, those that were spoken of are known."""
        found = re.fullmatch(r"([a-z]+-[a-z]+\d+)-([a-f])", zone)
        if not found:
            raise Refusal.http(400, "invalid", "Invalid value for field 'zone': '%s'. Unknown zone." % zone)
        letters = self.zones.setdefault(found.group(1), [])
        if found.group(2) not in letters:
            letters.append(found.group(2))

    # Operations

    def begin(self, kind, scope, target, work, seconds=None):
        due = time.time() + (self.operation if seconds is None else seconds)
        operation = Operation(kind, scope, target, due, work)
        self.operations[operation.name] = operation
        return operation

    def tick(self):
        """Does what is due, in its order."""
        now = time.time()
        for operation in sorted(self.operations.values(), key=lambda o: o.due):
            if not operation.is_done and operation.due <= now:
                operation.is_done = True
                operation.error = self.injected_operation(operation) or operation.work()
        for name, machine in list(self.instances.items()):
            if machine.get("gone_at") and machine["gone_at"] <= now:
                del self.instances[name]
        self.wipe_hosts()

    # Machines

    def wipe_hosts(self):
        """Nothing of a machine that is gone is left on its host."""
        free = self.free_hosts()
        for host in [h for h in self.used if h in free]:
            farm_host.wipe(host["home"])
        self.used = [h for h in self.hosts if h not in free]

    def machines(self):
        return len(self.instances) + len(self.nodes)

    def free_hosts(self):
        used = [m["host"] for m in self.instances.values()]
        used += [h for n in self.nodes.values() for h in n["hosts"]]
        return [h for h in self.hosts if h not in used]

    # Faults

    def count(self, call):
        with self.lock:
            self.calls.append(call.title)
            number = len(self.calls)
            if self.hang_at and self.hang_at[0] == number:
                return number, self.hang_at[1]
            return number, None

    def rule(self, kind, text):
        with self.lock:
            for rule in self.rules:
                if rule["kind"] == kind and rule.get("times", 1) > 0 and re.search(rule["match"], text):
                    rule["times"] = rule.get("times", 1) - 1
                    return rule
        return None

    def injected(self, call):
        rule = self.rule("fail", call.title)
        if rule and "reason" in rule and not rule.get("rpc"):
            raise Refusal.http(rule["status"], rule["reason"], rule.get("message", "injected"))
        if rule and rule.get("rpc"):
            raise Refusal.rpc(rule["status"], rule["rpc"], rule.get("message", "injected"), rule.get("reason"))
        if rule:
            raise Refusal(rule["status"], rule.get("body", "<html>injected</html>"))

    def injected_operation(self, operation):
        rule = self.rule("operation", "%s %s" % (operation.kind, operation.target))
        return (rule["code"], rule.get("message", "injected")) if rule else None

    def control(self, wish):
        with self.lock:
            self.tick()
            if "hold" in wish:
                self.held.tell(wish["hold"])
            if "hang" in wish:
                self.hanging.clear()
                self.hang_at = (len(self.calls) + wish["hang"], wish["when"]) if wish["hang"] else None
            for kind in ("fail", "operation"):
                if kind in wish:
                    self.rules.append(dict(wish[kind], kind=kind))
            if "preempt" in wish:
                self.preempt(wish["preempt"])
            if "stop" in wish:
                self.instances[wish["stop"]]["status"] = "TERMINATED"
            if "quota" in wish:
                self.limits[tuple(wish["quota"][:2])] = wish["quota"][2]
            if "boot" in wish:
                self.boot = wish["boot"]
            if "forget" in wish:
                getattr(self, wish["forget"]).clear()
            if wish.get("revoke"):
                self.tokens.clear()
            if "suspend" in wish:
                self.pods[wish["suspend"]]["state"] = "SUSPENDED"
                for name in [n for n, node in self.nodes.items() if node["pod"] == wish["suspend"]]:
                    del self.nodes[name]
        return self.insides()

    def preempt(self, name):
        """Told first, taken a moment later, and deleted: nothing but an operation is left of it."""
        machine = self.instances[name]
        machine["status"] = "STOPPING"
        machine["gone_at"] = time.time() + machine.get("notice", self.end)
        link = "projects/%s/zones/%s/instances/%s" % (self.project, machine["zone"], name)
        self.begin("compute.instances.preempted", machine["zone"], link, lambda: None, 0)

    def insides(self):
        with self.lock:
            self.tick()
            return {
                "instances": sorted(self.instances), "pods": sorted(self.pods), "nodes": sorted(self.nodes),
                "firewalls": sorted(self.firewalls), "made": self.made, "calls": self.calls,
                "hanging": self.hanging.is_set(), "held": self.held.state(self.machines()),
            }
