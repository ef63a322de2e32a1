"""Which fields requests may have, and what may be in them: what no document names is refused, as Google does."""
import re

from cloud import Refusal

ANY = object()
INSTANCE = {
    "name": ANY, "description": ANY, "machineType": ANY, "sourceMachineImage": ANY, "minCpuPlatform": ANY,
    "disks": [{"boot": ANY, "autoDelete": ANY, "interface": ANY, "initializeParams": {
        "sourceImage": ANY, "diskSizeGb": ANY, "diskType": ANY, "provisionedIops": ANY, "labels": ANY}}],
    "networkInterfaces": [{"network": ANY, "subnetwork": ANY, "nicType": ANY,
                           "accessConfigs": [{"name": ANY, "type": ANY, "networkTier": ANY}]}],
    "scheduling": {"provisioningModel": ANY, "instanceTerminationAction": ANY, "onHostMaintenance": ANY,
                   "automaticRestart": ANY},
    "guestAccelerators": [{"acceleratorType": ANY, "acceleratorCount": ANY}],
    "confidentialInstanceConfig": {"enableConfidentialCompute": ANY, "confidentialInstanceType": ANY},
    "serviceAccounts": [{"email": ANY, "scopes": ANY}], "labels": ANY,
    "metadata": {"items": [{"key": ANY, "value": ANY}]}, "tags": {"items": ANY},
}
BULK = {"count": ANY, "minCount": ANY, "instanceProperties": {k: v for k, v in INSTANCE.items() if k != "name"},
        "perInstanceProperties": ANY}
FIREWALL = {
    "name": ANY, "description": ANY, "network": ANY, "direction": ANY, "priority": ANY, "sourceRanges": ANY,
    "sourceTags": ANY, "targetTags": ANY, "allowed": [{"IPProtocol": ANY, "ports": ANY}],
}


def check(value, shape, path="resource"):
    if shape is ANY:
        return
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise invalid(path, value)
        for index, element in enumerate(value):
            check(element, shape[0], "%s[%d]" % (path, index))
        return
    if not isinstance(value, dict):
        raise invalid(path, value)
    for key, element in value.items():
        if key not in shape:
            raise Refusal.http(400, "invalid", 'Invalid JSON payload received. Unknown name "%s" at \'%s\'' % (key, path))
        check(element, shape[key], "%s.%s" % (path, key))


def invalid(path, value):
    return Refusal.http(400, "invalid", "Invalid value for field '%s': '%s'." % (path, value))


def name(text):
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", text):
        raise invalid("resource.name", text)


def labels(given):
    if len(given) > 64:
        raise invalid("resource.labels", len(given))
    for key, value in given.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", value):
            raise invalid("resource.labels", "%s=%s" % (key, value))


def is_machine_type(text):
    return re.fullmatch(r"(e2|n1|n2|n2d|n4|c2|c2d|c3|c3d|c4|c4a|c4d|t2a|t2d|m1|m2|m3|a2|a3|g2|h3)(-[a-z0-9]+)+|f1-micro|g1-small", text)


def instance(body, zone, bulk):
    name(body["name"])
    labels(body.get("labels", {}))
    for tag in body.get("tags", {}).get("items", []):
        name(tag)
    prefix = "" if bulk else "zones/%s/machineTypes/" % zone
    machine = body.get("machineType", "")
    if not machine.startswith(prefix) or (bulk and "/" in machine) or not is_machine_type(machine[len(prefix):]):
        raise Refusal.http(400, "invalid", "Invalid value for field 'resource.machineType': '%s'. The referenced resource "
                           "does not exist." % machine)
    scheduling = body["scheduling"]
    if scheduling["provisioningModel"] == "SPOT":
        if scheduling["automaticRestart"] or scheduling["onHostMaintenance"] != "TERMINATE":
            raise Refusal.http(400, "invalid", "Spot instances cannot restart or migrate.")
    elif "instanceTerminationAction" in scheduling:
        raise Refusal.http(400, "invalid", "instanceTerminationAction is only for Spot.")
    if body.get("guestAccelerators") and scheduling["onHostMaintenance"] != "TERMINATE":
        raise Refusal.http(400, "invalid", "Instances with guest accelerators do not support live migration.")
    confidential = body.get("confidentialInstanceConfig")
    if confidential:
        able = {"SEV": ("n2d", "c2d", "c3d", "c4d"), "SEV_SNP": ("n2d",), "TDX": ("c3", "a3")}
        family = machine.split("/")[-1].split("-")[0]
        if family not in able.get(confidential["confidentialInstanceType"], ()):
            raise Refusal.http(400, "invalid", "Confidential VM of this type is not supported by %s." % machine)
        if scheduling["onHostMaintenance"] != "TERMINATE":
            raise Refusal.http(400, "invalid", "Confidential VMs must terminate on host maintenance.")
    if not body.get("sourceMachineImage"):
        disk = body["disks"][0]["initializeParams"]
        if not re.search(r"global/images/(family/)?[a-z0-9-]+$", disk["sourceImage"]):
            raise invalid("resource.disks[0].initializeParams.sourceImage", disk["sourceImage"])
        if bulk and "/" in disk["diskType"]:
            raise invalid("resource.instanceProperties.disks[0].initializeParams.diskType", disk["diskType"])
    keys = {item["key"]: item["value"] for item in body["metadata"]["items"]}
    if not re.match(r"[a-z]+:ssh-", keys.get("ssh-keys", "")):
        raise invalid("resource.metadata", "ssh-keys")
