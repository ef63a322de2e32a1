import SkyCore
import SkyYAML

/// Reads what only a person's own `provider.yaml` may say.
struct UserRulesReader {
    static let fields = ["discounts", "reservations", "committed_use", "hosts", "quotas", "trusted"]

    /// Collects the complaints.
    var reader: ProfileReader
    private var rules = UserRules()

    init(reader: ProfileReader) { self.reader = reader }

    mutating func read(_ entries: [YAMLNode.Entry]) -> UserRules {
        for entry in entries {
            let node = entry.value
            switch entry.key {
            case "discounts": rules.discounts = reader.list(node, entry.key).compactMap { discount($0) }
            case "reservations":
                rules.commitments += reader.list(node, entry.key).compactMap { commitment($0, isReservation: true) }
            case "committed_use":
                rules.commitments += reader.list(node, entry.key).compactMap { commitment($0, isReservation: false) }
            case "hosts": rules.hosts = reader.list(node, entry.key).compactMap { host($0) }
            case "quotas": rules.quotas = reader.list(node, entry.key).compactMap { quota($0) }
            case "trusted": rules.isTrusted = flag(node)
            case "egress":
                if let price = node["per_gb"] { rules.egressPerGigabyte = Money(nanodollars: reader.amount(price)) }
            default: break
            }
        }
        return rules
    }

    private mutating func quota(_ node: YAMLNode) -> Quota? {
        let units = Quota.Unit.allCases.map(\.rawValue)
        let known = ["regions", "types", "accelerator", "market"] + units
        guard reader.mapping(node, known: known, what: "a quota") != nil else { return nil }
        let given = Quota.Unit.allCases.filter { node[$0.rawValue] != nil }
        guard given.count == 1, let unit = given.first, let value = node[unit.rawValue] else {
            reader.complain(
                node, given.isEmpty ? "missing-field" : "bad-value",
                given.isEmpty ? "nothing says how much the quota is" : "the quota is counted in several ways",
                expected: "one of \(units.joined(separator: ", ")), such as cpus: 96")
            return nil
        }
        guard let limit = value.number, limit >= 0 else {
            reader.complain(value, "bad-number", "not a quota", expected: "a number such as 96, or 0")
            return nil
        }
        let (regions, market) = (node["regions"].map { reader.list($0, "regions") } ?? [], market(of: node))
        return Quota(
            provider: "", regions: regions.compactMap { reader.text($0, "regions") },
            types: reader.text(node["types"], "types"), accelerator: reader.text(node["accelerator"], "accelerator"),
            market: market, unit: unit, limit: limit)
    }

    /// Nil for both, and after a complaint.
    private mutating func market(of node: YAMLNode) -> Offer.Market? {
        guard let word = reader.text(node["market"], "market") else { return nil }
        if let market = Offer.Market(rawValue: word) { return market }
        reader.complain(node["market"], "bad-value", "'\(word)' is no market", expected: "on-demand or spot")
        return nil
    }

    private mutating func discount(_ node: YAMLNode) -> UserRules.Discount? {
        let known = ["types", "regions", "market", "percent", "until"]
        guard reader.mapping(node, known: known, what: "a discount") != nil, isValid(node) else { return nil }
        guard let share = percent(node) else { return nil }
        let market = market(of: node)
        let regions = node["regions"].map { reader.list($0, "regions") } ?? []
        return UserRules.Discount(
            types: TypePattern(text: reader.text(node["types"], "types") ?? "*"),
            regions: regions.compactMap { reader.text($0, "regions") }, market: market, share: share,
            range: node.range)
    }

    private mutating func commitment(_ node: YAMLNode, isReservation: Bool) -> UserRules.Commitment? {
        let what = isReservation ? "a reservation" : "committed use"
        let known = ["types", "instance_type", "region", "zones", "count", "price", "percent", "until"]
        guard reader.mapping(node, known: known, what: what) != nil, isValid(node) else { return nil }
        let types = reader.text(node["instance_type"] ?? node["types"], "instance_type")
        let region = reader.text(node["region"], "region")
        let count = count(node["count"], of: node, what)
        if node["instance_type"] == nil, node["types"] == nil {
            reader.complain(node, "missing-field", "the field 'instance_type' of \(what) is missing")
        }
        if node["region"] == nil {
            reader.complain(node, "missing-field", "the field 'region' of \(what) is missing")
        }
        guard let types, let region, let count else { return nil }
        var price = UserRules.Commitment.Price.perHour(Money(nanodollars: reader.amount(node["price"])))
        if node["price"] == nil, node["percent"] != nil {
            guard let share = percent(node) else { return nil }
            price = .off(share)
        } else if node["price"] == nil, !isReservation {
            reader.complain(
                node, "missing-field", "nothing says what committed use costs", expected: "price per hour, or percent")
            return nil
        }
        let zones = node["zones"].map { reader.list($0, "zones") } ?? []
        return UserRules.Commitment(
            types: TypePattern(text: types), region: region, zones: zones.compactMap { reader.text($0, "zones") },
            count: count, price: price, range: node.range)
    }

