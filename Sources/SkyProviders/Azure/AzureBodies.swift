import SkyAzure
import SkyCore
import SkyHTTP

/// What Azure is told to make.
struct AzureBodies {
    let order: MachineOrder
    let names: AzureNames
    let paths: AzurePaths
    let group: String
    let size: AzureSize
    let image: JSONValue

    private var request: NodeGroupRequest { order.request }
    private var region: JSONValue { .string(request.region) }
    private var zones: JSONValue? { AzureCloud.zone(of: request).map { [.string($0)] } }
    /// InfiniBand reaches from one machine to another only within a set that is placed together.
    var isTight: Bool { request.numNodes > 1 && size.hasInfiniBand }

    private func tags(_ rank: Int) -> JSONValue { .object(AzureTag.allowed(order.tags(rank: rank))) }

    /// Who made it and for what run: what is empty otherwise is still found by them.
    static func resourceGroup(_ request: NodeGroupRequest) -> JSONValue {
        [
            "location": .string(request.region),
            "tags": [MachineTag.run: .string("\(request.run)"), MachineTag.token: .string(request.token)],
        ]
    }

    static func network(_ request: NodeGroupRequest) -> JSONValue {
        [
            "location": .string(request.region), "tags": [MachineTag.run: .string("\(request.run)")],
            "properties": [
                "addressSpace": ["addressPrefixes": ["10.83.0.0/16"]],
                "subnets": [["name": .string(AzureNames.subnet), "properties": ["addressPrefix": "10.83.0.0/16"]]],
            ],
        ]
    }

    /// SSH, and the port of the service if there is one; within the network Azure lets everything pass.
    var securityGroup: JSONValue {
        var rules = [Self.rule("ssh", port: 22, priority: 100)]
        if let port = request.servicePort, port != 22 { rules.append(Self.rule("service", port: port, priority: 110)) }
        return ["location": region, "tags": tags(0), "properties": ["securityRules": .array(rules)]]
    }

    private static func rule(_ name: String, port: Int, priority: Int64) -> JSONValue {
        [
            "name": .string(name),
            "properties": [
                "access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": .integer(priority),
                "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*",
                "destinationPortRange": .string(String(port)),
            ],
        ]
    }

    var placementGroup: JSONValue {
        ["location": region, "tags": tags(0), "properties": ["proximityPlacementGroupType": "Standard"]]
    }

    var availabilitySet: JSONValue {
        [
            "location": region, "tags": tags(0), "sku": ["name": "Aligned"],
            "properties": [
                "platformFaultDomainCount": 1, "platformUpdateDomainCount": 1,
                "proximityPlacementGroup": .reference(
                    paths.compute("proximityPlacementGroups", in: group, names.placementGroup)),
            ],
        ]
    }

    func address(_ rank: Int) -> JSONValue {
        var body: JSONValue = [
            "location": region, "tags": tags(rank), "sku": ["name": "Standard"],
            "properties": ["publicIPAllocationMethod": "Static", "publicIPAddressVersion": "IPv4"],
        ]
        body["zones"] = zones
        return body
    }

    func interface(_ rank: Int) -> JSONValue {
        let subnet =
            order.settings["subnet"]
            ?? paths.network("virtualNetworks", in: group, AzureNames.network) + "/subnets/\(AzureNames.subnet)"
        var configuration: JSONValue = [
            "primary": true, "privateIPAllocationMethod": "Dynamic", "subnet": .reference(subnet),
        ]
        if !order.settings.isReachedPrivately {
            var address = JSONValue.reference(paths.network("publicIPAddresses", in: group, names.address(rank)))
            address["properties"] = ["deleteOption": "Delete"]
            configuration["publicIPAddress"] = address
        }
        return [
            "location": region, "tags": tags(rank),
            "properties": [
                "enableAcceleratedNetworking": .boolean(size.isFastOnline && size.confidentiality == nil),
                "networkSecurityGroup": .reference(
                    paths.network("networkSecurityGroups", in: group, names.securityGroup)),
                "ipConfigurations": [["name": "primary", "properties": configuration]],
            ],
        ]
    }

    func machine(_ rank: Int) -> JSONValue {
        var interface = JSONValue.reference(paths.network("networkInterfaces", in: group, names.interface(rank)))
        interface["properties"] = ["primary": true, "deleteOption": "Delete"]
        var properties: JSONValue = [
            "hardwareProfile": ["vmSize": .string(request.instanceType)],
            "storageProfile": ["imageReference": image, "osDisk": disk(rank)],
            "osProfile": login(rank),
            "networkProfile": ["networkInterfaces": [interface]],
            // Its serial log is where the machine tells its host keys.
            "diagnosticsProfile": ["bootDiagnostics": ["enabled": true]],
        ]
        if request.isSpot {
            properties["priority"] = "Spot"
            properties["evictionPolicy"] = "Delete"
            // Never more than on demand, and never evicted for the price.
            properties["billingProfile"] = ["maxPrice": -1]
        }
        if size.confidentiality != nil {
            properties["securityProfile"] = [
                "securityType": "ConfidentialVM",
                "uefiSettings": ["secureBootEnabled": true, "vTpmEnabled": true],
            ]
        }
        if isTight { place(&properties) }
        var tags = tags(rank)
        if size.confidentiality != nil { tags[AzureTag.confidential] = "true" }
        var body: JSONValue = ["location": region, "tags": tags, "properties": properties]
        body["zones"] = zones
        if let identity = order.settings["identity"] {
            body["identity"] = ["type": "UserAssigned", "userAssignedIdentities": .object([identity: [:]])]
        }
        return body
    }

    private func place(_ properties: inout JSONValue) {
        // A machine of an availability set cannot be in a zone of one's choice.
        if zones == nil {
            properties["availabilitySet"] = .reference(
                paths.compute("availabilitySets", in: group, names.availabilitySet))
        }
        properties["proximityPlacementGroup"] = .reference(
            paths.compute("proximityPlacementGroups", in: group, names.placementGroup))
    }

    private func disk(_ rank: Int) -> JSONValue {
        var managed: JSONValue = ["storageAccountType": .string(AzureCloud.diskType(request.diskTier, of: size))]
        if size.confidentiality != nil {
            // The disk too is sealed to this machine, by a key of Azure's own.
            managed["securityProfile"] = ["securityEncryptionType": "DiskWithVMGuestState"]
        }
        var disk: JSONValue = [
            "name": .string(names.disk(rank)), "createOption": "FromImage", "caching": "ReadWrite",
            "deleteOption": "Delete", "managedDisk": managed,
        ]
        // No image of Azure's is larger than that, but those with drivers.
        disk["diskSizeGB"] = request.diskGiB.map { .integer(Int64(max($0, size.hasAccelerators ? 64 : 30))) }
        return disk
    }

    /// Azure's own first boot makes the user, lets the key in, and does nothing else.
    private func login(_ rank: Int) -> JSONValue {
        [
            "computerName": .string(names.machine(rank)), "adminUsername": .string(MachineLogin.user),
            "linuxConfiguration": [
                "disablePasswordAuthentication": true,
                "ssh": [
                    "publicKeys": [
                        [
                            "path": .string("/home/\(MachineLogin.user)/.ssh/authorized_keys"),
                            "keyData": .string(order.publicKey),
                        ]
                    ]
                ],
            ],
        ]
    }
}
