import SkyCore
import SkyYAML

/// Reads a `provider.yaml`, and reports everything wrong with it at once.
struct ProfileReader {
    private let path: String
    private(set) var diagnostics: [Diagnostic] = []

    init(path: String) { self.path = path }

    private static let fields = [
        "name", "display_name", "adapter", "placement", "credentials", "regions", "capability_regions",
        "capability_surcharges", "throughput", "limits",
    ]

    /// Nil, with diagnostics, unless the file is a mapping with at least a name.
    mutating func read(_ bytes: [UInt8]) -> ProviderProfile? {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first else {
            if parsed.diagnostics.isEmpty { complain(nil, "bad-profile", "the file is empty") }
            return nil
        }
        guard let entries = mapping(root, known: Self.fields, what: "a provider") else { return nil }
        guard let name = text(root["name"], "name") else {
            if root["name"] == nil { complain(root, "missing-field", "the field 'name' is missing") }
            return nil
        }
        var profile = ProviderProfile(name: name)
        for entry in entries { read(entry, into: &profile) }
        let regionNames = profile.regions.map(\.name)
        for (capability, regions) in profile.capabilityRegions {
            for region in regions where !regionNames.contains(region) {
                complain(
                    root["capability_regions"]?[capability], "unknown-region",
                    "region '\(region)' of capability '\(capability)' is not under regions",
                    help: nearestName(to: region, among: regionNames).map { "did you mean '\($0)'?" })
            }
        }
        return profile
    }

    private mutating func read(_ entry: YAMLNode.Entry, into profile: inout ProviderProfile) {
        let node = entry.value
        switch entry.key {
        case "display_name": profile.displayName = text(node, entry.key) ?? profile.name
        case "adapter": profile.adapter = text(node, entry.key) ?? profile.name
        case "placement":
            guard let word = text(node, entry.key) else { return }
            guard let rule = ProviderProfile.PlacementRule(rawValue: word) else {
                return complain(node, "bad-value", "unknown placement '\(word)'", expected: "any or explicit")
            }
            profile.placement = rule
        case "credentials": profile.credentials = list(node, entry.key).compactMap { credential($0) }
        case "regions": profile.regions = (mapping(node, what: "regions") ?? []).compactMap { region($0) }
        case "capability_regions":
            for limit in mapping(node, what: "capability_regions") ?? [] {
                profile.capabilityRegions[limit.key] = list(limit.value, limit.key).compactMap { text($0, limit.key) }
                    .sorted()
            }
        case "capability_surcharges":
            profile.capabilitySurcharges = list(node, entry.key).compactMap { surcharge($0) }
        case "throughput":
            _ = mapping(node, known: ["same_region_gbps", "default_gbps"], what: "throughput")
            profile.sameRegionGbps = rate(node["same_region_gbps"]) ?? profile.sameRegionGbps
            profile.defaultGbps = rate(node["default_gbps"]) ?? profile.defaultGbps
        case "limits":
            _ = mapping(node, known: ["spot_notice"], what: "limits")
            guard let notice = node["spot_notice"], let word = text(notice, "spot_notice") else { return }
            profile.spotNotice = TimeSpan(word)
            if profile.spotNotice == nil {
                complain(notice, "bad-value", "'\(word)' is not a length of time", expected: "such as 30s or 2m")
            }
        default: break
        }
    }

    private mutating func credential(_ node: YAMLNode) -> ProviderProfile.CredentialSource? {
        guard mapping(node, known: ["environment", "file"], what: "credentials") != nil else { return nil }
        if let file = node["file"] { return text(file, "file").map { .file($0) } }
        guard let names = node["environment"] else {
            complain(node, "missing-field", "neither environment nor file is given")
            return nil
        }
        return .environment(list(names, "environment").compactMap { text($0, "environment") })
    }

    private mutating func region(_ entry: YAMLNode.Entry) -> ProviderProfile.Region? {
        guard mapping(entry.value, known: ["continent", "place"], what: "a region") != nil else { return nil }
        return ProviderProfile.Region(
            name: entry.key, continent: entry.value["continent"].flatMap { text($0, "continent") },
            place: entry.value["place"].flatMap { text($0, "place") })
    }

    private mutating func surcharge(_ node: YAMLNode) -> ProviderProfile.CapabilitySurcharge? {
        let known = ["capability", "asked_as", "percent_of_on_demand", "per_cpu_hour", "per_gib_hour", "source"]
        guard mapping(node, known: known, what: "a surcharge") != nil else { return nil }
        guard let capability = text(node["capability"], "capability") else {
            if node["capability"] == nil { complain(node, "missing-field", "the field 'capability' is missing") }
            return nil
        }
        return ProviderProfile.CapabilitySurcharge(
            capability: capability,
            askedAs: (node["asked_as"].map { list($0, "asked_as") } ?? []).compactMap { text($0, "asked_as") },
            onDemandShare: amount(node["percent_of_on_demand"]),
            perCPUHour: Money(nanodollars: amount(node["per_cpu_hour"])),
            perGiBHour: Money(nanodollars: amount(node["per_gib_hour"])),
            source: node["source"].flatMap { text($0, "source") } ?? "")
    }
}

extension ProfileReader {
    private mutating func complain(
        _ node: YAMLNode?, _ code: String, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(
                code: "catalog.\(code)", path: path, range: node?.range, message: message, expected: expected,
                help: help))
    }

    /// The entries of a mapping, after complaining about those that are not `known`; nil for anything else.
    private mutating func mapping(
        _ node: YAMLNode, known: [String]? = nil, what: String
    ) -> [YAMLNode.Entry]? {
        guard let entries = node.mapping else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "a mapping")
            return nil
        }
        guard let known else { return entries }
        for entry in entries where !known.contains(entry.key) {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.unknown-field", path: path, range: entry.keyRange,
                    message: "unknown field '\(entry.key)'", expected: "one of \(known.joined(separator: ", "))",
                    help: nearestName(to: entry.key, among: known).map { "did you mean '\($0)'?" }))
        }
        return entries
    }

    private mutating func list(_ node: YAMLNode, _ what: String) -> [YAMLNode] {
        guard let elements = node.sequence else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "a list")
            return []
        }
        return elements
    }

    private mutating func text(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar, !node.isNull, !text.isEmpty else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "text")
            return nil
        }
        return text
    }

    private mutating func rate(_ node: YAMLNode?) -> Double? {
        guard let node else { return nil }
        guard let rate = node.number, rate > 0 else {
            complain(node, "bad-number", "not a rate", expected: "a positive number of 10⁹ bits per second")
            return nil
        }
        return rate
    }

    /// Billionths of a decimal number; an absent one is 0.
    private mutating func amount(_ node: YAMLNode?) -> Int64 {
        guard let node else { return 0 }
        guard let text = node.scalar, let number = DecimalBytes(text) else {
            complain(node, "bad-number", "not an amount", expected: "a decimal number with at most nine decimals")
            return 0
        }
        return number.billionths
    }
}
