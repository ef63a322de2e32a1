import SkyCore
import SkyYAML

/// Reads a `provider.yaml`, and reports everything wrong with it at once.
struct ProfileReader {
    let path: String
    private(set) var diagnostics: [Diagnostic] = []
    /// What the file says about prices; only a person's own files may.
    private(set) var rules = UserRules()
    private let base: ProviderProfile?
    let today: CalendarDay?
    private let allowsRules: Bool

    /// - Parameters:
    ///   - base: a profile that the file adds to; it then needs a name only.
    ///   - allowsRules: discounts, reservations and the like are no mistakes.
    ///   - today: rules that ended before it are passed over.
    init(
        path: String, base: ProviderProfile? = nil, allowsRules: Bool = false, today: CalendarDay? = nil
    ) {
        self.path = path
        self.today = today
        self.base = base
        self.allowsRules = allowsRules
    }

    private static let fields = [
        "name", "display_name", "adapter", "placement", "credentials", "regions", "capability_regions",
        "capability_surcharges", "throughput", "limits", "sources", "billing", "boot_time", "disk", "address", "egress",
    ]

    /// What is said of a program that speaks for the provider; its adapter reads them.
    private static let ofPrograms = ["program", "environment", "time_limit"]

    /// Nil, with diagnostics, unless the file is a mapping with at least a name.
    mutating func read(_ bytes: [UInt8]) -> ProviderProfile? {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first else {
            if parsed.diagnostics.isEmpty { complain(nil, "bad-profile", "the file is empty") }
            return nil
        }
        let known =
            Self.fields + (allowsRules ? UserRulesReader.fields : [])
            + (root["adapter"]?.scalar == "exec" ? Self.ofPrograms : [])
        guard let entries = mapping(root, known: known, what: "a provider") else { return nil }
        guard let name = text(root["name"], "name") else {
            if root["name"] == nil { complain(root, "missing-field", "the field 'name' is missing") }
            return nil
        }
        var profile = base ?? ProviderProfile(name: name)
        profile.name = name
        for entry in entries { read(entry, into: &profile) }
        if allowsRules {
            var reader = UserRulesReader(reader: self)
            let read = reader.read(entries)
            self = reader.reader
            rules = read
        }
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
        case "regions":
            for region in (mapping(node, what: "regions") ?? []).compactMap({ region($0) }) {
                profile.regions.removeAll { $0.name == region.name }
                profile.regions.append(region)
            }
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
        case "sources": profile.sources += (mapping(node, what: "sources") ?? []).compactMap { source($0) }
        case "billing", "boot_time", "disk", "address", "egress": readTerms(entry.key, node, into: &profile)
        default: break
        }
    }

    private mutating func readTerms(_ key: String, _ node: YAMLNode, into profile: inout ProviderProfile) {
        switch key {
        case "billing":
            _ = mapping(node, known: ["increment", "minimum", "source"], what: key)
            profile.terms.billingIncrement = span(node["increment"]) ?? profile.terms.billingIncrement
            profile.terms.minimumBilled = span(node["minimum"]) ?? profile.terms.minimumBilled
        case "boot_time":
            _ = mapping(node, known: ["time", "source"], what: key)
            profile.terms.bootTime = span(node["time"]) ?? profile.terms.bootTime
        case "disk":
            _ = mapping(node, known: ["per_gb_month", "tiers", "source"], what: key)
            if node["per_gb_month"] != nil { profile.terms.diskPricePerGBHour = perHour(node["per_gb_month"]) }
            if let tiers = node["tiers"] {
                profile.terms.diskTiers = (mapping(tiers, known: DiskTier.names, what: "tiers") ?? []).compactMap {
                    diskTier($0)
                }
            }
        case "address":
            _ = mapping(node, known: ["per_hour", "source"], what: key)
            profile.terms.addressPricePerHour = Money(nanodollars: amount(node["per_hour"]))
        default:
            let known = [
                "same_region_per_gb", "free_gb_per_month", "count_free_allowance", "used_gb_per_month", "per_gb",
                "source",
            ]
            _ = mapping(node, known: known, what: key)
            // A person's own file changes what it names and leaves the rest.
            if let price = node["same_region_per_gb"] {
                profile.egress.sameRegionPerGigabyte = Money(nanodollars: amount(price))
            }
            if let free = node["free_gb_per_month"] { profile.egress.freeGBPerMonth = amount(free) / 1_000_000_000 }
            if let used = node["used_gb_per_month"] { profile.egress.usedGBPerMonth = amount(used) / 1_000_000_000 }
            if let counts = node["count_free_allowance"] { profile.egress.countsAllowance = counts.scalar == "true" }
        }
    }

    /// A month of billing has 730 hours.
    private mutating func perHour(_ month: YAMLNode?) -> Money {
        Money(nanodollars: amount(month)).scaled(by: 1, over: 730)
    }

    private mutating func diskTier(_ entry: YAMLNode.Entry) -> DiskTier? {
        let node = entry.value
        let known = ["is", "per_gb_month", "per_month", "types", "source"]
        guard DiskTier.names.contains(entry.key), mapping(node, known: known, what: "a disk tier") != nil else {
            return nil
        }
        if node["per_gb_month"] == nil {
            complain(node, "missing-field", "the field 'per_gb_month' of disk tier '\(entry.key)' is missing")
        }
        return DiskTier(
            name: entry.key, pricePerGBHour: perHour(node["per_gb_month"]), pricePerHour: perHour(node["per_month"]),
            types: (node["types"].map { list($0, "types") } ?? []).compactMap { text($0, "types") })
    }

    private mutating func source(_ entry: YAMLNode.Entry) -> PriceSource? {
        let node = entry.value
        guard mapping(node, known: ["kind", "date", "what", "licence"], what: "a source") != nil else { return nil }
        guard let word = text(node["kind"], "kind"), let kind = PriceProvenance.Kind(rawValue: word), kind != .none
        else {
            complain(
                node["kind"] ?? node, "bad-value", "source '\(entry.key)' does not say how its figures are known",
                expected: "kind: observed, derived or agreed")
            return nil
        }
        return PriceSource(
            key: entry.key, kind: kind, date: day(node["date"]), what: text(node["what"], "what") ?? "",
            licence: text(node["licence"], "licence") ?? "")
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
        let node = entry.value
        guard mapping(node, known: ["country", "continent", "place"], what: "a region") != nil else { return nil }
        let country = text(node["country"], "country")
        if let country, country.count != 2 || country != country.uppercased() {
            complain(node["country"], "bad-value", "'\(country)' is not a country", expected: "an ISO 3166 code: DE")
        }
        return ProviderProfile.Region(
            name: entry.key, country: country, continent: text(node["continent"], "continent"),
            place: text(node["place"], "place"))
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
    mutating func complain(
        _ node: YAMLNode?, _ code: String, _ message: String, expected: String? = nil, help: String? = nil
    ) {
        diagnostics.append(
            Diagnostic(
                code: "catalog.\(code)", path: path, range: node?.range, message: message, expected: expected,
                help: help))
    }

    /// The entries of a mapping, after complaining about those that are not `known`; nil for anything else.
    mutating func mapping(
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

    mutating func list(_ node: YAMLNode, _ what: String) -> [YAMLNode] {
        guard let elements = node.sequence else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "a list")
            return []
        }
        return elements
    }

    mutating func text(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.scalar, !node.isNull, !text.isEmpty else {
            complain(node, "bad-value", "\(what) cannot be \(node.kindName)", expected: "text")
            return nil
        }
        return text
    }

    mutating func rate(_ node: YAMLNode?) -> Double? {
        guard let node else { return nil }
        guard let rate = node.number, rate > 0 else {
            complain(node, "bad-number", "not a rate", expected: "a positive number of 10⁹ bits per second")
            return nil
        }
        return rate
    }

    mutating func span(_ node: YAMLNode?) -> TimeSpan? {
        guard let node else { return nil }
        if let word = node.scalar, let span = TimeSpan(word) { return span }
        complain(node, "bad-value", "not a length of time", expected: "such as 1s, 60s or 1h")
        return nil
    }

    mutating func day(_ node: YAMLNode?) -> CalendarDay? {
        guard let node else { return nil }
        if let word = node.scalar, let day = CalendarDay(word) { return day }
        complain(node, "bad-value", "not a day", expected: "year-month-day such as 2026-07-20")
        return nil
    }

    /// Billionths of a decimal number; an absent one is 0.
    mutating func amount(_ node: YAMLNode?) -> Int64 {
        guard let node else { return 0 }
        guard let text = node.scalar, let number = DecimalBytes(text) else {
            complain(node, "bad-number", "not an amount", expected: "a decimal number with at most nine decimals")
            return 0
        }
        return number.billionths
    }
}
