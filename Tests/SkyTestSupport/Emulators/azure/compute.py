"""Microsoft.Compute: machines, their disks, and where they are placed."""
import copy
import re
import time

from cloud import Refusal, Thing

KINDS = ["virtualMachines", "disks", "proximityPlacementGroups", "availabilitySets"]
REGIONS = ["eastus", "eastus2", "centralus", "northcentralus", "southcentralus", "westcentralus", "westus", "westus2", "westus3",
           "canadacentral", "brazilsouth", "northeurope", "westeurope", "uksouth", "francecentral", "germanywestcentral",
           "switzerlandnorth", "swedencentral", "norwayeast", "polandcentral", "italynorth", "spaincentral", "japaneast", "koreacentral",
           "eastasia", "southeastasia", "centralindia", "southindia", "jioindiawest", "jioindiacentral", "australiaeast",
           "australiacentral", "uaenorth", "qatarcentral", "israelcentral", "southafricanorth"]
# name: cores, quota family, generations, architecture, and what else is said of it
SIZES = {
    "Standard_D2s_v3": (2, "standardDSv3Family", "V1,V2", "x64", {"PremiumIO": "True", "AcceleratedNetworkingEnabled": "True"}),
    "Standard_A1_v2": (1, "standardAv2Family", "V1", "x64", {"PremiumIO": "False"}),
    "Standard_D2ps_v5": (2, "standardDPSv5Family", "V2", "Arm64", {"PremiumIO": "True"}),
    "Standard_DC2as_v5": (2, "standardDCASv5Family", "V2", "x64", {"PremiumIO": "True", "ConfidentialComputingType": "SNP"}),
    "Standard_DC2es_v5": (2, "standardDCESv5Family", "V2", "x64", {"PremiumIO": "True", "ConfidentialComputingType": "TDX"}),
    "Standard_NC24ads_A100_v4": (24, "StandardNCADSA100v4Family", "V1,V2", "x64", {"PremiumIO": "True", "GPUs": "1"}),
    "Standard_ND96isr_MI300X_v5": (96, "standardNDISRMI300Xv5Family", "V2", "x64",
                                   {"PremiumIO": "True", "GPUs": "8", "RdmaEnabled": "True"}),
    "Standard_HB120rs_v3": (120, "standardHBrsv3Family", "V1,V2", "x64", {"PremiumIO": "True", "RdmaEnabled": "True"}),
    "Standard_M8ms": (8, "standardMSFamily", "V1,V2", "x64", {"PremiumIO": "True", "LowPriorityCapable": "False"}),
}
SIZES["Standard_B1ls"] = (1, "standardBSFamily", "V1,V2", "x64", {"PremiumIO": "True"})
for _cores in (4, 8, 16):
    for _ending in ("as_v5", "ads_v5", "as_v6"):
        SIZES["Standard_DC%d%s" % (_cores, _ending)] = (_cores, "standardDCASv5Family", "V2", "x64", SIZES["Standard_DC2as_v5"][4])
RESTRICTED = {"Standard_M8ms": "NotAvailableForSubscription"}
IMAGES = {
    "Canonical:ubuntu-24_04-lts:server": "V2 x64", "Canonical:ubuntu-24_04-lts:server-gen1": "V1 x64",
    "Canonical:ubuntu-24_04-lts:server-arm64": "V2 Arm64", "Canonical:ubuntu-24_04-lts:cvm": "V2 x64 confidential",
    "microsoft-dsvm:ubuntu-hpc:2204": "V2 x64", "microsoft-dsvm:ubuntu-hpc:2204-rocm": "V2 x64",
    "Debian:debian-12:12-gen2": "V2 x64",
}
MACHINE = {"hardwareProfile", "storageProfile", "osProfile", "networkProfile", "securityProfile", "diagnosticsProfile", "priority",
           "evictionPolicy", "billingProfile", "availabilitySet", "proximityPlacementGroup", "licenseType", "userData",
           "extensionsTimeBudget", "additionalCapabilities"}
