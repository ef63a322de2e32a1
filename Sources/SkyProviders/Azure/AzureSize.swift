import SkyAzure

/// What Azure says of one machine type in one region: the list of resource SKUs.
struct AzureSize: Decodable {
    struct Capability: Decodable {
        let name: String
        let value: String
    }
    struct Place: Decodable {
        let location: String
        let zones: [String]?
    }
    struct Restriction: Decodable {
        struct Info: Decodable {
            let locations: [String]?
            let zones: [String]?
        }
        let type: String?
        let restrictionInfo: Info?
        let reasonCode: String?
    }

    let name: String
    let resourceType: String
    /// What its quota is counted under: `standardDSv3Family`.
    let family: String?
    let locationInfo: [Place]?
    let capabilities: [Capability]?
    let restrictions: [Restriction]?

    private func value(_ name: String) -> String? { capabilities?.first { $0.name == name }?.value }
    private func has(_ name: String) -> Bool { value(name)?.lowercased() == "true" }

    var cores: Int { value("vCPUs").flatMap { Int($0) } ?? 0 }
    var isARM: Bool { value("CpuArchitectureType")?.lowercased() == "arm64" }
    var hasInfiniBand: Bool { has("RdmaEnabled") }
    var takesPremiumDisks: Bool { has("PremiumIO") }
    var isFastOnline: Bool { has("AcceleratedNetworkingEnabled") }
    var mayBeSpot: Bool { has("LowPriorityCapable") }
    var hasAccelerators: Bool { (value("GPUs").flatMap { Int($0) } ?? 0) > 0 }
    /// Only the older of the two kinds of firmware, which has its own images.
    var isFirstGeneration: Bool { value("HyperVGenerations") == "V1" }
    var hasAMDAccelerators: Bool { hasAccelerators && name.contains("MI300X") }

    /// What encrypts its memory: `SNP` or `TDX`.
    var confidentiality: String? { value("ConfidentialComputingType").flatMap { $0.isEmpty ? nil : $0.uppercased() } }

    /// Why it cannot be had in the zone, or anywhere in the region; nil when nothing speaks against it.
    func obstacle(zone: String?) -> String? {
        for restriction in restrictions ?? [] {
            let why = restriction.reasonCode ?? "restricted"
            if restriction.type == "Location" { return "\(name) is not offered to this subscription there (\(why))" }
            if let zone, restriction.restrictionInfo?.zones?.contains(zone) == true {
                return "\(name) is not offered to this subscription in zone \(zone) (\(why))"
            }
        }
        if let zone, let zones = locationInfo?.first?.zones, !zones.contains(zone) {
            let there =
                zones.isEmpty ? "it has no zones there" : "its zones are \(zones.sorted().joined(separator: ", "))"
            return "\(name) is not offered in zone \(zone); \(there)"
        }
        return nil
    }
}
