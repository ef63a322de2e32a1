"""AWS for tests on loopback: moto, and in front of it a door that adds what moto does not have.

    python aws_cloud.py READY_FILE PERMISSIONS_FILE

Runs in a Python that has moto[server] 5.2.5. Writes the port, and the keys of a user that has just the rights of PERMISSIONS_FILE for
machines, to READY_FILE, and ends with its standard input. moto checks signatures and rights; the door adds:

* each request is held to botocore's own model of the service: parameters that are unknown, mistyped or missing are refused as
  InvalidParameterValue, and remembered for the test to see;
* `ClientToken` of RunInstances as EC2 means it: the same answer again, or IdempotentParameterMismatch;
* instances that take a moment to boot and to be listed, consoles with host keys, spot requests with notices, placement groups, public
  parameters with images, service quotas;
* faults by rule, lost answers, calls that are held until the test says so.

Instances are stood for by hosts that the test names: who asks for the way to an instance's address gets one that is free, and a host
whose instance ends loses its processes and files; one whose instance is stopped, its processes.
"""

import base64
import calendar
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "3"
os.environ.setdefault("MOTO_ENABLE_AMI_VALIDATION", "1")
os.environ.setdefault("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "1")

import botocore.session  # noqa: E402
import botocore.validate  # noqa: E402
from moto.ec2.models import ec2_backends  # noqa: E402
from moto.ec2.models.instances import StateReason  # noqa: E402
from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: E402

from held_call import HeldCall  # noqa: E402

ACCOUNT = "123456789012"
NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length", "date", "server"}
SESSION = botocore.session.get_session()
SERVICES = {"ec2": "ec2", "ssm": "ssm", "servicequotas": "service-quotas", "iam": "iam", "sts": "sts", "s3": "s3"}


class Refusal(Exception):
    def __init__(self, code, message, status=400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


# ---------------------------------------------------------------- requests, held to the model


class Model:
    """What botocore knows of one service."""

    def __init__(self, name):
        self.service = SESSION.get_service_model(SERVICES[name])
        self.validator = botocore.validate.ParamValidator()

    def check_query(self, action, parameters):
        if action not in self.service.operation_names:
            raise Refusal("InvalidAction", f"the action {action} is not valid")
        tree = {}
        for name, value in parameters.items():
            node = tree
            *path, last = name.split(".")
            for part in path:
                node = node.setdefault(part, {})
                if not isinstance(node, dict):
                    raise Refusal("UnknownParameter", f"{name} goes on below a value")
            node[last] = value
        shape = self.service.operation_model(action).input_shape
        self.check(shape, self.structure(shape, tree, action), action)

    def check_json(self, action, body):
        shape = self.service.operation_model(action).input_shape
        for name in body:
            if name not in shape.members:
                raise Refusal("UnknownParameter", f"{action} has no {name}")
        self.check(shape, body, action)

    def check(self, shape, value, action):
        report = self.validator.validate(value, shape)
        if report.has_errors():
            raise Refusal("InvalidParameterValue", f"{action}: {report.generate_report()}")

    def structure(self, shape, node, path):
        if not isinstance(node, dict):
            raise Refusal("UnknownParameter", f"{path} is no single value")
        names = {}
        for member, inner in shape.members.items():
            wire = inner.serialization.get("queryName")
            if wire is None:
                wire = inner.serialization.get("name", member)
                wire = wire[0].upper() + wire[1:]
            names[wire] = (member, inner)
        value = {}
        for wire, below in node.items():
            if wire not in names:
                raise Refusal("UnknownParameter", f"the parameter {path}.{wire} is not recognized")
            member, inner = names[wire]
            value[member] = self.value(inner, below, f"{path}.{wire}")
        return value

    def value(self, shape, node, path):
        if shape.type_name == "structure":
            return self.structure(shape, node, path)
        if shape.type_name == "list":
            if not isinstance(node, dict) or sorted(node, key=int) != [str(n + 1) for n in range(len(node))]:
                raise Refusal("InvalidParameterValue", f"{path} is not counted from 1")
            return [self.value(shape.member, node[str(n + 1)], f"{path}.{n + 1}") for n in range(len(node))]
        if isinstance(node, dict):
            raise Refusal("UnknownParameter", f"{path} is a single value")
        if shape.type_name in ("integer", "long"):
            if not re.fullmatch(r"-?\d+", node):
                raise Refusal("InvalidParameterValue", f"{path}: '{node}' is no number")
            return int(node)
        if shape.type_name == "boolean":
            if node not in ("true", "false"):
                raise Refusal("InvalidParameterValue", f"{path}: '{node}' is neither true nor false")
            return node == "true"
        if shape.type_name == "string" and getattr(shape, "enum", None) and node not in shape.enum:
            raise Refusal("InvalidParameterValue", f"{path}: '{node}' is none of {shape.enum}")
        return node


# ---------------------------------------------------------------- the world


class World:
    def __init__(self):
        self.lock = threading.RLock()
        self.making = threading.Lock()
        self.models = {}
        self.reset()

    def reset(self):
        self.rules, self.calls, self.invalid = [], [], []
        self.tokens, self.token_locks = {}, {}
        self.placement, self.spots = {}, {}
        self.hosts, self.taken = [], {}
        self.boot, self.lag, self.console, self.quotas = 0.0, 0.0, 0.0, {}
        self.held = HeldCall()
        # Disks of machines that were interrupted by order, which moto does not take along.
        for backend in self.backends().values():
            backend.volumes.clear()
            for groups in backend.groups.values():
                for key in [key for key, group in groups.items() if group.name.startswith("sky-")]:
                    del groups[key]

    def model(self, service):
        if service not in self.models:
            self.models[service] = Model(service)
        return self.models[service]

    # -- instances

    def backends(self):
        return {region: ec2_backends[ACCOUNT][region] for region in list(ec2_backends[ACCOUNT])}

    def instances(self):
        for region, backend in self.backends().items():
            for reservation in list(backend.reservations.values()):
                for instance in reservation.instances:
                    yield region, instance

    def age(self, instance):
        return time.time() - calendar.timegm(instance.launch_time.utctimetuple()) - instance.launch_time.microsecond / 1e6

    def alive(self):
        return [i for _, i in self.instances() if i._state.name in ("pending", "running")]

    def host_of(self, instance):
        """The host that stands for an instance: taken for as long as the instance is there."""
        with self.lock:
            if instance.id in self.taken:
                return self.taken[instance.id]
            free = [h for h in self.hosts if h["name"] not in {t["name"] for t in self.taken.values()}]
            if not free:
                return None
            self.taken[instance.id] = free[0]
            return free[0]

    def at(self, address):
        for _, instance in self.instances():
            if address in (instance.public_ip, instance.private_ip) and instance._state.name == "running":
                return self.host_of(instance)
        return None

    def end(self, region, instance, code=None, message=""):
        if instance._state.name != "terminated":
            ec2_backends[ACCOUNT][region].terminate_instances([instance.id])
        if code:
            instance.state_reason = StateReason(f"{code}: {message}", code)
            instance._reason = f"{code}: {message}"
        self.power_off(instance.id)

    def power_off(self, identity):
        """What ran on the host is gone, and what was on its disk."""
        with self.lock:
            host = self.taken.pop(identity, None)
        if host:
            home = host["home"]
            while kill_all(home):
                time.sleep(0.01)
            for name in os.listdir(home):
                path = os.path.join(home, name)
                shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.unlink(path)

    def halt(self, identity):
        """What ran on the host is gone, and what was on its disk stays."""
        host = self.taken.get(identity)
        while host and kill_all(host["home"]):
            time.sleep(0.01)

    def interrupt(self, identity, notice, code):
        region, instance = next((r, i) for r, i in self.instances() if i.id == identity)
        spot = self.spots[identity]
        spot.update(code="marked-for-termination", at=time.time())

        def take():
            time.sleep(notice)
            spot.update(code=code, at=time.time(), state="closed")
            self.end(region, instance, "Server.SpotInstanceTermination", "Spot instance termination")

        threading.Thread(target=take, daemon=True).start()

    def state(self):
        answer = {"instances": [], "volumes": 0, "groups": [], "placement": sorted(self.placement)}
        for region, instance in self.instances():
            answer["instances"].append({
                "id": instance.id, "region": region, "state": instance._state.name, "type": instance.instance_type,
                "zone": instance._placement.zone, "tags": {t["key"]: t["value"] for t in instance.get_tags()},
                "lifecycle": instance.lifecycle or "on-demand", "address": instance.public_ip or ""})
        for region, backend in self.backends().items():
            answer["volumes"] += len(backend.volumes)
            for groups in backend.groups.values():
                answer["groups"] += [g.name for g in groups.values() if g.name.startswith("sky-")]
        return answer


def kill_all(home):
    """Processes that have the folder in their arguments or variables."""
    count = 0
    mark = (home + "/").encode()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                words = file.read()
            with open(f"/proc/{name}/environ", "rb") as file:
                variables = file.read()
            with open(f"/proc/{name}/stat") as file:
                state = file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        is_agent = any(word.startswith(mark) for word in words.split(b"\0"))
        is_job = b"SKY_JOB_DIR=" + mark in variables
        if (is_agent or is_job) and state != "Z":
            count += 1
            try:
                os.kill(int(name), signal.SIGKILL)
            except OSError:
                pass
    return count


WORLD = World()


# ---------------------------------------------------------------- what moto does not answer


def xml(action, inner):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{NAMESPACE}">'
            f"<requestId>door</requestId>{inner}</{action}Response>").encode()


def values(parameters, name):
    """Of a list: Name.1, Name.2, …"""
    return [v for k, v in sorted(parameters.items()) if re.fullmatch(re.escape(name) + r"\.\d+", k)]


def filters(parameters):
    found = {}
    for key, name in parameters.items():
        match = re.fullmatch(r"Filter\.(\d+)\.Name", key)
        if match:
            found[name] = values(parameters, f"Filter.{match[1]}.Value")
    return found


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def console_output(region, parameters):
    instance = next((i for _, i in WORLD.instances() if i.id == parameters["InstanceId"]), None)
    if instance is None:
        raise Refusal("InvalidInstanceID.NotFound", f"The instance ID '{parameters['InstanceId']}' does not exist")
    family = instance.instance_type.split(".")[0]
    if parameters.get("Latest") == "true" and family in ("t2", "m4", "c4", "r4", "m3", "c3"):
        raise Refusal("UnsupportedOperation", "This instance type does not support retrieving the latest console logs.")
    text = ""
    host = WORLD.host_of(instance)
    # Nobody gets in, and nothing is said, where no instructions came with the order.
    if host and WORLD.age(instance) >= WORLD.console and instance.user_data:
        kind, key = host["key"].split()[:2]
        text = ("[    0.000000] Linux version 6.8.0-1012-aws (buildd@lcy02) #12-Ubuntu SMP\r\n"
                "[   11.204577] cloud-init[612]: Cloud-init v. 24.1.3 running 'modules:config'\r\n"
                "ci-info: +++++++++Authorized keys from /home/sky/.ssh/authorized_keys for user sky+++++++++\r\n"
                "<14>Nov 29 12:00:00 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----\r\n"
                "<14>Nov 29 12:00:00 cloud-init: 256 SHA256:abc root@ip-10-0-0-1 (ED25519)\r\n"
                "<14>Nov 29 12:00:00 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----\r\n"
                "-----BEGIN SSH HOST KEY KEYS-----\r\n"
                f"{kind} {key} root@ip-10-0-0-1\r\n"
                "-----END SSH HOST KEY KEYS-----\r\n"
                "[   13.000000] cloud-init[700]: Cloud-init v. 24.1.3 finished\r\n")
    output = base64.encodebytes(text.encode()).decode()
    return xml("GetConsoleOutput", f"<instanceId>{instance.id}</instanceId><timestamp>{moment(time.time())}</timestamp>"
                                   f"<output>{output}</output>")


def spot_requests(region, parameters):
    wanted = filters(parameters).get("spot-instance-request-id") or values(parameters, "SpotInstanceRequestId")
    items = ""
    for instance, spot in WORLD.spots.items():
        if wanted and spot["id"] not in wanted:
            continue
        items += (f"<item><spotInstanceRequestId>{spot['id']}</spotInstanceRequestId><type>one-time</type>"
                  f"<state>{spot['state']}</state><status><code>{spot['code']}</code>"
                  f"<updateTime>{moment(spot['at'])}</updateTime><message>the request is {spot['code']}</message></status>"
                  f"<instanceId>{instance}</instanceId></item>")
    return xml("DescribeSpotInstanceRequests", f"<spotInstanceRequestSet>{items}</spotInstanceRequestSet>")


def create_placement_group(region, parameters):
    key = f"{region}/{parameters['GroupName']}"
    if key in WORLD.placement:
        raise Refusal("InvalidPlacementGroup.Duplicate", f"The Placement Group '{parameters['GroupName']}' already exists.")
    WORLD.placement[key] = parameters.get("Strategy", "cluster")
    return xml("CreatePlacementGroup", f"<return>true</return><placementGroup><groupName>{parameters['GroupName']}"
                                       f"</groupName><state>available</state></placementGroup>")


def describe_placement_groups(region, parameters):
    wanted = filters(parameters).get("group-name")
    names = [k.split("/")[1] for k in sorted(WORLD.placement) if k.startswith(region + "/")]
    items = "".join(f"<item><groupName>{n}</groupName><strategy>cluster</strategy><state>available</state></item>"
                    for n in names if not wanted or n in wanted)
    return xml("DescribePlacementGroups", f"<placementGroupSet>{items}</placementGroupSet>")


def delete_placement_group(region, parameters):
    key = f"{region}/{parameters['GroupName']}"
    if key not in WORLD.placement:
        raise Refusal("InvalidPlacementGroup.Unknown", f"The Placement Group '{parameters['GroupName']}' is unknown.")
    if any(getattr(i, "placement_group", None) == key for i in WORLD.alive()):
        raise Refusal("InvalidPlacementGroup.InUse", "The placement group is in use and may not be deleted.")
    del WORLD.placement[key]
    return xml("DeletePlacementGroup", "<return>true</return>")


OWN = {
    "GetConsoleOutput": console_output, "DescribeSpotInstanceRequests": spot_requests,
    "CreatePlacementGroup": create_placement_group, "DescribePlacementGroups": describe_placement_groups,
    "DeletePlacementGroup": delete_placement_group,
}


def get_parameters(region, body):
    """Images by the public parameters of AWS and Canonical."""
    found, missing = [], []
    images = ec2_backends[ACCOUNT][region].amis.values()
    for name in body["Names"]:
        architecture = "arm64" if "arm64" in name else "x86_64"
        is_known = re.search(r"/(canonical/ubuntu/server/24.04/.*ebs-gp3|deeplearning/ami/[^/]+/base-oss-nvidia-driver-gpu-"
                             r"ubuntu-22.04|neuron/dlami/multi-framework/ubuntu-24.04)/", name)
        image = next((i for i in images if i.architecture == architecture and i.root_device_name
                      and (i.platform or "") != "windows"), None)
        if is_known and image:
            found.append({"Name": name, "Value": image.id, "Type": "String"})
        else:
            missing.append(name)
    return {"Parameters": found, "InvalidParameters": missing}


def get_service_quota(region, body):
    value = WORLD.quotas.get(body["QuotaCode"])
    if value is None:
        raise Refusal("NoSuchResourceException", "The request failed because the specified service does not exist.")
    return {"Quota": {"ServiceCode": body["ServiceCode"], "QuotaCode": body["QuotaCode"], "Value": value}}


OWN_JSON = {"GetParameters": get_parameters, "GetServiceQuota": get_service_quota}

# ---------------------------------------------------------------- the door


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_"):
            return self.control(json.loads(body or b"{}"))
        self.serve(body)

    def do_GET(self):
        if self.path.startswith("/_"):
            return self.control({})
        self.serve(b"")

    do_PUT = do_DELETE = do_HEAD = do_POST

    def reply(self, status, body, kind="text/xml", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-type" for name, _ in headers):
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def scope(self):
        match = re.search(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/", self.headers.get("Authorization", ""))
        return (match[1], match[2]) if match else ("us-east-1", "s3")

    def serve(self, body):
        region, service = self.scope()
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        parameters = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)) if is_form else {}
        target = self.headers.get("X-Amz-Target")
        action = parameters.pop("Action", None) or (target.split(".")[1] if target else self.command)
        parameters.pop("Version", None)
        with WORLD.lock:
            number = len(WORLD.calls) + 1
            call = {"action": action, "region": region, "status": 0, "seconds": 0.0,
                    "parameters": {k: v for k, v in parameters.items() if k != "UserData"}}
            WORLD.calls.append(call)
            rule = next((r for r in WORLD.rules if r["used"] < r.get("times", 1 << 60)
                         and r.get("action") in (None, action) and r.get("region") in (None, region)
                         and all(parameters.get(k) == v for k, v in r.get("match", {}).items())), None)
            if rule:
                rule["used"] += 1
        held = WORLD.held.comes(f"{action} {parameters}")
        begun = time.monotonic()
        if held == "before" and WORLD.held.is_outlived(self.connection):
            self.close_connection = True
            return
        try:
            if rule and rule.get("mode", "error") == "error":
                raise Refusal(rule["code"], rule.get("message", rule["code"]), rule.get("status", 400))
            if rule and rule["mode"] == "html":
                status, headers, answer = 500, [("Content-Type", "text/html")], b"<html><h1>500 Oops</h1></html>"
            else:
                if rule and rule["mode"] == "delay":
                    time.sleep(rule["seconds"])
                status, headers, answer = self.answer(region, service, action, parameters, body, is_form)
        except Refusal as refusal:
            status, headers = refusal.status, []
            answer = (json.dumps({"__type": refusal.code, "message": refusal.message}).encode() if target else
                      (f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{refusal.code}</Code>'
                       f"<Message>{refusal.message}</Message></Error></Errors><RequestID>door-{number}</RequestID>"
                       "</Response>").encode())
        call.update(status=status, seconds=time.monotonic() - begun)
        WORLD.held.see(len(WORLD.alive()))
        if held == "after" and WORLD.held.is_outlived(self.connection):
            self.close_connection = True
            return
        if rule and rule.get("mode") == "lost":
            self.close_connection = True
            self.connection.shutdown(2)
            return
        try:
            self.reply(status, answer, headers=headers)
        except OSError:
            self.close_connection = True

    def answer(self, region, service, action, parameters, body, is_form):
        if service not in SERVICES or service == "s3":
            return self.forward(body)
        try:
            if is_form:
                WORLD.model(service).check_query(action, parameters)
            else:
                WORLD.model(service).check_json(action, json.loads(body or b"{}"))
        except Refusal as refusal:
            WORLD.invalid.append(refusal.message)
            raise
        if action == "RunInstances":
            return self.run_instances(region, parameters, body)
        # moto looks whether there is such a thing, and then makes it: two at once would both make it.
        with WORLD.making if action.startswith(("Create", "Authorize")) else contextlib.nullcontext():
            status, headers, answer = self.forward(body)
        # Signature and rights are moto's business, also of calls that it does not know.
        if status in (401, 403):
            return status, headers, answer
        if action in OWN:
            return 200, [], OWN[action](region, parameters)
        if action in OWN_JSON:
            body = json.dumps(OWN_JSON[action](region, json.loads(body))).encode()
            return 200, [("Content-Type", "application/x-amz-json-1.1")], body
        if action == "DescribeInstances" and status == 200:
            answer = self.as_ec2_tells(answer)
        if action == "TerminateInstances" and status == 200:
            for identity in values(parameters, "InstanceId"):
                if identity in WORLD.spots and WORLD.spots[identity]["state"] == "active":
                    WORLD.spots[identity].update(state="closed", code="instance-terminated-by-user", at=time.time())
                WORLD.power_off(identity)
        if action == "StopInstances" and status == 200:
            for identity in values(parameters, "InstanceId"):
                WORLD.halt(identity)
        return status, headers, answer

    def run_instances(self, region, parameters, body):
        group = parameters.get("Placement.GroupName")
        if group and f"{region}/{group}" not in WORLD.placement:
            raise Refusal("InvalidPlacementGroup.Unknown", f"The Placement Group '{group}' is unknown.")
        token = (region, parameters.get("ClientToken"))
        digest = hashlib.sha256(json.dumps(sorted(parameters.items())).encode()).hexdigest()
        with WORLD.lock:
            turn = WORLD.token_locks.setdefault(token, threading.Lock())
        with turn:
            known = WORLD.tokens.get(token)
            if token[1] and known:
                if known[0] != digest:
                    raise Refusal("IdempotentParameterMismatch",
                                  "The request uses the same client token as a previous, but non-identical request.")
                return known[1]
            status, headers, answer = self.forward(body)
            if status == 200:
                made = re.findall(r"<instanceId>(i-[0-9a-f]+)</instanceId>", answer.decode())
                is_spot = parameters.get("InstanceMarketOptions.MarketType") == "spot"
                for region_, instance in WORLD.instances():
                    if instance.id in made:
                        instance.placement_group = f"{region}/{group}" if group else None
                        if is_spot:
                            WORLD.spots[instance.id] = {"id": f"sir-{instance.id[2:10]}", "state": "active",
                                                        "code": "fulfilled", "at": time.time()}
                if token[1]:
                    WORLD.tokens[token] = (digest, (status, headers, answer))
            return status, headers, answer

    def as_ec2_tells(self, answer):
        """Instances that are just made are not listed yet, then they boot; spot ones know their request."""
        if not (WORLD.spots or WORLD.lag or WORLD.boot):
            return answer
        by_id = {i.id: i for _, i in WORLD.instances()}
        root = ET.fromstring(answer)
        name = root.tag[:root.tag.index("}") + 1]
        ET.register_namespace("", name[1:-1])
        for instances in root.iter(name + "instancesSet"):
            for item in list(instances):
                identity = item.findtext(name + "instanceId")
                instance = by_id[identity]
                if WORLD.age(instance) < WORLD.lag:
                    instances.remove(item)
                    continue
                if WORLD.age(instance) < WORLD.lag + WORLD.boot and instance._state.name == "running":
                    item.find(name + "instanceState").find(name + "name").text = "pending"
                if identity in WORLD.spots and item.find(name + "spotInstanceRequestId") is None:
                    ET.SubElement(item, name + "spotInstanceRequestId").text = WORLD.spots[identity]["id"]
        return ET.tostring(root, encoding="utf-8", xml_declaration=True)

    def forward(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", MOTO_PORT, timeout=600)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP or name.lower() == "date":
                connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response.status, [(n, v) for n, v in response.getheaders() if n.lower() not in HOP], data

    # -- what tests say and ask

    def control(self, said):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        command, answer = url.path[2:], {}
        if command == "rule":
            WORLD.rules.append({**said, "used": 0})
        elif command == "norules":
            WORLD.rules.clear()
        elif command == "set":
            for name, value in said.items():
                setattr(WORLD, name, value)
        elif command == "hosts":
            WORLD.hosts = said["hosts"]
        elif command == "hold":
            if self.command == "POST":
                WORLD.held.tell(said)
            answer = WORLD.held.state(len(WORLD.alive()))
        elif command == "calls":
            answer = {"calls": WORLD.calls}
        elif command == "invalid":
            answer = {"invalid": WORLD.invalid}
        elif command == "state":
            answer = WORLD.state()
        elif command == "interrupt":
            WORLD.interrupt(said["instance"], said["notice"], said.get("code", "instance-terminated-no-capacity"))
        elif command == "shutdown":
            for region, instance in list(WORLD.instances()):
                host = WORLD.taken.get(instance.id)
                if host and said["home"].rstrip("/") == host["home"].rstrip("/"):
                    WORLD.end(region, instance, "Client.InstanceInitiatedShutdown", "Instance initiated shutdown")
        elif command == "end":
            region, instance = next((r, i) for r, i in WORLD.instances() if i.id == said["instance"])
            WORLD.end(region, instance, said["code"], said.get("message", ""))
        elif command == "way":
            answer = WORLD.at(query["address"]) or {}
        elif command == "reset":
            for _, instance in WORLD.instances():
                WORLD.power_off(instance.id)
            for backend in WORLD.backends().values():
                backend.reservations.clear()
            WORLD.reset()
        else:
            return self.reply(404, b"{}", "application/json")
        self.reply(200, json.dumps(answer).encode(), "application/json")


class Server(ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 256


def bare(service, parameters):
    """A call of nobody in particular, of which moto lets in the first three."""
    connection = http.client.HTTPConnection("127.0.0.1", MOTO_PORT)
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=nobody/20260101/us-east-1/{service}/aws4_request, "
                                "SignedHeaders=host, Signature=none",
               "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/", urllib.parse.urlencode({**parameters, "Version": "2010-05-08"}), headers)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def main():
    global MOTO_PORT
    ready, permissions = sys.argv[1:]
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    MOTO_PORT = moto.get_host_and_port()[1]
    bare("iam", {"Action": "CreateUser", "UserName": "sky"})
    keys = bare("iam", {"Action": "CreateAccessKey", "UserName": "sky"})
    with open(permissions) as file:
        rights = [line.split(",") for line in file if not line.startswith("#")]
    actions = sorted({fields[0] for fields in rights if fields[1] in ("machines", "spot", "gang")})
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    bare("iam", {"Action": "PutUserPolicy", "UserName": "sky", "PolicyName": "least",
                 "PolicyDocument": json.dumps(policy)})
    server = Server(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(ready + ".new", "w") as file:
        json.dump({"port": server.server_address[1], "key": re.search("<AccessKeyId>(.*?)<", keys)[1],
                   "secret": re.search("<SecretAccessKey>(.*?)<", keys)[1], "pid": os.getpid()}, file)
    os.rename(ready + ".new", ready)
    sys.stdin.read()


if __name__ == "__main__":
    main()
