"""Cloud TPU v2: queued resources, and the nodes that come of them."""
import re
import time

import farm_host
import shapes
from cloud import Refusal

NODE = {
    "acceleratorType": shapes.ANY, "runtimeVersion": shapes.ANY, "labels": shapes.ANY, "metadata": shapes.ANY,
    "tags": shapes.ANY, "description": shapes.ANY, "serviceAccount": {"email": shapes.ANY, "scope": shapes.ANY},
    "networkConfig": {"network": shapes.ANY, "subnetwork": shapes.ANY, "enableExternalIps": shapes.ANY},
    "schedulingConfig": {"spot": shapes.ANY, "preemptible": shapes.ANY},
}
REQUEST = {
    "tpu": {"nodeSpec": [{"parent": shapes.ANY, "nodeId": shapes.ANY, "node": NODE,
                          "multisliceParams": {"nodeCount": shapes.ANY, "nodeIdPrefix": shapes.ANY}}]},
    "spot": {}, "guaranteed": {"minDuration": shapes.ANY}, "reservationName": shapes.ANY,
    "queueingPolicy": {"validUntilDuration": shapes.ANY, "validAfterDuration": shapes.ANY},
}


def route(cloud, call):
    found = re.match(r"/v2/projects/([^/]+)/locations/([^/]+)(/.*)$", call.path)
    if not found or found.group(1) != cloud.project:
        raise Refusal.rpc(403, "PERMISSION_DENIED", "Permission denied on resource project.")
    zone, call.path = found.group(2), found.group(3)
    with cloud.lock:
        cloud.tick()
        advance(cloud)
        return answer(cloud, call, zone)


def answer(cloud, call, zone):
    if call.match("POST", "/queuedResources") is not None:
        return 200, create(cloud, call, zone)
    if call.match("GET", "/queuedResources") is not None:
        pods = sorted((p for p in cloud.pods.values() if zone in ("-", p["zone"])), key=lambda p: p["id"])
        start = int(call.query.get("pageToken") or 0)
        following = {"nextPageToken": str(start + 1)} if start + 1 < len(pods) else {}
        return 200, dict({"queuedResources": [shown(cloud, p) for p in pods[start:start + 1]]}, **following)
    at = call.match("GET", "/queuedResources/{name}") or call.match("DELETE", "/queuedResources/{name}")
    if at:
        pod = cloud.pods.get(at["name"])
        if pod is None or pod["zone"] != zone:
            raise missing("queuedResources/" + at["name"])
        if call.method == "GET":
            return 200, shown(cloud, pod)
        if pod["state"] == "ACTIVE" and call.query.get("force") != "true":
            raise Refusal.rpc(400, "FAILED_PRECONDITION", "The queued resource has nodes.")
        pod["state"], pod["gone_at"] = "DELETING", time.time() + cloud.end
        return 200, operation(cloud, zone, "delete", pod["id"])
    at = call.match("GET", "/nodes/{name}")
    if at:
        return 200, node(cloud, zone, at["name"])
    at = call.match("POST", "/nodes/{name}:getGuestAttributes")
    if at:
        node(cloud, zone, at["name"])
        hosts = cloud.nodes[at["name"]]["hosts"]
        workers = [int(i) for i in call.json().get("workerIds", [])] or range(len(hosts))
        return 200, {"guestAttributes": [{"queryPath": "hostkeys/", "queryValue": {"items": [
            {"namespace": "hostkeys", "key": hosts[i]["key"].split()[0], "value": hosts[i]["key"].split()[1]}]}}
            for i in workers]}
    raise Refusal.rpc(404, "NOT_FOUND", "Method not found.")


