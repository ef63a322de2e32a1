import SkyAWS
import SkyCore

/// Where machines are put.
struct EC2Network: Hashable, Sendable {
    /// Nil where EC2 is to choose among those of the default network.
    var subnet: String?
    var groups: [String]
}

struct EC2Subnet: Hashable, Sendable {
    var id: String
    var vpc: String
    var zone: String
    /// The same zone, as all accounts call it: `use1-az1`.
    var zoneID: String
    var isDefault: Bool
    var freeAddresses: Int

    init?(_ item: XMLElement) {
        guard let id = item.text("subnetId"), let vpc = item.text("vpcId") else { return nil }
        self.id = id
        self.vpc = vpc
        zone = item.text("availabilityZone") ?? ""
        zoneID = item.text("availabilityZoneId") ?? ""
        isDefault = item.text("defaultForAz") == "true"
        freeAddresses = item.text("availableIpAddressCount").flatMap { Int($0) } ?? 0
    }
}

/// Finds a subnet, and makes the security groups that all of a network's machines share.
struct EC2NetworkFinder {
    let site: EC2Site
    let settings: CloudSection

    private var region: EC2Region { site.region }

    /// - Parameters:
    ///   - machines: that are to have addresses.
    ///   - port: that is to be reached from outside.
    ///   - usesFabric: the machines talk by EFA, whose packets need a rule for the way out too.
    func network(
        zone: String?, machines: Int, port: Int?, usesFabric: Bool
    ) async throws(ProviderError) -> EC2Network {
        let subnets = try await subnets()
        let fitting = zone.map { zone in subnets.filter { $0.zone == zone || $0.zoneID == zone } } ?? subnets
        // One that has room, and of those the same each time: an order that is repeated is the same order. Default ones are known
        // to lead out.
        let roomy = fitting.filter { $0.freeAddresses >= machines }
        let chosen = (roomy.isEmpty ? fitting : roomy).min {
            ($0.isDefault ? 0 : 1, $0.id) < ($1.isDefault ? 0 : 1, $1.id)
        }
        guard let chosen else {
            throw error(.noCapacity, "no subnet in zone \(zone ?? "") that machines may be put in")
        }
        let isOpen = zone == nil && settings["subnet"] == nil && settings["vpc"] == nil && !usesFabric
        var groups = Self.names(settings["security_group"])
        if groups.isEmpty {
            groups.append(try await group(.nodes(usesFabric: usesFabric), in: chosen.vpc))
            if let port { groups.append(try await group(.port(port), in: chosen.vpc)) }
        }
        return EC2Network(subnet: isOpen ? nil : chosen.id, groups: groups)
    }

    // MARK: Subnets

    private func subnets() async throws(ProviderError) -> [EC2Subnet] {
        let (region, settings) = (region, settings)
        let found = try await site.subnets.value("all") { () throws(ProviderError) in
            let items: [XMLElement]
            do throws(AWSError) {
                items = try await region.pages("DescribeSubnets", set: "subnetSet") { query in
                    query.filter("state", ["available"])
                    let wanted = Self.names(settings["subnet"])
                    if !wanted.isEmpty {
                        query.filter("subnet-id", wanted)
                    } else if let vpc = settings["vpc"] {
                        query.filter("vpc-id", [vpc])
                    } else {
                        query.filter("default-for-az", ["true"])
                    }
                }
            } catch { throw region.errors.providerError(error) }
            return items.compactMap { EC2Subnet($0) }
        }
        guard found.isEmpty else { return found }
        let wanted = settings["subnet"] ?? settings["vpc"]
        throw error(
            .quota,
            wanted.map { "\($0), which clouds.yaml names, is not there" }
                ?? "there is no default network: type `aws ec2 create-default-vpc`, or set 'subnet' in clouds.yaml")
    }

    /// Several in one field, as in `subnet-1, subnet-2`.
    static func names(_ field: String?) -> [String] {
        field?.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init) ?? []
    }

    // MARK: Security groups

    /// Finds the group or makes it, and lets in what is to get in. Made by whoever comes first; it is never taken away.
    private func group(_ wanted: EC2GroupShape, in vpc: String) async throws(ProviderError) -> String {
        let region = region
        return try await site.groups.value("\(vpc) \(wanted.name) \(wanted.usesFabric)") { () throws(ProviderError) in
            do throws(AWSError) {
                let known = try await Self.find(wanted, in: vpc, region)
                let id = known?.text("groupId")
                let group =
                    if let id { id } else { try await Self.make(wanted, in: vpc, region) }
                for rule in wanted.rules(of: group) where known.map({ !rule.isIn($0) }) ?? true {
                    try await Self.add(rule, to: group, region)
                }
                return group
            } catch { throw region.errors.providerError(error) }
        }
    }

    private static func find(
        _ wanted: EC2GroupShape, in vpc: String, _ region: EC2Region
    ) async throws(AWSError) -> XMLElement? {
        try await region.pages("DescribeSecurityGroups", set: "securityGroupInfo") { query in
            query.filter("group-name", [wanted.name])
            query.filter("vpc-id", [vpc])
        }.first
    }

    private static func make(
        _ wanted: EC2GroupShape, in vpc: String, _ region: EC2Region
    ) async throws(AWSError) -> String {
        do throws(AWSError) {
            let answer = try await region.refusable("CreateSecurityGroup") { query in
                query.set("GroupName", wanted.name)
                query.set("GroupDescription", wanted.description)
                query.set("VpcId", vpc)
                query.tags("TagSpecification.1", on: "security-group", ["Name": wanted.name, "sky": "shared"])
            }
            if let id = answer.text("groupId") { return id }
        } catch {
            guard error.code == "InvalidGroup.Duplicate" else { throw error }
        }
        // Somebody else was first, or our own answer was lost.
        if let id = try await find(wanted, in: vpc, region)?.text("groupId") { return id }
        throw AWSError(
            .noAnswer, "security group \(wanted.name) was just made in \(region.name), and is not listed yet")
    }

    private static func add(_ rule: EC2Rule, to group: String, _ region: EC2Region) async throws(AWSError) {
        do throws(AWSError) {
            _ = try await region.refusable(rule.action) { query in
                query.set("GroupId", group)
                rule.fill(&query)
            }
        } catch {
            guard error.code == "InvalidPermission.Duplicate" else { throw error }
        }
    }

    private func error(_ kind: ProviderError.Kind, _ message: String) -> ProviderError {
        ProviderError(kind, provider: region.errors.provider, "\(region.name): \(message)")
    }
}
