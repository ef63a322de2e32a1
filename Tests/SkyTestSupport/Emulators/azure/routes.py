"""Azure Resource Manager: from a call to the thing that it is about."""
import re
import time

import compute
import network
from cloud import Refusal, Thing

KINDS = {
    **{("microsoft.network", kind.lower()): (kind, network) for kind in network.KINDS},
    **{("microsoft.compute", kind.lower()): (kind, compute) for kind in compute.KINDS},
}
VERSIONS = {
    "subscriptions": ["2022-12-01"], "resourceGroups": ["2021-04-01", "2022-09-01", "2024-03-01"],
    "Microsoft.Network": ["2022-11-01", "2023-09-01", "2024-01-01"],
    "Microsoft.Compute": ["2023-09-01", "2024-03-01", "2024-07-01"],
    "disks": ["2023-10-02", "2024-03-02"], "skus": ["2021-07-01"],
}


def version(call, *kinds):
    given = call.query.get("api-version")
    if given is None:
        raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
    known = next(VERSIONS[kind] for kind in kinds if kind in VERSIONS)
    if given not in known:
        raise Refusal(400, "InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'." % (
            given, ",".join(known)))


def page(cloud, call, items):
    start = int(call.query.get("$skiptoken", 0))
    answer = {"value": items[start:start + cloud.page]}
    if start + cloud.page < len(items):
        query = "&".join("%s=%s" % (name, value.replace(" ", "%20").replace("'", "%27")) for name, value in call.query.items()
                         if name != "$skiptoken")
        answer["nextLink"] = "%s%s?%s&$skiptoken=%d" % (cloud.origin, call.path, query, start + cloud.page)
    return 200, {}, answer


def manager(cloud, call):
    path = call.path
    if path == "/subscriptions":
        version(call, "subscriptions")
        return page(cloud, call, [subscription(cloud)])
    found = re.match(r"/subscriptions/([^/]+)(/.*)?$", path)
    if not found:
        raise Refusal(404, "InvalidResourceType", "The resource type could not be found.")
    if found.group(1) != cloud.subscription:
        raise Refusal(404, "SubscriptionNotFound", "The subscription '%s' could not be found." % found.group(1))
    rest = found.group(2) or ""
    if rest == "":
        version(call, "subscriptions")
        return 200, {}, subscription(cloud)
    if re.fullmatch(r"/resourcegroups", rest, re.I):
        return groups(cloud, call)
    match = re.fullmatch(r"/resourcegroups/([^/]+)", rest, re.I)
    if match:
        return group(cloud, call, match.group(1))
    match = re.fullmatch(r"/providers/(Microsoft\.\w+)/locations/([^/]+)/operations/([^/]+)", rest)
    if match:
        return operation(cloud, match.group(3))
    match = re.fullmatch(r"/providers/Microsoft\.Compute/locations/([^/]+)/usages", rest)
    if match:
        version(call, "Microsoft.Compute")
        return page(cloud, call, compute.usages(cloud, match.group(1)))
    if rest == "/providers/Microsoft.Compute/skus":
        version(call, "skus")
        return page(cloud, call, compute.sizes(call))
    return resource(cloud, call, rest)


def subscription(cloud):
    return {"id": "/subscriptions/" + cloud.subscription, "subscriptionId": cloud.subscription, "displayName": "Testing",
            "tenantId": cloud.tenant, "state": "Enabled"}


def operation(cloud, name):
    found = cloud.operations.get(name)
    if found is None:
        raise Refusal(404, "NotFound", "The operation '%s' was not found." % name)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00", time.gmtime(found.begun))
    if not found.is_done:
        headers = {"Retry-After": str(cloud.retry_after)} if cloud.retry_after is not None else {}
        return 200, headers, {"name": name, "status": "InProgress", "startTime": stamp}
    if found.error:
        return 200, {}, {"name": name, "status": "Failed", "startTime": stamp, "error": found.error}
    return 200, {}, {"name": name, "status": "Succeeded", "startTime": stamp}


# Resource groups


def shown_group(thing):
    return {"id": thing.id, "name": thing.name, "type": "Microsoft.Resources/resourceGroups", "location": thing.location,
            "tags": thing.tags, "properties": {"provisioningState": thing.state}}


def groups(cloud, call):
    version(call, "resourceGroups")
    found = cloud.of_kind("resourceGroups")
    wanted = call.query.get("$filter")
    if wanted:
        match = re.fullmatch(r"tagName eq '([^']*)'(?: and tagValue eq '([^']*)')?", wanted)
        if not match:
            raise Refusal(400, "InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string." % wanted)
        name, value = match.groups()
        found = [t for t in found if name in t.tags and (value is None or t.tags[name] == value)]
    return page(cloud, call, [shown_group(t) for t in found])


