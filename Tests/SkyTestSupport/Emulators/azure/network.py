"""Microsoft.Network: what machines are reached by."""
import copy
import time

import farm_host
from cloud import Refusal, Thing

KINDS = ["virtualNetworks", "networkSecurityGroups", "publicIPAddresses", "networkInterfaces"]
FIELDS = {
    "virtualNetworks": {"addressSpace", "subnets", "dhcpOptions", "enableDdosProtection"},
    "networkSecurityGroups": {"securityRules", "flushConnection"},
    "publicIPAddresses": {"publicIPAllocationMethod", "publicIPAddressVersion", "idleTimeoutInMinutes", "dnsSettings", "deleteOption"},
    "networkInterfaces": {"ipConfigurations", "networkSecurityGroup", "enableAcceleratedNetworking", "enableIPForwarding",
                          "dnsSettings"},
}
CONFIGURATION = {"primary", "privateIPAllocationMethod", "privateIPAddress", "privateIPAddressVersion", "subnet", "publicIPAddress"}


def put(cloud, call, kind, identifier, thing, body, provider):
    for name in body:
        if name not in {"location", "tags", "properties", "sku", "zones", "id", "name", "type", "etag", "extendedLocation"}:
            raise Refusal(400, "InvalidRequestFormat", "Cannot parse the request.", details=[
                {"code": "InvalidJson", "message": "Could not find member '%s'." % name}])
    properties = body.get("properties") or {}
    for name in properties:
        if name not in FIELDS[kind]:
            raise Refusal(400, "InvalidRequestFormat", "Cannot parse the request.", details=[
                {"code": "InvalidJson", "message": "Could not find member '%s' on object of type '%s'." % (name, kind)}])
    if thing is not None and thing.state in ("Updating", "Deleting"):
        raise Refusal(409, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress.",
                      {"Retry-After": "1"})
    extra = globals()["check_" + kind](cloud, thing, body, properties)
    is_new = thing is None
    if is_new:
        thing = Thing(kind, identifier, body)
        cloud.keep(thing)
    thing.properties, thing.tags = copy.deepcopy(properties), body.get("tags") or {}
    thing.extra.update(extra)
    thing.extra["sku"], thing.extra["zones"] = body.get("sku"), body.get("zones")
    due = time.time() + cloud.seconds
    thing.begin("Updating", due)
    return 201 if is_new else 200, cloud.headers(cloud.operation(due), thing.location, provider), shown(cloud, thing)


def check_virtualNetworks(cloud, thing, body, properties):
    if not (properties.get("addressSpace") or {}).get("addressPrefixes"):
        raise Refusal(400, "InvalidRequestFormat", "A virtual network has an address space.")
    return {}


def check_networkSecurityGroups(cloud, thing, body, properties):
    needed = {"access", "direction", "protocol", "priority", "sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix",
              "destinationPortRange"}
    priorities = set()
    for rule in properties.get("securityRules", []):
        lacking = needed - set(rule["properties"])
        if lacking:
            raise Refusal(400, "SecurityRuleParameterMissing", "Required security rule parameters are missing: %s." % sorted(lacking))
        priority = rule["properties"]["priority"]
        if not 100 <= priority <= 4096:
            raise Refusal(400, "SecurityRuleInvalidPriority", "Security rule has an invalid priority.")
        if priority in priorities:
            raise Refusal(400, "SecurityRuleConflict", "Security rules conflict in their priority.")
        priorities.add(priority)
    return {}


def check_publicIPAddresses(cloud, thing, body, properties):
    sku = (body.get("sku") or {}).get("name", "Basic")
    if sku == "Standard" and properties.get("publicIPAllocationMethod") != "Static":
        raise Refusal(400, "StandardSkuPublicIPAddressesMustBeStatic", "Standard sku publicIp must be static.")
    if thing is not None:
        if thing.extra.get("zones") != body.get("zones"):
            raise Refusal(400, "ResourceAvailabilityZonesCannotBeModified", "Resource has an existing availability zone constraint.")
        return {}
    host = cloud.free_host()
    if host is None:
        raise Refusal(400, "PublicIPCountLimitReached", "Cannot create more than %d public IP addresses for this subscription in this region."
                      % len(cloud.hosts))
    farm_host.wipe(host["home"])
    return {"host": host}