DISK = {"name", "createOption", "caching", "deleteOption", "diskSizeGB", "managedDisk", "osType", "writeAcceleratorEnabled"}
# What stays as it was made.
FIXED = [("priority",), ("storageProfile", "imageReference"), ("storageProfile", "osDisk", "name"), ("osProfile",),
         ("availabilitySet",), ("securityProfile", "securityType")]


def sizes(call):
    match = re.fullmatch(r"location eq '(\w+)'", call.query.get("$filter", ""))
    region = match.group(1) if match else None
    answer = []
    for where in REGIONS if region is None else [r for r in REGIONS if r == region]:
        answer.append({"resourceType": "disks", "name": "Premium_LRS", "locations": [where]})
        for name, (cores, family, generations, architecture, more) in SIZES.items():
            said = {"vCPUs": str(cores), "HyperVGenerations": generations, "CpuArchitectureType": architecture,
                    "LowPriorityCapable": "True", **more}
            restricted = [{"type": "Location", "values": [where], "restrictionInfo": {"locations": [where]},
                           "reasonCode": RESTRICTED[name]}] if name in RESTRICTED else []
            answer.append({
                "resourceType": "virtualMachines", "name": name, "tier": "Standard", "size": name.split("_", 1)[1], "family": family,
                "locations": [where], "locationInfo": [{"location": where, "zones": ["1", "2"], "zoneDetails": []}],
                "capabilities": [{"name": n, "value": v} for n, v in said.items()], "restrictions": restricted})
    return answer


def used(cloud, region, spot):
    count = {}
    for machine in cloud.of_kind("virtualMachines"):
        if machine.location == region and (machine.properties.get("priority") == "Spot") == spot:
            cores, family = SIZES[machine.properties["hardwareProfile"]["vmSize"]][:2]
            for name in ["lowPriorityCores"] if spot else [family, "cores"]:
                count[name] = count.get(name, 0) + cores
    return count


def usages(cloud, region):
    count = {**used(cloud, region, False), **used(cloud, region, True)}
    names = {"cores": "Total Regional vCPUs", "lowPriorityCores": "Total Regional Low-priority vCPUs"}
    names.update({size[1]: size[1].replace("Family", " Family vCPUs") for size in SIZES.values()})
    return [{"unit": "Count", "currentValue": count.get(name, 0), "limit": cloud.limits.get((region, name), 10000),
             "name": {"value": name, "localizedValue": title}} for name, title in names.items()]


def put(cloud, call, kind, identifier, thing, body, provider):
    for name in body:
        if name not in {"location", "tags", "properties", "sku", "zones", "identity", "plan", "id", "name", "type"}:
            raise content(name, "resource")
    if kind == "virtualMachines":
        return put_machine(cloud, identifier, thing, body)
    if kind == "disks":
        raise Refusal(400, "InvalidParameter", "Disks are made with their machines here.")
    is_new = thing is None
    thing = thing or Thing(kind, identifier, body)
    thing.properties, thing.tags = body.get("properties") or {}, body.get("tags") or {}
    if kind == "availabilitySets":
        thing.extra["sku"] = body.get("sku")
        group = (thing.properties.get("proximityPlacementGroup") or {}).get("id")
        if group and cloud.find(group) is None:
            raise Refusal(404, "NotFound", "The entity was not found: %s" % group)
    cloud.keep(thing)
    return 201 if is_new else 200, {}, shown(cloud, thing)


def content(name, what):
    return Refusal(400, "InvalidRequestContent", "Could not find member '%s' on object of type '%s'." % (name, what))


def at(value, path):
    for name in path:
        value = (value or {}).get(name)
    return value


