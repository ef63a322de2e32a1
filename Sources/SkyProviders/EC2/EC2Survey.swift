import SkyAWS
import SkyCore

/// Asks one region for machines with our tags.
struct EC2Survey {
    let region: EC2Region
    let pageSize: Int

    private static let statesOfTheLiving = ["pending", "running", "shutting-down", "stopping", "stopped"]

    /// Those that have ended too, for as long as EC2 tells of them: about an hour.
    func machines(withTag tag: String, of values: [String]) async throws(AWSError) -> [CloudMachine] {
        let instances = try await list { $0.filter("tag:\(tag)", values) }
        let spots = await spotStates(of: instances)
        return instances.compactMap { instance in
            instance.machine(
                in: region.name, spot: instance.spotRequest.flatMap { spots[$0] }, region.errors)
        }
    }

    /// All of ours that have not ended, of one run or of all.
    func living(ofRun run: RunID?) async throws(AWSError) -> [CloudMachine] {
        let instances = try await list { query in
            if let run { query.filter("tag:\(MachineTag.run)", ["\(run)"]) }
            query.filter("tag-key", [MachineTag.token])
            query.filter("instance-state-name", Self.statesOfTheLiving)
        }
        return instances.compactMap { $0.machine(in: region.name, spot: nil, region.errors) }
    }

    private func list(_ fill: (inout EC2Query) -> Void) async throws(AWSError) -> [EC2Instance] {
        let reservations = try await region.pages(
            "DescribeInstances", set: "reservationSet", pageSize: pageSize, fill)
        return reservations.flatMap { $0.first("instancesSet")?.all("item") ?? [] }.compactMap { EC2Instance($0) }
    }

    /// What spot requests say beyond their instances: notices, and why a machine was taken. Without the right to ask, nothing.
    private func spotStates(of instances: [EC2Instance]) async -> [String: EC2SpotStatus] {
        let requests = instances.compactMap(\.spotRequest)
        guard !requests.isEmpty else { return [:] }
        var states: [String: EC2SpotStatus] = [:]
        for start in stride(from: 0, to: requests.count, by: 200) {
            let some = Array(requests[start..<min(start + 200, requests.count)])
            // By a filter: of a request that lists do not have yet nothing comes, instead of a refusal.
            let items = try? await region.pages("DescribeSpotInstanceRequests", set: "spotInstanceRequestSet") {
                $0.filter("spot-instance-request-id", some)
            }
            for item in items ?? [] {
                if let id = item.text("spotInstanceRequestId") { states[id] = EC2SpotStatus(item) }
            }
        }
        return states
    }
}
