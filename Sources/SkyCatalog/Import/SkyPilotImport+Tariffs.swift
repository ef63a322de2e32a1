import SkyCore

extension SkyPilotImport {
    /// An `egress.csv` for each cloud that the source has tariffs between regions of: per region `*` (the internet),
    /// `<cloud>/*` (the cloud's own regions), and every region that differs.
    mutating func tariffFiles() -> [(path: String, text: String)] {
        var prices: [String: [String: [String: String]]] = [:]
        let columns = ["src_cloud", "src_region", "dst_cloud", "dst_region", "usd_per_gb"]
        tables.forEach("egress.csv", columns, optional: true) { row in
            guard row[1] != "*", row[0] != row[2] || row[1] != row[3] else { return }
            let target = row[2] == "internet" ? "*" : "\(row[2])/\(row[3])"
            prices[row[0], default: [:]][row[1], default: [:]][target] = OfferSheet.plain(row[4])
        }
        return prices.keys.sorted().map { cloud in
            let tiers = tiers(of: cloud)
            var lines = ["from_region,to,usd_per_gb,up_to_gb"]
            for (region, targets) in (prices[cloud] ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines += Self.lines(cloud, region, targets, tiers)
            }
            report.tariffs += lines.count - 1
            return ("\(target)/\(cloud)/egress.csv", lines.joined(separator: "\n") + "\n")
        }
    }

    /// What follows a first price when more is sent: `from_region` (or `*`) and that price to volumes and prices.
    private mutating func tiers(of cloud: String) -> [String: [(upTo: String, price: String)]] {
        var tiers: [String: [(String, String)]] = [:]
        let names = ["from_region", "first_usd_per_gb", "up_to_gb", "usd_per_gb"]
        var own = SkyPilotTables(folder: "\(target)/\(cloud)")
        own.forEach("egress-tiers.csv", names, optional: true) { row in
            tiers["\(row[0]) \(row[1])", default: []].append((row[2], row[3]))
        }
        return tiers
    }

    private static func lines(
        _ cloud: String, _ region: String, _ targets: [String: String],
        _ tiers: [String: [(upTo: String, price: String)]]
    ) -> [String] {
        guard let internet = targets["*"] else { return [] }
        let own = targets.filter { $0.key.hasPrefix("\(cloud)/") }
        let usual = mostCommon(own.values) ?? internet
        var lines: [String] = []
        if let tiers = tiers["\(region) \(internet)"] ?? tiers["* \(internet)"] {
            lines += tiers.map { "\(region),*,\($0.price),\($0.upTo)" }
        } else {
            lines.append("\(region),*,\(internet),")
        }
        lines.append("\(region),\(cloud)/*,\(usual),")
        for (target, price) in targets.sorted(by: { $0.key < $1.key }) where target != "*" {
            if price != (own[target] == nil ? internet : usual) { lines.append("\(region),\(target),\(price),") }
        }
        return lines
    }

    /// The smallest of those that are there most often.
    private static func mostCommon(_ prices: some Sequence<String>) -> String? {
        var counts: [String: Int] = [:]
        for price in prices { counts[price, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    mutating func throughputFile() -> [(path: String, text: String)] {
        var lines: [String] = []
        let columns = ["src_cloud", "src_region", "dst_cloud", "dst_region", "gbps"]
        tables.forEach("throughput.csv", columns, optional: true) { row in
            guard let rate = DecimalBytes(row[4]), rate.billionths > 0 else { return }
            lines.append("\(row[0])/\(row[1]),\(row[2])/\(row[3]),\(OfferSheet.plain(row[4]))")
        }
        guard !lines.isEmpty else { return [] }
        report.throughputs = lines.count
        return [("\(target)/throughput.csv", (["from,to,gbps"] + lines.sorted()).joined(separator: "\n") + "\n")]
    }
}