def put_machine(cloud, identifier, thing, body):
    name, properties = identifier.rsplit("/", 1)[1], body.get("properties") or {}
    if thing is not None:
        if thing.state == "Deleting":
            raise Refusal(409, "OperationNotAllowed", "Operation 'PUT' is not allowed on VM '%s' since the VM is marked for deletion." % name)
        for path in FIXED:
            if at(thing.properties, path) != at(properties, path):
                raise Refusal(409, "PropertyChangeNotAllowed", "Changing property '%s' is not allowed." % ".".join(path))
        if thing.extra.get("zones") != body.get("zones"):
            raise Refusal(409, "PropertyChangeNotAllowed", "Changing property 'zones' is not allowed.")
        return 200, {}, shown(cloud, thing)
    check_machine(cloud, name, body, properties)
    machine = Thing("virtualMachines", identifier, body)
    machine.properties = copy.deepcopy(properties)
    interfaces = properties["networkProfile"]["networkInterfaces"]
    machine.extra["interfaces"] = [cloud.find(i["id"]).id for i in interfaces]
    machine.extra["zones"], machine.extra["identity"] = body.get("zones"), body.get("identity")
    machine.extra["owned"] = [cloud.find(i["id"]).id for i in interfaces
                              if (i.get("properties") or {}).get("deleteOption") == "Delete"]
    machine.failure = cloud.next_boot_failure()
    due = time.time() + cloud.boot
    machine.begin("Creating", due)
    machine.operation = cloud.operation(due)
    cloud.keep(machine)
    cloud.made += 1
    if not machine.failure:
        disk = properties["storageProfile"]["osDisk"]
        owned = Thing("disks", "%s/disks/%s" % (identifier.split("/virtualMachines/")[0], disk["name"]), {"location": machine.location})
        owned.extra["machine"] = machine.id
        cloud.keep(owned)
        if disk.get("deleteOption") == "Delete":
            machine.extra["owned"].append(owned.id)
    return 201, cloud.headers(machine.operation, machine.location), shown(cloud, machine)


def check_machine(cloud, name, body, properties):
    for field in properties:
        if field not in MACHINE:
            raise content(field, "VirtualMachineProperties")
    for field in at(properties, ("storageProfile", "osDisk")) or {}:
        if field not in DISK:
            raise content(field, "OSDisk")
    if len(name) > 64 or not re.fullmatch(r"[a-zA-Z0-9][\w.-]*", name):
        raise Refusal(400, "InvalidParameter", "The name '%s' is not valid." % name)
    size = at(properties, ("hardwareProfile", "vmSize"))
    if size not in SIZES:
        raise Refusal(400, "InvalidParameter", "The value %s provided for the VM size is not valid." % size)
    if size in RESTRICTED:
        raise Refusal(409, "SkuNotAvailable", "The requested VM size %s is currently not available in location '%s'." % (size, body["location"]))
    check_login(properties)
    check_image(size, properties)
    for reference in properties["networkProfile"]["networkInterfaces"]:
        check_interface(cloud, reference["id"])
    if properties.get("priority") == "Spot" and properties.get("evictionPolicy") not in ("Delete", "Deallocate"):
        raise Refusal(400, "InvalidParameter", "The eviction policy is not valid.")
    if properties.get("availabilitySet") and body.get("zones"):
        raise Refusal(400, "BadRequest", "A machine cannot be in an availability set and in a zone.")
    for field in ("availabilitySet", "proximityPlacementGroup"):
        if properties.get(field) and cloud.find(properties[field]["id"]) is None:
            raise Refusal(404, "NotFound", "The entity was not found: %s" % properties[field]["id"])
    check_quota(cloud, size, body["location"], properties.get("priority") == "Spot")


def check_login(properties):
    login = properties.get("osProfile") or {}
    user, linux = login.get("adminUsername"), login.get("linuxConfiguration") or {}
    if user in (None, "", "admin", "administrator", "root", "test", "user"):
        raise Refusal(400, "InvalidParameter", "The Admin Username specified is not allowed.")
    keys = at(linux, ("ssh", "publicKeys")) or []
    if not login.get("adminPassword") and (not keys or linux.get("disablePasswordAuthentication") is not True):
        raise Refusal(400, "InvalidParameter", "Authentication using either SSH or by user name and password must be enabled.")
    for key in keys:
        if key["path"] != "/home/%s/.ssh/authorized_keys" % user:
            raise Refusal(400, "InvalidParameter", "Destination path for SSH public keys is currently limited to its default value.")
        if not re.match(r"(ssh-rsa|ssh-ed25519) AAAA", key["keyData"]):
            raise Refusal(400, "InvalidParameter", "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid.")


