import SkyCore

extension SkyPilotImport {
    /// A cloud's offers, with the source of each price as its `provider.yaml` calls it.
    mutating func sheet(of cloud: String) -> OfferSheet {
        switch cloud {
        case "aws": amazonSheet()
        case "gcp": googleSheet()
        case "azure": plainSheet(of: cloud, source: "retail-2026-06", spotSource: "us-spot-ratio")
        default: plainSheet(of: cloud, source: "skypilot", spotSource: "skypilot")
        }
    }

    private mutating func rows(of cloud: String) -> [SkyPilotRow] {
        var rows: [SkyPilotRow] = []
        tables.forEach("skypilot-v8/\(cloud)/vms.csv", SkyPilotRow.columns) { rows.append(SkyPilotRow($0)) }
        rowsRead = rows.count
        return rows
    }

    private func row(_ own: SkyPilotRow, at cloud: String, source: String, spotSource: String) -> OfferSheet.Row {
        var row = OfferSheet.Row(own, source: source, spotSource: spotSource)
        row.accelerator = accelerator(own)
        row.capabilities = kinds.capabilities(of: own.type, at: cloud)
        return row
    }

    /// In the catalog's spelling: `A100:8`; empty for none.
    private func accelerator(_ row: SkyPilotRow) -> String {
        guard !row.acceleratorName.isEmpty else { return "" }
        let name = facts[row.acceleratorName]?.name ?? row.acceleratorName
        return "\(name):\(OfferSheet.plain(row.acceleratorCount))"
    }

    private mutating func plainSheet(of cloud: String, source: String, spotSource: String) -> OfferSheet {
        var sheet = OfferSheet()
        for own in rows(of: cloud) {
            var row = row(own, at: cloud, source: source, spotSource: spotSource)
            // Mithril auctions its machines: the table has the lowest bid, which buys nothing on demand.
            if cloud == "mithril" { row.price = nil }
            sheet.add(row, zone: own.zone)
        }
        return sheet
    }

    private mutating func amazonSheet() -> OfferSheet {
        var computed: Set<String> = []
        tables.forEach("provenance/aws_price_derived.csv", ["InstanceType", "Region"], optional: true) { row in
            computed.insert("\(row[0]) \(row[1])")
        }
        // By place: the region for the on-demand price, the zone for the spot price.
        var seen: Set<String> = []
        tables.forEach(
            "sources/aws_spot_observed.csv", ["InstanceType", "Region", "AvailabilityZone", "SpotPrice"], optional: true
        ) { row in
            seen.insert("\(row[0]) \(row[1])")
            if !row[3].isEmpty { seen.insert("\(row[0]) \(row[2])") }
        }
        var bands: [String: String] = [:]
        tables.forEach(
            "aws_spot_advisor.csv", ["region", "instance_type", "interruption_frequency"], optional: true
        ) { row in
            bands["\(row[1]) \(row[0])"] = row[2]
        }
        var sheet = OfferSheet()
        for own in rows(of: "aws") {
            let machine = "\(own.type) \(own.region)"
            let source =
                seen.contains(machine)
                ? "skypilot-2025"
                : computed.contains(machine)
                    ? "regional-ratio" : own.region == "us-east-1" ? "karpenter-2026-07" : "list-2024-02"
            let spotSource =
                seen.contains("\(own.type) \(own.zone)")
                ? "skypilot-2025" : bands[machine] != nil ? "spot-advisor" : "spot-median"
            var row = row(own, at: "aws", source: source, spotSource: spotSource)
            row.interruptions = bands[machine].flatMap { Self.interruptions[$0] } ?? ""
            sheet.add(row, zone: own.zone)
        }
        return sheet
    }

    /// Share of spot machines taken away within a month, by the Spot Instance Advisor's bands: the middle of each. The
    /// last has no end; a quarter is a cautious guess.
    private static let interruptions = [
        "<5%": "0.025", "5-10%": "0.075", "10-15%": "0.125", "15-20%": "0.175", ">20%": "0.25",
    ]

    private mutating func googleSheet() -> OfferSheet {
        // Where the listed figure was another product's, the on-demand price is an estimate.
        var estimated: Set<String> = []
        tables.forEach("sources/gcp_gpu_units.csv", ["gpu", "region", "od_flag"], optional: true) { row in
            if row[2] == "dws", ["H100-MEGA", "H200", "B200"].contains(row[0]) {
                estimated.insert("\(row[0]) \(row[1])")
            }
        }
        let all = rows(of: "gcp")
        var hosts: [String: SkyPilotRow] = [:]
        var cpus: [String: Double] = [:]
        for own in all where own.acceleratorName.isEmpty {
            hosts["\(own.type) \(own.zone)"] = own
            cpus[own.type] = Double(own.cpus) ?? 0
        }
        var sheet = OfferSheet()
        for own in all {
            if own.acceleratorName.isEmpty {
                // These are parts of machines with GPUs: nobody can rent them alone.
                if ["a2-", "a3-", "a4-", "g2-"].contains(where: own.type.hasPrefix) { continue }
                sheet.add(row(own, at: "gcp", source: "gcosts-2026-07", spotSource: "gcosts-2026-07"), zone: own.zone)
            } else if let slice = GoogleMachines.slice(own.acceleratorName) {
                sheet.add(sliceRow(own, slice), zone: own.zone)
            } else {
                let count = Int(Double(own.acceleratorCount) ?? 0)
                for type in GoogleMachines.hosts(of: own.acceleratorName, count, among: cpus) {
                    guard let host = hosts["\(type) \(own.zone)"] else { continue }
                    let isEstimated = estimated.contains("\(own.acceleratorName) \(own.region)")
                    sheet.add(attachedRow(own, host, isEstimated: isEstimated), zone: own.zone)
                }
            }
        }
        return sheet
    }

    private func sliceRow(_ own: SkyPilotRow, _ slice: GoogleMachines.Slice) -> OfferSheet.Row {
        var row = OfferSheet.Row(own, source: "skypilot-gcp", spotSource: "skypilot-gcp")
        row.type = slice.type
        row.accelerator = slice.accelerator
        row.cpus = trimmed(slice.cpus)
        row.memory = trimmed(slice.memoryGiB)
        row.capabilities = ["tpu"]
        return row
    }

    /// Both parts at the price of both.
    private func attachedRow(_ own: SkyPilotRow, _ host: SkyPilotRow, isEstimated: Bool) -> OfferSheet.Row {
        let name = own.acceleratorName
        let usual = ["T4", "P4", "V100"].contains(name) ? "skypilot-gcp" : "gcosts-split"
        var row = OfferSheet.Row(
            host, source: isEstimated ? "h100-factor" : name == "H200" ? "a3-ratio" : usual,
            spotSource: name == "H200" ? "a3-ratio" : usual)
        row.accelerator = accelerator(own)
        row.price = Self.sum(own.price, host.price)
        row.spot = Self.sum(own.spot, host.spot)
        row.capabilities = kinds.capabilities(of: host.type, at: "gcp", and: ["gpu-nvidia"])
        return row
    }

    private static func sum(_ a: Int64?, _ b: Int64?) -> Int64? {
        guard let a, let b else { return nil }
        return a + b
    }
}