def create(cloud, call, zone):
    name, body = call.query.get("queuedResourceId", ""), call.json()
    if not re.fullmatch(r"[A-Za-z0-9_.~+%-]+", name):
        raise Refusal.rpc(400, "INVALID_ARGUMENT", "Invalid queuedResourceId")
    try:
        shapes.check(body, REQUEST)
        for spec in body["tpu"]["nodeSpec"]:
            shapes.labels(spec["node"].get("labels", {}))
    except Refusal as refusal:
        raise Refusal.rpc(400, "INVALID_ARGUMENT", refusal.body["error"]["message"])
    spec = body["tpu"]["nodeSpec"][0]
    slices = spec.get("multisliceParams", {}).get("nodeCount")
    if (slices is None) == ("nodeId" not in spec) or (slices is not None and slices < 2):
        raise Refusal.rpc(400, "INVALID_ARGUMENT", "Exactly one of node_id and multislice_params must be set.")
    if name in cloud.pods:
        raise Refusal.rpc(409, "ALREADY_EXISTS", "Resource '%s' already exists" % name)
    if hosts_of(spec["node"]["acceleratorType"]) is None:
        raise Refusal.rpc(404, "NOT_FOUND", "Accelerator type %s not found" % spec["node"]["acceleratorType"])
    cloud.pods[name] = {"id": name, "zone": zone, "body": body, "state": "ACCEPTED", "born": time.time()}
    return operation(cloud, zone, "create", name)


def hosts_of(kind):
    generation, _, size = kind.partition("-")
    if not size.isdigit() or generation not in ("v2", "v3", "v4", "v5litepod", "v5p", "v6e"):
        return None
    chips = int(size) // (1 if generation in ("v5litepod", "v6e") else 2)
    return max(1, chips // 4) if chips > 8 else 1


def advance(cloud):
    """What requests and their nodes have come to meanwhile."""
    now = time.time()
    for name, pod in list(cloud.pods.items()):
        if pod.get("gone_at") and pod["gone_at"] <= now:
            for node in [n for n, held in cloud.nodes.items() if held["pod"] == name]:
                del cloud.nodes[node]
            del cloud.pods[name]
            continue
        age, state = now - pod["born"], pod["state"]
        if state == "ACCEPTED" and age > cloud.boot / 2:
            pod["state"] = "WAITING_FOR_RESOURCES"
        elif state == "WAITING_FOR_RESOURCES" and age > cloud.boot:
            fill(cloud, name, pod)


def fill(cloud, name, pod):
    spec = pod["body"]["tpu"]["nodeSpec"][0]
    slices = spec.get("multisliceParams")
    names = ["%s-%d" % (slices["nodeIdPrefix"], i) for i in range(slices["nodeCount"])] if slices else [spec["nodeId"]]
    each = hosts_of(spec["node"]["acceleratorType"])
    injected = cloud.rule("operation", "tpu %s" % name)
    free = cloud.free_hosts()
    if injected or len(free) < each * len(names):
        code, message = (injected["code"], injected.get("message", "injected")) if injected else (
            8, "There is no more capacity in the zone \"%s\"; you can try in another zone." % pod["zone"])
        pod["state"], pod["error"] = "FAILED", {"code": code, "message": message}
        return
    for index, node in enumerate(names):
        cloud.made += 1
        hosts = free[index * each:(index + 1) * each]
        for host in hosts:
            farm_host.wipe(host["home"])
        cloud.nodes[node] = {"pod": name, "hosts": hosts, "spec": spec["node"]}
    pod["state"] = "ACTIVE"


def shown(cloud, pod):
    answer = dict(pod["body"], name=full(cloud, pod["zone"], "queuedResources/" + pod["id"]),
                  createTime=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(pod["born"])),
                  state={"state": pod["state"], "stateInitiator": "SERVICE"})
    if "error" in pod:
        answer["state"]["failedData"] = {"error": pod["error"]}
    return answer


def node(cloud, zone, name):
    held = cloud.nodes.get(name)
    if held is None:
        raise missing("nodes/" + name)
    return dict(held["spec"], name=full(cloud, zone, "nodes/" + name), state="READY", health="HEALTHY",
                networkEndpoints=[{"ipAddress": "10.164.0.%d" % (i + 2), "port": 8470,
                                   "accessConfig": {"externalIp": host["address"]}}
                                  for i, host in enumerate(held["hosts"])])


def full(cloud, zone, rest):
    return "projects/%s/locations/%s/%s" % (cloud.project, zone, rest)


def operation(cloud, zone, verb, target):
    return {"name": full(cloud, zone, "operations/%s-%d" % (verb, time.time() * 1000)), "done": False,
            "metadata": {"verb": verb, "target": target}}


def missing(what):
    return Refusal.rpc(404, "NOT_FOUND", "Resource '%s' was not found" % what)