def check_image(size, properties):
    reference = at(properties, ("storageProfile", "imageReference")) or {}
    generations, architecture, more = SIZES[size][2:]
    security = at(properties, ("securityProfile", "securityType"))
    if "ConfidentialComputingType" in more and security != "ConfidentialVM":
        raise Refusal(400, "BadRequest", "The VM size '%s' is not supported for creation of VMs with '%s' security type." % (
            size, security or "<NULL>"))
    if security == "ConfidentialVM":
        if "ConfidentialComputingType" not in more:
            raise Refusal(400, "BadRequest", "The VM size '%s' is not supported for creation of Confidential VMs." % size)
        kind = at(properties, ("storageProfile", "osDisk", "managedDisk", "securityProfile", "securityEncryptionType"))
        if kind not in ("VMGuestStateOnly", "DiskWithVMGuestState"):
            raise Refusal(400, "InvalidParameter", "Parameter 'securityEncryptionType' is required for Confidential VMs.")
        if at(properties, ("securityProfile", "uefiSettings", "vTpmEnabled")) is not True:
            raise Refusal(400, "InvalidParameter", "Virtual Trusted Platform Module must be enabled for Confidential VMs.")
    if at(properties, ("storageProfile", "osDisk", "managedDisk", "storageAccountType")) == "Premium_LRS" and more.get("PremiumIO") != "True":
        raise Refusal(409, "BadRequest", "Requested operation cannot be performed because the VM size %s does not support premium storage." % size)
    if "id" in reference:
        return
    image = IMAGES.get("%s:%s:%s" % tuple(reference.get(n) for n in ("publisher", "offer", "sku")))
    if image is None:
        raise Refusal(404, "PlatformImageNotFound", "The platform image '%s' is not available." % ":".join(map(str, reference.values())))
    generation, kind = image.split()[:2]
    if kind != architecture:
        raise Refusal(400, "BadRequest", "Cannot create a VM of size '%s' because this VM size only supports a CPU Architecture of '%s'." % (
            size, architecture))
    if generation not in generations.split(","):
        raise Refusal(400, "BadRequest", "The selected VM size '%s' cannot boot Hypervisor Generation '%s'." % (size, generation))
    if security == "ConfidentialVM" and "confidential" not in image:
        raise Refusal(400, "BadRequest", "The image does not support security type 'ConfidentialVM'.")


def check_interface(cloud, identifier):
    found = cloud.find(identifier)
    if found is None:
        raise Refusal(404, "NetworkInterfaceNotFound", "Network interface %s was not found." % identifier)
    if found.state != "Succeeded":
        raise Refusal(409, "NetworkingInternalOperationError", "Network interface %s is not in Succeeded state." % identifier)
    for machine in cloud.of_kind("virtualMachines"):
        if found.id in machine.extra["interfaces"]:
            raise Refusal(409, "NicInUse", "Network interface %s is used by existing resource %s." % (found.id, machine.id))


def check_quota(cloud, size, region, spot):
    cores, family = SIZES[size][:2]
    count = used(cloud, region, spot)
    for name in ["lowPriorityCores"] if spot else ["cores", family]:
        limit = cloud.limits.get((region, name), 10000)
        if count.get(name, 0) + cores > limit:
            raise Refusal(409, "OperationNotAllowed", "Operation could not be completed as it results in exceeding approved %s Cores quota. "
                          "Additional details - Deployment Model: Resource Manager, Location: %s, Current Limit: %d, Current Usage: %d, "
                          "Additional Required: %d." % (name, region, limit, count.get(name, 0), cores))