    private mutating func host(_ node: YAMLNode) -> OwnHost? {
        let known = [
            "name", "region", "count", "cpus", "memory_gib", "accelerators", "capabilities", "price", "lifetime",
            "used",
            "watts", "per_kwh",
        ]
        guard reader.mapping(node, known: known, what: "a host") != nil else { return nil }
        for field in ["name", "region", "cpus", "memory_gib"] where node[field] == nil {
            reader.complain(node, "missing-field", "the field '\(field)' of a host is missing")
        }
        guard
            let name = reader.text(node["name"], "name"), let region = reader.text(node["region"], "region"),
            let count = count(node["count"], of: node, "a host", usually: 1), let cpus = size(node["cpus"]),
            let memory = size(node["memory_gib"]), let accelerator = accelerator(node["accelerators"])
        else { return nil }
        let price = Money(nanodollars: reader.amount(node["price"]))
        let lifetime = reader.span(node["lifetime"])
        if price > .zero, lifetime == nil {
            reader.complain(
                node["price"], "missing-field", "nothing says how long the host lasts",
                expected: "lifetime: 208w, four years")
        }
        let used = node["used"].map { reader.amount($0) } ?? 1_000_000_000
        guard used > 0, used <= 1_000_000_000 else {
            reader.complain(node["used"], "bad-number", "not a share of its time", expected: "above 0 and up to 1")
            return nil
        }
        let capabilities = node["capabilities"].map { reader.list($0, "capabilities") } ?? []
        return OwnHost(
            name: name, region: region, count: count, cpus: cpus, memoryGiB: memory, accelerator: accelerator.first,
            capabilities: capabilities.compactMap { reader.text($0, "capabilities") },
            pricePerHour: OwnHost.perHour(
                price: price, lifetimeHours: (lifetime?.milliseconds ?? 3_600_000) / 3_600_000, used: used,
                watts: reader.amount(node["watts"]) / 1_000_000_000,
                perKilowattHour: Money(nanodollars: reader.amount(node["per_kwh"]))),
            range: node.range)
    }

    /// False for what has ended.
    private mutating func isValid(_ node: YAMLNode) -> Bool {
        guard let day = reader.day(node["until"]), let today = reader.today else { return true }
        return day >= today
    }

    private mutating func percent(_ node: YAMLNode) -> Int64? {
        guard let value = node["percent"] else {
            reader.complain(node, "missing-field", "the field 'percent' is missing", expected: "percent: 12.5")
            return nil
        }
        let share = reader.amount(value)
        guard share > 0, share <= 100_000_000_000 else {
            reader.complain(value, "bad-number", "not a discount", expected: "a percentage above 0 and up to 100")
            return nil
        }
        return share
    }

    private mutating func count(
        _ node: YAMLNode?, of parent: YAMLNode, _ what: String, usually: Int32? = nil
    ) -> Int32? {
        guard let node else {
            if usually == nil { reader.complain(parent, "missing-field", "the field 'count' of \(what) is missing") }
            return usually
        }
        if let number = node.scalar.flatMap({ Int32($0) }), number > 0 { return number }
        reader.complain(node, "bad-number", "not a number of machines", expected: "a positive whole number")
        return nil
    }

    private mutating func size(_ node: YAMLNode?) -> Double? {
        guard let node else { return nil }
        if let number = node.number, number > 0 { return number }
        reader.complain(node, "bad-number", "not a size", expected: "a positive number")
        return nil
    }

    /// Nil for a mistake; empty for none.
    private mutating func accelerator(_ node: YAMLNode?) -> [AcceleratorCount]? {
        guard let node else { return [] }
        if let accelerator = node.scalar.flatMap(AcceleratorCount.init(reading:)) { return [accelerator] }
        reader.complain(node, "bad-accelerator", "not an accelerator", expected: "name:count such as A100:8")
        return nil
    }

    private mutating func flag(_ node: YAMLNode) -> Bool {
        if node.scalar == "true" || node.scalar == "false" { return node.scalar == "true" }
        reader.complain(node, "bad-value", "neither true nor false", expected: "true or false")
        return false
    }
}

extension AcceleratorCount {
    /// Reads `A100:8`; nil for anything else.
    init?(reading text: String) {
        let colon = text.lastIndex(of: ":") ?? text.endIndex
        guard
            colon > text.startIndex, let count = DecimalBytes(String(text[colon...].dropFirst())),
            count.billionths > 0
        else { return nil }
        self.init(name: String(text[..<colon]), count: count.double)
    }
}
