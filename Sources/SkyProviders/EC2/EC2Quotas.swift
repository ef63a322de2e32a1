import FoundationEssentials
import SkyAWS
import SkyCore
import SkyProcess

/// Which machine types count against which quota, from `quotas.csv` in the provider's folder.
public struct EC2QuotaTable: Hashable, Sendable {
    private struct Row: Hashable, Sendable {
        var family: String
        var onDemand: String
        var spot: String
    }

    private let rows: [Row]

    /// No quotas.
    public init() { rows = [] }

    /// A file that is not there, or lines that make no sense, are as good as none: quotas are a courtesy.
    ///
    /// - Parameter folder: of all providers' data.
    public init(_ provider: String, in folder: String) {
        let bytes = (try? Files.read("\(folder)/\(provider)/quotas.csv")) ?? nil
        let lines = String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n").dropFirst()
        rows = lines.filter { !$0.hasPrefix("#") }.compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return fields.count == 3 ? Row(family: fields[0], onDemand: fields[1], spot: fields[2]) : nil
        }
    }

    /// The quota's code; nil for a type that none is known for.
    ///
    /// The letters of a family end where its number begins: `inf2.xlarge` is no `i`.
    func code(of type: String, isSpot: Bool) -> String? {
        let letters = type.prefix { !$0.isNumber && $0 != "." && $0 != "-" }
        let numbered = letters + type.dropFirst(letters.count).prefix { $0.isNumber }
        let row = rows.first { $0.family == numbered } ?? rows.first { $0.family == letters }
        return row.map { isSpot ? $0.spot : $0.onDemand }.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Machines of a plan, and how many vCPUs they have together.
private struct QuotaNeed: Sendable {
    var request: NodeGroupRequest
    var cpus: Double
}

extension EC2Cloud {
    /// What of this the account may not have, as far as it may be asked: whoever lacks that right hears nothing.
    public func obstacles(to requests: [NodeGroupRequest]) async throws(ProviderError) -> [String] {
        let byRegion = Dictionary(grouping: requests, by: \.region)
        let all = await withTaskGroup(of: [String].self) { tasks in
            for (region, requests) in byRegion {
                tasks.addTask { await self.shortages(in: self.site(region), requests) }
            }
            return await tasks.reduce(into: []) { $0 += $1 }
        }
        return all.sorted()
    }

    private func shortages(in site: EC2Site, _ requests: [NodeGroupRequest]) async -> [String] {
        async let usage = usage(in: site.region)
        var needs: [String: [QuotaNeed]] = [:]
        for request in requests {
            guard let code = quotas.code(of: request.instanceType, isSpot: request.isSpot),
                let facts = try? await facts(of: request.instanceType, site)
            else { continue }
            needs[code, default: []].append(
                QuotaNeed(request: request, cpus: Double(facts.cpus * request.numNodes)))
        }
        var found: [String] = []
        let used = await usage
        for (code, needs) in needs {
            let wanted = needs.reduce(0) { $0 + $1.cpus }
            guard let limit = await Self.limit(code, site.region), wanted + (used[code] ?? 0) > limit else { continue }
            found.append(Self.sentence(code, needs, limit: limit, used: used[code] ?? 0, site.region.name))
        }
        return found
    }

    private static func sentence(
        _ code: String, _ needs: [QuotaNeed], limit: Double, used: Double, _ region: String
    ) -> String {
        let machines = needs.map { "\($0.request.numNodes) × \($0.request.instanceType)" }.joined(separator: ", ")
        let kind = needs.contains { $0.request.isSpot } ? "spot" : "on-demand"
        let wanted = needs.reduce(0) { $0 + $1.cpus }
        let taken = used > 0 ? ", \(trimmed(used)) of them in use" : ""
        return "\(machines) in \(region) need \(trimmed(wanted)) \(kind) vCPUs, and the account may have "
            + "\(trimmed(limit))\(taken): ask for more at "
            + "https://\(region).console.aws.amazon.com/servicequotas/home/services/ec2/quotas/\(code)"
    }

    /// Nil where it may not be asked, or does not answer soon.
    private static func limit(_ code: String, _ region: EC2Region) async -> Double? {
        struct Request: Encodable {
            let ServiceCode = "ec2"
            let QuotaCode: String
        }
        struct Answer: Decodable {
            struct Quota: Decodable { let Value: Double? }
            let Quota: Quota
        }
        guard let body = try? JSONEncoder().encode(Request(QuotaCode: code)),
            let bytes = try? await region.serviceQuotas("GetServiceQuota", Array(body), limit: .seconds(4))
        else { return nil }
        return (try? JSONDecoder().decode(Answer.self, from: Data(bytes)))?.Quota.Value
    }

    /// vCPUs of all that runs, ours or not, by the quota's code.
    private func usage(in region: EC2Region) async -> [String: Double] {
        let reservations = try? await region.pages("DescribeInstances", set: "reservationSet", pageSize: 1000) {
            $0.filter("instance-state-name", ["pending", "running"])
        }
        var used: [String: Double] = [:]
        for item in (reservations ?? []).flatMap({ $0.first("instancesSet")?.all("item") ?? [] }) {
            let options = item.first("cpuOptions")
            guard let type = item.text("instanceType"),
                let code = quotas.code(of: type, isSpot: item.text("instanceLifecycle") == "spot"),
                let cores = options?.text("coreCount").flatMap({ Double($0) }),
                let threads = options?.text("threadsPerCore").flatMap({ Double($0) })
            else { continue }
            used[code, default: 0] += cores * threads
        }
        return used
    }
}