def before_deletion(cloud, thing):
    if thing.kind == "disks" and cloud.find(thing.extra["machine"]):
        raise Refusal(409, "OperationNotAllowed", "Disk %s is attached to VM %s." % (thing.name, thing.extra["machine"]))


def act(cloud, call, thing, action):
    if thing.kind == "virtualMachines" and action == "instanceView" and call.method == "GET":
        return 200, {}, {"statuses": statuses(thing), "vmAgent": None}
    if thing.kind == "virtualMachines" and action == "retrieveBootDiagnosticsData" and call.method == "POST":
        if not at(thing.properties, ("diagnosticsProfile", "bootDiagnostics", "enabled")):
            raise Refusal(409, "OperationNotAllowed", "Boot diagnostics is not enabled.")
        if thing.booted is None:
            raise Refusal(404, "ResourceNotFound", "Boot diagnostics data is not there yet.")
        url = "%s/_blob/%s?sig=signature-of-%s" % (cloud.origin, thing.name, thing.name)
        return 200, {}, {"consoleScreenshotBlobUri": url, "serialConsoleLogBlobUri": url}
    if thing.kind == "virtualMachines" and action in ("deallocate", "start") and call.method == "POST":
        if thing.state != "Succeeded":
            raise Refusal(409, "OperationNotAllowed", "Operation '%s' is not allowed on VM '%s'." % (action, thing.name))
        operation = cloud.operation(time.time() + cloud.end)
        if action == "start":
            operation.error = cloud.next_boot_failure()
        if not operation.error:
            thing.power = "deallocating" if action == "deallocate" else "starting"
            thing.extra["power"] = (operation, "deallocated" if action == "deallocate" else "running")
        return 202, cloud.headers(operation, thing.location), None
    raise Refusal(404, "InvalidResourceType", "The resource type could not be found.")


def statuses(machine):
    word = {"Creating": "creating", "Succeeded": "succeeded", "Failed": "failed", "Deleting": "deleting"}[machine.state]
    first = {"code": "ProvisioningState/" + word, "level": "Info", "displayStatus": "Provisioning " + word}
    if machine.state == "Failed":
        first.update({"code": "ProvisioningState/failed/" + machine.failure["code"], "level": "Error",
                      "message": machine.failure["message"]})
    power = [{"code": "PowerState/" + machine.power, "level": "Info", "displayStatus": "VM " + machine.power}] if machine.power else []
    return [first] + power


def serial_log(cloud, machine):
    lines = ["[    0.000000] Linux version 6.8.0-azure", "%s login: " % machine.name]
    host = cloud.host_of(machine)
    if host and time.time() >= machine.booted + cloud.key_delay:
        key = " ".join(host["key"].split()[:2])
        lines += ["<14>Nov 29 09:41:28 cloud-init: #############", "-----BEGIN SSH HOST KEY KEYS-----",
                  "[   21.337] cloud-init[812]: %s root@%s" % (key, machine.name), "-----END SSH HOST KEY KEYS-----",
                  "[   21.4] cloud-init[812]: Cloud-init v. 24.1 finished"]
    return "\r\n".join(lines) + "\r\n"


def shown(cloud, thing):
    answer = {"id": thing.id, "name": thing.name, "type": "Microsoft.Compute/" + thing.kind, "location": thing.location,
              "tags": thing.tags, "properties": {**copy.deepcopy(thing.properties), "provisioningState": thing.state}}
    if thing.kind == "virtualMachines":
        answer["properties"].update({"vmId": thing.id[-12:], "timeCreated": time.strftime(
            "%Y-%m-%dT%H:%M:%S.1234567+00:00", time.gmtime(thing.created))})
        if thing.name in cloud.plain or "*" in cloud.plain:
            answer["properties"].pop("securityProfile", None)
        for name in ("zones", "identity"):
            if thing.extra.get(name):
                answer[name] = thing.extra[name]
    return answer
