"""Compute Engine v1, as far as machines need it."""
import re
import time
import uuid

import farm_host
import shapes
from cloud import Refusal, stamp

def route(cloud, call):
    found = re.match(r"/compute/v1/projects/([^/]+)(/.*)?$", call.path)
    if not found or found.group(1) != cloud.project:
        raise Refusal.http(404, "notFound", "The resource 'projects/%s' was not found" % (found and found.group(1)))
    call.path = found.group(2) or ""
    with cloud.lock:
        cloud.tick()
        if call.path.startswith("/zones/"):
            return zonal(cloud, call)
        return others(cloud, call)


def others(cloud, call):
    if call.match("GET", "/regions") is not None:
        return 200, {"items": [{"name": name} for name in cloud.zones]}
    at = call.match("GET", "/regions/{region}")
    if at:
        return 200, region(cloud, at["region"])
    if call.match("GET", "/aggregated/instances") is not None:
        chosen, following = page(cloud, call, [m for m in cloud.instances.values()])
        scopes = {"zones/%s-%s" % (r, z): {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results"}}
                  for r, zones in cloud.zones.items() for z in zones}
        for machine in chosen:
            scope = scopes["zones/" + machine["zone"]]
            scope.pop("warning", None)
            scope.setdefault("instances", []).append(shown(cloud, machine))
        return 200, dict({"items": scopes}, **following)
    if call.match("GET", "/aggregated/operations") is not None:
        zones = ["%s-%s" % (r, z) for r, letters in cloud.zones.items() for z in letters]
        return 200, {"items": {"zones/" + zone: {"operations": operations(cloud, call, zone)} for zone in zones}}
    at = call.match("GET", "/global/firewalls/{name}")
    if at:
        if at["name"] not in cloud.firewalls:
            raise not_found("global/firewalls/" + at["name"], cloud)
        return 200, cloud.firewalls[at["name"]]
    if call.match("POST", "/global/firewalls") is not None:
        rule = call.json()
        shapes.check(rule, shapes.FIREWALL)
        shapes.name(rule["name"])
        if rule["name"] in cloud.firewalls:
            raise exists("global/firewalls/" + rule["name"], cloud)
        cloud.firewalls[rule["name"]] = rule
        return 200, operation(cloud, cloud.begin("insert", None, "global/firewalls/" + rule["name"], lambda: None))
    raise Refusal.http(404, "notFound", "Not Found")


def region(cloud, name):
    if not re.fullmatch(r"[a-z]+-[a-z]+\d+", name):
        raise not_found("regions/" + name, cloud)
    used = len([m for m in cloud.instances.values() if m["zone"].startswith(name)])
    quotas = [{"metric": metric, "limit": cloud.limits.get((name, metric), limit), "usage": usage}
              for metric, limit, usage in (("CPUS", 1000, used * 2), ("N2_CPUS", 500, 0), ("INSTANCES", 100, used),
                                           ("IN_USE_ADDRESSES", 100, used), ("NVIDIA_L4_GPUS", 4, 0),
                                           ("PREEMPTIBLE_CPUS", 0, 0))]
    root = "https://www.googleapis.com/compute/v1/projects/%s/zones/" % cloud.project
    return {"name": name, "quotas": quotas, "zones": ["%s%s-%s" % (root, name, z) for z in cloud.zones.get(name, [])]}


def zonal(cloud, call):
    zone = call.path.split("/")[2]
    cloud.know(zone)
    call.path = call.path[len("/zones/") + len(zone):]
    at = call.match("GET", "/machineTypes/{name}")
    if at:
        if not shapes.is_machine_type(at["name"]):
            raise not_found("zones/%s/machineTypes/%s" % (zone, at["name"]), cloud)
        size = re.search(r"-(\d+)(-|$)", at["name"])
        processors = int(size.group(1)) if size else 2
        accelerators = [{"guestAcceleratorType": "nvidia-l4", "guestAcceleratorCount": 1}] if at["name"].startswith(
            "g2-") else []
        answer = {"name": at["name"], "guestCpus": processors}
        return 200, dict(answer, accelerators=accelerators) if accelerators else answer
    if call.match("GET", "/instances") is not None:
        chosen, following = page(cloud, call, [m for m in cloud.instances.values() if m["zone"] == zone])
        return 200, dict({"items": [shown(cloud, m) for m in chosen]} if chosen else {}, **following)
    if call.match("POST", "/instances") is not None:
        return 200, operation(cloud, once(cloud, call, zone, lambda: insert(cloud, call, zone)))
    if call.match("POST", "/instances/bulkInsert") is not None:
        return 200, operation(cloud, once(cloud, call, zone, lambda: bulk(cloud, call, zone)))
    if call.match("GET", "/operations") is not None:
        items = operations(cloud, call, zone)
        return 200, {"items": items} if items else {}
    at = call.match("GET", "/operations/{name}") or call.match("POST", "/operations/{name}/wait")
    if at:
        return wait(cloud, call, zone, at["name"])
    return one(cloud, call, zone)


def one(cloud, call, zone):
    found = re.match(r"/instances/([^/]+)(/.*)?$", call.path)
    if not found:
        raise Refusal.http(404, "notFound", "Not Found")
    name, rest = found.group(1), found.group(2) or ""
    machine = cloud.instances.get(name)
    if machine is None or machine["zone"] != zone:
        raise not_found("zones/%s/instances/%s" % (zone, name), cloud)
    if rest == "" and call.method == "GET":
        return 200, shown(cloud, machine)
    if rest == "" and call.method == "DELETE":
        if machine.get("deleting"):
            raise Refusal.http(400, "resourceNotReady", "The resource '%s' is not ready" % name)
        machine["deleting"], machine["status"] = True, "STOPPING"
        return 200, operation(cloud, cloud.begin(
            "delete", zone, "zones/%s/instances/%s" % (zone, name),
            lambda: cloud.instances.pop(name, None) and None, cloud.end))
    if rest in ("/stop", "/start") and call.method == "POST":
        return 200, operation(cloud, power(cloud, machine, zone, rest[1:]))
    if rest == "/getGuestAttributes" and call.method == "GET":
        says = metadata(machine).get("enable-guest-attributes", "").upper() == "TRUE"
        if not says or status(cloud, machine) != "RUNNING":
            raise Refusal.http(404, "notFound", "The resource 'hostkeys/' of type 'Guest Attribute' was not found.")
        words = machine["host"]["key"].split()
        return 200, {"queryPath": "hostkeys/", "queryValue": {"items": [
            {"namespace": "hostkeys", "key": words[0], "value": words[1]}]}}
    if rest == "/serialPort" and call.method == "GET":
        return 200, {"contents": "Booting\n", "start": "0", "next": "8"}
    raise Refusal.http(404, "notFound", "Not Found")


def power(cloud, machine, zone, action):
    """Of a machine that is stopped, or that runs, already nothing is to be done."""
    link = "zones/%s/instances/%s" % (zone, machine["name"])
    if machine.get("deleting") or machine["status"] == "STOPPING":
        raise Refusal.http(400, "resourceNotReady", "The resource '%s' is not ready" % machine["name"])
    is_stopped = machine["status"] == "TERMINATED"

    def stop():
        machine["status"] = "TERMINATED"
        farm_host.halt(machine["host"]["home"])

    def start():
        machine["status"], machine["born"] = None, time.time()

    if (action == "stop") == is_stopped:
        return cloud.begin(action, zone, link, lambda: None)
    if action == "stop":
        machine["status"] = "STOPPING"
    return cloud.begin(action, zone, link, stop if action == "stop" else start, cloud.end)


# Making


def once(cloud, call, zone, make):
    """The same request id is the same request, whatever else it says."""
    given = call.query.get("requestId")
    if given is None:
        return make()
    try:
        if uuid.UUID(given).int == 0 or str(uuid.UUID(given)) != given:
            raise ValueError
    except ValueError:
        raise Refusal.http(400, "invalid", "Invalid value for field 'requestId': '%s'." % given)
    if given not in cloud.by_request:
        cloud.by_request[given] = make()
        cloud.by_request[given].request = given
    return cloud.by_request[given]


def insert(cloud, call, zone):
    body = call.json()
    shapes.check(body, shapes.INSTANCE)
    shapes.instance(body, zone, bulk=False)
    link = "zones/%s/instances/%s" % (zone, body["name"])
    if body["name"] in cloud.instances:
        raise exists(link, cloud)
    refuse_over_quota(cloud, zone, 1)
    return cloud.begin("insert", zone, "projects/%s/%s" % (cloud.project, link),
                       lambda: place(cloud, zone, {body["name"]: body}))


def bulk(cloud, call, zone):
    body = call.json()
    shapes.check(body, shapes.BULK)
    properties, names = body["instanceProperties"], sorted(body["perInstanceProperties"])
    shapes.instance(dict(properties, name=names[0]), zone, bulk=True)
    if int(body["count"]) != len(names):
        raise Refusal.http(400, "invalid", "Invalid value for field 'resource.count'")
    for name in names:
        shapes.name(name)
        if name in cloud.instances:
            raise exists("zones/%s/instances/%s" % (zone, name), cloud)
    refuse_over_quota(cloud, zone, len(names))
    return cloud.begin("bulkInsert", zone, "projects/%s/zones/%s" % (cloud.project, zone),
                       lambda: place(cloud, zone, {name: properties for name in names}))


def place(cloud, zone, bodies):
    """All or none, by the hosts that are free."""
    free = cloud.free_hosts()
    if len(free) < len(bodies):
        code = "ZONE_RESOURCE_POOL_EXHAUSTED" if len(bodies) == 1 else "VM_MIN_COUNT_NOT_REACHED"
        return code, "The zone 'projects/%s/zones/%s' does not have enough resources." % (cloud.project, zone)
    for host, (name, body) in zip(free, sorted(bodies.items())):
        farm_host.wipe(host["home"])
        cloud.made += 1
        cloud.instances[name] = {
            "name": name, "zone": zone, "body": body, "host": host, "status": None, "born": time.time(),
            "id": str(cloud.made), "created": stamp()}
    return None


def refuse_over_quota(cloud, zone, count):
    area = zone.rpartition("-")[0]
    limit = cloud.limits.get((area, "INSTANCES"), 100)
    used = len([m for m in cloud.instances.values() if m["zone"].startswith(area)])
    if used + count > limit:
        raise Refusal.http(403, "quotaExceeded", "Quota 'INSTANCES' exceeded. Limit: %.1f in region %s." % (limit, area),
                           "usageLimits")


# Showing


def status(cloud, machine):
    if machine["status"]:
        return machine["status"]
    age = time.time() - machine["born"]
    return "PROVISIONING" if age < cloud.boot / 3 else "STAGING" if age < cloud.boot else "RUNNING"


def metadata(machine):
    return {item["key"]: item["value"] for item in machine["body"].get("metadata", {}).get("items", [])}


def shown(cloud, machine):
    body, root = machine["body"], "https://www.googleapis.com/compute/v1/projects/%s/" % cloud.project
    zone = root + "zones/" + machine["zone"]
    interface = {"networkIP": "10.128.0.%s" % machine["id"], "name": "nic0"}
    given = body["networkInterfaces"][0].get("accessConfigs")
    if given and status(cloud, machine) in ("RUNNING", "STAGING", "STOPPING"):
        interface["accessConfigs"] = [dict(given[0], natIP=machine["host"]["address"])]
    return {
        "kind": "compute#instance", "id": machine["id"], "name": machine["name"], "status": status(cloud, machine),
        "zone": zone, "machineType": zone + "/machineTypes/" + body["machineType"].split("/")[-1],
        "creationTimestamp": machine["created"], "labels": body.get("labels", {}), "metadata": body["metadata"],
        "scheduling": body["scheduling"], "tags": body["tags"], "networkInterfaces": [interface]}


def page(cloud, call, machines):
    """Those that the filter lets through, as many as were asked for and no more than two: clients have to turn pages."""
    text = call.query.get("filter", "")
    found = re.fullmatch(r"labels\.([a-z0-9_-]+)(?::\*|=(\S+))", text) if text else None
    if text and not found:
        raise Refusal.http(400, "invalid", "Invalid value for field 'filter': '%s'. Invalid list filter expression." % text)
    if found:
        label, wanted = found.groups()
        machines = [m for m in machines if label in m["body"].get("labels", {})
                    and wanted in (None, m["body"]["labels"][label])]
    machines = sorted(machines, key=lambda m: m["name"])
    start = int(call.query.get("pageToken", 0))
    end = start + min(2, int(call.query.get("maxResults", 500)))
    return machines[start:end], {"nextPageToken": str(end)} if end < len(machines) else {}


def operations(cloud, call, zone):
    """The newest first."""
    found = re.fullmatch(r'(operationType|status)\s*(!?=)\s*"?([\w.]+)"?', call.query.get("filter", ""))
    if not found:
        raise Refusal.http(400, "invalid", "Invalid list filter expression.")
    field, relation, value = found.groups()
    items = [operation(cloud, o) for o in cloud.operations.values() if o.scope == zone]
    return [o for o in reversed(items) if (o[field] == value) == (relation == "=")]


def operation(cloud, o):
    shown = {
        "kind": "compute#operation", "name": o.name, "operationType": o.kind, "insertTime": stamp(o.begun),
        "targetLink": "https://www.googleapis.com/compute/v1/" + o.target, "progress": 100 if o.is_done else 0,
        "clientOperationId": o.request or "",
        "status": "DONE" if o.is_done else "RUNNING" if time.time() - o.begun > cloud.operation / 2 else "PENDING"}
    if o.error:
        shown["error"] = {"errors": [{"code": o.error[0], "message": o.error[1]}]}
        shown["httpErrorStatusCode"], shown["httpErrorMessage"] = 503, "SERVICE UNAVAILABLE"
    return shown


def wait(cloud, call, zone, name):
    end = time.time() + (2 if call.method == "POST" else 0)
    while True:
        cloud.tick()
        found = cloud.operations.get(name)
        if found is None or found.scope != zone:
            raise not_found("zones/%s/operations/%s" % (zone, name), cloud)
        if found.is_done or time.time() >= end:
            return 200, operation(cloud, found)
        cloud.lock.release()
        time.sleep(0.01)
        cloud.lock.acquire()


def not_found(link, cloud):
    return Refusal.http(404, "notFound", "The resource 'projects/%s/%s' was not found" % (cloud.project, link))


def exists(link, cloud):
    return Refusal.http(409, "alreadyExists", "The resource 'projects/%s/%s' already exists" % (cloud.project, link))