def group(cloud, call, name):
    version(call, "resourceGroups")
    identifier = "/subscriptions/%s/resourceGroups/%s" % (cloud.subscription, name)
    thing = cloud.find(identifier)
    if call.method == "PUT":
        body = call.json()
        checked(body, {"location", "tags", "properties", "managedBy"}, "ResourceGroup")
        if not re.fullmatch(r"[-\w._()]{1,90}", name) or name.endswith("."):
            raise Refusal(400, "InvalidResourceGroup", "The provided resource group name '%s' has invalid characters." % name)
        if body.get("location") not in compute.REGIONS:
            raise Refusal(400, "LocationNotAvailableForResourceGroup", "The provided location '%s' is not available." % body.get("location"))
        tags(body)
        if thing is None:
            thing = Thing("resourceGroups", identifier, body)
            cloud.keep(thing)
            return 201, {}, shown_group(thing)
        if thing.state == "Deleting":
            raise going(name)
        if thing.location != body["location"]:
            raise Refusal(409, "InvalidResourceGroupLocation", "The resource group already exists in another location.")
        thing.tags = body.get("tags") or {}
        return 200, {}, shown_group(thing)
    if thing is None:
        raise Refusal(404, "ResourceGroupNotFound", "Resource group '%s' could not be found." % name)
    if call.method == "GET":
        return 200, {}, shown_group(thing)
    if call.method == "DELETE":
        if thing.state != "Deleting":
            thing.begin("Deleting", time.time() + cloud.end)
            for other in list(cloud.things.values()):
                if other.group.lower() == name.lower() and other is not thing:
                    other.begin("Deleting", thing.due)
        done = cloud.operation(thing.due)
        return 202, {"Location": "%s/subscriptions/%s/operationresults/%s?api-version=2021-04-01" % (
            cloud.origin, cloud.subscription, done.name)}, None
    raise Refusal(405, "MethodNotAllowed", "The HTTP method is not allowed.")


def going(name):
    return Refusal(409, "ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation." % name)


# Everything else


def resource(cloud, call, rest):
    match = re.fullmatch(r"(?:/resourcegroups/([^/]+))?/providers/(Microsoft\.\w+)/(\w+)(?:/([^/]+))?(?:/(\w+))?", rest, re.I)
    if not match or (match.group(2).lower(), match.group(3).lower()) not in KINDS:
        raise Refusal(404, "InvalidResourceType", "The resource type could not be found in the namespace.")
    where, provider, _, name, action = match.groups()
    kind, module = KINDS[(provider.lower(), match.group(3).lower())]
    version(call, kind, provider)
    if where is not None:
        parent = cloud.find("/subscriptions/%s/resourceGroups/%s" % (cloud.subscription, where))
        if parent is None:
            raise Refusal(404, "ResourceGroupNotFound", "Resource group '%s' could not be found." % where)
    if name is None:
        if call.method != "GET":
            raise Refusal(405, "MethodNotAllowed", "The HTTP method is not allowed.")
        return page(cloud, call, [module.shown(cloud, t) for t in cloud.of_kind(kind, where)])
    identifier = "/subscriptions/%s/resourceGroups/%s/providers/%s/%s/%s" % (cloud.subscription, parent.name, provider, kind, name)
    thing = cloud.find(identifier)
    if action is not None:
        if thing is None:
            raise missing(provider, kind, name, where)
        return module.act(cloud, call, thing, action)
    if call.method == "GET":
        if thing is None:
            raise missing(provider, kind, name, where)
        return 200, {}, module.shown(cloud, thing)
    if call.method == "DELETE":
        if thing is None:
            return 204, {}, None
        if thing.state != "Deleting":
            module.before_deletion(cloud, thing)
            thing.begin("Deleting", time.time() + cloud.end)
        return 202, cloud.headers(cloud.operation(thing.due), thing.location, provider), None
    if call.method != "PUT":
        raise Refusal(405, "MethodNotAllowed", "The HTTP method is not allowed.")
    if parent.state == "Deleting":
        raise going(where)
    body = call.json()
    if body.get("location") != parent.location and body.get("location") not in compute.REGIONS:
        raise Refusal(400, "LocationNotAvailableForResourceType", "The provided location is not available.")
    tags(body)
    return module.put(cloud, call, kind, identifier, thing, body, provider)


def missing(provider, kind, name, group):
    return Refusal(404, "ResourceNotFound", "The Resource '%s/%s/%s' under resource group '%s' was not found." % (provider, kind, name, group))


def checked(body, known, what):
    for name in body:
        if name not in known:
            raise Refusal(400, "InvalidRequestContent", "Could not find member '%s' on object of type '%s'." % (name, what))


def tags(body):
    found = body.get("tags") or {}
    if len(found) > 50:
        raise Refusal(400, "InvalidTagsCount", "There are more than 50 tags.")
    for name, value in found.items():
        if len(name) > 512 or re.search(r"[<>%&\\?/]", name):
            raise Refusal(400, "InvalidTagNameCharacters", "The tag name '%s' has reserved characters." % name)
        if not isinstance(value, str) or len(value) > 256:
            raise Refusal(400, "InvalidTagValue", "The value of tag '%s' is invalid." % name)


def blob(cloud, call):
    """The serial log of a machine, for whoever has the signature."""
    with cloud.lock:
        cloud.tick()
        name = call.path.split("/")[2]
        if call.query.get("sig") != "signature-of-" + name:
            raise Refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        machine = next((t for t in cloud.of_kind("virtualMachines") if t.name == name), None)
        if machine is None or machine.booted is None:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return 200, {}, compute.serial_log(cloud, machine)