def check_networkInterfaces(cloud, thing, body, properties):
    configurations = properties.get("ipConfigurations") or []
    if len(configurations) != 1:
        raise Refusal(400, "NetworkInterfaceMustHaveOneIpConfiguration", "A network interface must have an IP configuration.")
    inner = configurations[0].get("properties") or {}
    for name in inner:
        if name not in CONFIGURATION:
            raise Refusal(400, "InvalidRequestFormat", "Could not find member '%s'." % name)
    subnet = (inner.get("subnet") or {}).get("id", "")
    network, _, subnet_name = subnet.partition("/subnets/")
    parent = referenced(cloud, network)
    names = [s["name"] for s in parent.properties.get("subnets", [])]
    if subnet_name not in names:
        raise invalid(subnet)
    extra = {"address": None, "owned": []}
    if "publicIPAddress" in inner:
        address = referenced(cloud, inner["publicIPAddress"]["id"])
        for other in cloud.of_kind("networkInterfaces"):
            if other.extra.get("address") == address.id and other is not thing:
                raise Refusal(400, "PublicIPAddressInUse", "Resource %s is used by another resource." % address.id)
        extra["address"] = address.id
        if (inner["publicIPAddress"].get("properties") or {}).get("deleteOption") == "Delete":
            extra["owned"] = [address.id]
    if "networkSecurityGroup" in properties:
        extra["security"] = referenced(cloud, properties["networkSecurityGroup"]["id"]).id
    extra["network"] = parent.id
    if thing is None:
        extra["private"] = "10.83.0.%d" % (4 + len(cloud.of_kind("networkInterfaces")))
    return extra


def referenced(cloud, identifier):
    found = cloud.find(identifier)
    if found is None:
        raise invalid(identifier)
    if found.state != "Succeeded":
        raise Refusal(429, "ReferencedResourceNotProvisioned", "Cannot proceed with operation because resource %s is not in Succeeded state."
                      % identifier, {"Retry-After": "1"})
    return found


def invalid(identifier):
    return Refusal(400, "InvalidResourceReference", "Resource %s was not found. Make sure that the referenced resource exists." % identifier)


def before_deletion(cloud, thing):
    users = {
        "networkInterfaces": ("NicInUse", "virtualMachines", lambda t: thing.id in t.extra["interfaces"]),
        "publicIPAddresses": ("PublicIPAddressCannotBeDeleted", "networkInterfaces", lambda t: t.extra.get("address") == thing.id),
        "networkSecurityGroups": ("InUseNetworkSecurityGroupCannotBeDeleted", "networkInterfaces",
                                  lambda t: t.extra.get("security") == thing.id),
        "virtualNetworks": ("InUseSubnetCannotBeDeleted", "networkInterfaces", lambda t: t.extra.get("network") == thing.id),
    }
    code, kind, uses = users[thing.kind]
    for other in cloud.of_kind(kind):
        if uses(other):
            raise Refusal(400, code, "%s is used by %s and cannot be deleted." % (thing.id, other.id))


def act(cloud, call, thing, action):
    raise Refusal(404, "InvalidResourceType", "The resource type could not be found.")


def shown(cloud, thing):
    properties = {**copy.deepcopy(thing.properties), "provisioningState": thing.state, "resourceGuid": thing.id[-12:]}
    if thing.kind == "publicIPAddresses" and thing.state == "Succeeded":
        properties["ipAddress"] = thing.extra["host"]["address"]
    if thing.kind == "networkInterfaces":
        inner = properties["ipConfigurations"][0]["properties"]
        inner.update({"privateIPAddress": thing.extra["private"], "provisioningState": thing.state})
        if thing.extra.get("address"):
            inner["publicIPAddress"] = {"id": thing.extra["address"]}
    answer = {"id": thing.id, "name": thing.name, "type": "Microsoft.Network/" + thing.kind, "location": thing.location,
              "tags": thing.tags, "properties": properties}
    for name in ("sku", "zones"):
        if thing.extra.get(name):
            answer[name] = thing.extra[name]
    return answer
