import FoundationEssentials
import SkyCore
import SkyRuntime

/// One `RunInstances` for all machines of a group: all of them or none.
struct EC2Order: Sendable {
    let order: MachineOrder
    let facts: EC2TypeFacts
    let image: EC2Image
    let network: EC2Network
    /// What makes a repetition the same order.
    let clientToken: String
    /// Machines close to each other.
    let placementGroup: String?
    /// How the machines are called in `aws` of China and elsewhere: `arn:` is a whole name.
    private var profile: String? { order.settings["instance_profile"] }
    private var request: NodeGroupRequest { order.request }

    init(
        _ order: MachineOrder, facts: EC2TypeFacts, image: EC2Image, network: EC2Network, clientToken: String,
        placementGroup: String?
    ) {
        self.order = order
        self.facts = facts
        self.image = image
        self.network = network
        self.clientToken = clientToken
        self.placementGroup = placementGroup
    }

    /// Machines of a gang whose type has the fabric talk by it.
    static func usesFabric(_ request: NodeGroupRequest, _ facts: EC2TypeFacts) -> Bool {
        request.numNodes > 1 && !facts.fabricCards.isEmpty
    }

    static func usesPlacementGroup(_ request: NodeGroupRequest, _ facts: EC2TypeFacts) -> Bool {
        usesFabric(request, facts) && facts.takesPlacementGroup
    }

    func fill(_ query: inout EC2Query) {
        query.set("MinCount", request.numNodes)
        query.set("MaxCount", request.numNodes)
        query.set("ClientToken", clientToken)
        query.set("ImageId", image.id)
        query.set("InstanceType", request.instanceType)
        query.set("UserData", Data(order.cloudInit.utf8).base64EncodedString())
        // A machine that shuts itself down when its lease has run out is gone, and not merely stopped.
        query.set("InstanceInitiatedShutdownBehavior", "terminate")
        query.set("MetadataOptions.HttpTokens", "required")
        query.set("MetadataOptions.HttpEndpoint", "enabled")
        // Containers on the machine get at its role too.
        query.set("MetadataOptions.HttpPutResponseHopLimit", 2)
        if request.isSpot {
            query.set("InstanceMarketOptions.MarketType", "spot")
            query.set("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")
            query.set("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate")
        }
        query.set("Placement.GroupName", placementGroup)
        if let profile {
            query.set("IamInstanceProfile.\(profile.hasPrefix("arn:") ? "Arn" : "Name")", profile)
        }
        if request.wantsEncryptedMemory { query.set("CpuOptions.AmdSevSnp", "enabled") }
        if request.wantsEnclaves { query.set("EnclaveOptions.Enabled", true) }
        disk(&query)
        interfaces(&query)
        tags(&query)
    }

    // MARK: Parts

    private func disk(_ query: inout EC2Query) {
        let disk = EC2Disk(tier: request.diskTier, wanted: request.diskGiB ?? 0, image: image)
        query.set("BlockDeviceMapping.1.DeviceName", image.rootDevice)
        query.set("BlockDeviceMapping.1.Ebs.VolumeSize", disk.sizeGiB)
        query.set("BlockDeviceMapping.1.Ebs.VolumeType", disk.type)
        query.set("BlockDeviceMapping.1.Ebs.Iops", disk.operations)
        query.set("BlockDeviceMapping.1.Ebs.Throughput", disk.throughput)
        query.set("BlockDeviceMapping.1.Ebs.DeleteOnTermination", true)
    }

    private func interfaces(_ query: inout EC2Query) {
        guard let subnet = network.subnet else {
            query.list("SecurityGroupId", network.groups)
            return
        }
        let isPrivate = order.settings.isReachedPrivately
        let usesFabric = Self.usesFabric(request, facts)
        // EC2 gives public addresses to machines with one interface only.
        let cards = usesFabric ? (isPrivate ? facts.fabricCards : Array(facts.fabricCards.prefix(1))) : [0]
        for (index, card) in cards.enumerated() {
            let name = "NetworkInterface.\(index + 1)"
            query.set("\(name).DeviceIndex", index == 0 ? 0 : 1)
            query.set("\(name).SubnetId", subnet)
            query.set("\(name).DeleteOnTermination", true)
            query.list("\(name).SecurityGroupId", network.groups)
            if usesFabric {
                query.set("\(name).NetworkCardIndex", card)
                query.set("\(name).InterfaceType", index == 0 ? "efa" : "efa-only")
            }
            if cards.count == 1 { query.set("\(name).AssociatePublicIpAddress", !isPrivate) }
        }
    }

    /// All machines of one call have the same tags: which is which says their launch index.
    private func tags(_ query: inout EC2Query) {
        var tags = order.tags(rank: 0)
        tags[MachineTag.rank] = nil
        if request.labels["Name"] == nil { tags["Name"] = request.token }
        for (index, type) in (["instance", "volume"] + (request.isSpot ? ["spot-instances-request"] : [])).enumerated()
        {
            query.tags("TagSpecification.\(index + 1)", on: type, tags)
        }
    }

    // MARK: Names

    /// At most 64 characters.
    ///
    /// - Parameter ended: instances that were made under the group's token and are no more: EC2 would answer with them again.
    static func clientToken(_ token: String, after ended: [String]) -> String {
        SHA256.hex(SHA256.digest(of: Array(([token] + ended.sorted()).joined(separator: "\n").utf8)))
    }

    static func placementGroup(_ token: String) -> String {
        "sky-" + SHA256.hex(SHA256.digest(of: Array(token.utf8)).prefix(16))
    }
}

extension NodeGroupRequest {
    private func asks(for words: String...) -> Bool { words.contains { capabilities?.contains($0) == true } }

    /// AMD SEV-SNP has to be turned on; what else is confidential here the machine has by itself.
    var wantsEncryptedMemory: Bool { asks(for: "confidential", "confidential-sev-snp") }
    var wantsEnclaves: Bool { asks(for: "confidential-nitro-enclaves") && !wantsEncryptedMemory }
}

/// A root disk, as `provider.yaml` describes the tiers.
struct EC2Disk: Hashable, Sendable {
    var type: String
    var sizeGiB: Int
    var operations: Int?
    /// In MiB a second.
    var throughput: Int?

    /// The largest of the magnetic ones.
    static let mostOfLow = 1024

    init(tier: String?, wanted: Int, image: EC2Image) {
        let size = max(wanted, image.sizeGiB, 1)
        switch tier {
        case "low": (type, sizeGiB) = ("standard", size)
        // So many operations a second need so many GiB: 500 each of gp3, 1,000 of io2.
        case "high": (type, sizeGiB, operations, throughput) = ("gp3", max(size, 14), 7000, 437)
        case "ultra": (type, sizeGiB, operations) = ("io2", max(size, 20), 20_000)
        default: (type, sizeGiB, operations, throughput) = ("gp3", max(size, 7), 3500, 218)
        }
    }
}
