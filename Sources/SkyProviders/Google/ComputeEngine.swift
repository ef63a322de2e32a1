import SkyAWS
import SkyCore
import SkyHTTP

/// Machines of one project, by Compute Engine's API (v1).
struct ComputeEngine: Sendable {
    let api: GoogleAPI
    let project: String
    let settings: CloudSection
    let now: @Sendable () -> Instant

    var provider: String { api.provider }
    static let pageSize = "500"

    func call(
        _ method: HTTPRequest.Method = .get, _ path: String, _ query: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) -> GoogleAPI.Call {
        GoogleAPI.Call(method: method, path: "/compute/v1/projects/\(project)\(path)", query: query, body: body)
    }

    // MARK: Looking

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        let names = GoogleNames(token: group.token)
        let found = try await instances("labels.\(MachineTag.token)=\(names.group)", zone: group.zone)
            .compactMap { machine($0) }.filter { $0.token == group.token }
        guard let zone = group.zone else { return found.sorted { $0.rank < $1.rank } }
        // Machines that Google takes are gone at once: only its own operations tell why.
        let wanted = found.first?.numNodes
        guard found.count != wanted || found.contains(where: { $0.state == .ending }) else {
            return found.sorted { $0.rank < $1.rank }
        }
        let taken = try await preemptions(of: names, in: zone)
        return PreemptedMachines(group: group, names: names, taken: taken, now: now()).merged(with: found)
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        let filter =
            run.map { "labels.\(MachineTag.run)=\(GoogleNames.label("\($0)"))" } ?? "labels.\(MachineTag.run):*"
        return try await instances(filter, zone: nil).compactMap { machine($0) }
            .filter { $0.state != .ended && (run == nil || $0.run == run) }
    }

    /// - Parameter zone: nil for all of them.
    func instances(_ filter: String, zone: String?) async throws(ProviderError) -> [Compute.Instance] {
        var all: [Compute.Instance] = []
        var page: String?
        repeat {
            var query = [(name: "filter", value: filter), ("maxResults", Self.pageSize)]
            if let page { query.append(("pageToken", page)) }
            do throws(GoogleFailure) {
                if let zone {
                    let list = try await api.answer(
                        Compute.InstanceList.self, call(.get, "/zones/\(zone)/instances", query))
                    all += list.items ?? []
                    page = list.nextPageToken
                } else {
                    query.append(("returnPartialSuccess", "true"))
                    let list = try await api.answer(
                        Compute.AggregatedList.self, call(.get, "/aggregated/instances", query))
                    if let missing = list.unreachables, !missing.isEmpty {
                        // What is not seen there would be taken for gone.
                        throw api.failure(
                            "listing machines", 503, [], "no answer of \(missing.joined(separator: ", "))")
                    }
                    all += (list.items ?? [:]).sorted { $0.key < $1.key }.flatMap { $0.value.instances ?? [] }
                    page = list.nextPageToken
                }
            } catch { throw error.error }
        } while page != nil
        return all
    }

    /// Nil of one that is not ours.
    func machine(_ instance: Compute.Instance) -> CloudMachine? {
        let items = instance.metadata?.items ?? []
        func item(_ key: String) -> String? { items.first { $0.key == key }?.value }
        guard let token = item(MachineTag.token), let run = item(MachineTag.run).flatMap({ RunID($0) }),
            let rank = GoogleNames(token: token).rank(of: instance.name)
        else { return nil }
        let zone = Self.last(instance.zone)
        let interface = instance.networkInterfaces?.first
        var machine = CloudMachine(
            id: instance.name, token: token, run: run, rank: rank,
            numNodes: instance.labels?[MachineTag.nodes].flatMap { Int($0) } ?? 1,
            state: Self.state(instance), region: Self.region(of: zone), zone: zone,
            instanceType: Self.last(instance.machineType), isSpot: instance.scheduling?.provisioningModel == "SPOT",
            publicAddress: interface?.accessConfigs?.first?.natIP, privateAddress: interface?.networkIP,
            createdAt: instance.creationTimestamp.flatMap { Instant(iso8601: $0) })
        if !machine.isAlive {
            machine.reason = "its status is \(instance.status)" + (instance.statusMessage.map { ": \($0)" } ?? "")
        }
        return machine
    }

    private static func state(_ instance: Compute.Instance) -> CloudMachine.State {
        switch instance.status {
        case "PROVISIONING", "STAGING", "PENDING", "REPAIRING": .pending
        case "RUNNING": .running
        // A spot machine that is not there any more was taken.
        case "TERMINATED" where instance.scheduling?.provisioningModel != "SPOT": .stopped
        // A stopped machine still has a disk that costs money.
        default: .ending
        }
    }

    static func last(_ link: String) -> String { link.split(separator: "/").last.map { String($0) } ?? link }

    static func region(of zone: String) -> String {
        String(zone.prefix(upTo: zone.lastIndex(of: "-") ?? zone.endIndex))
    }

    private func preemptions(
        of names: GoogleNames, in zone: String
    ) async throws(ProviderError) -> [Compute.Operation] {
        let query = [
            (name: "filter", value: "operationType=compute.instances.preempted"), ("maxResults", Self.pageSize),
            ("orderBy", "creationTimestamp desc"),
        ]
        do throws(GoogleFailure) {
            let list = try await api.answer(
                Compute.OperationList.self, call(.get, "/zones/\(zone)/operations", query))
            return (list.items ?? []).filter { names.rank(of: Self.last($0.targetLink ?? "")) != nil }
        } catch { throw error.error }
    }

    // MARK: Places

    /// Names of all regions that the project may use, sorted.
    func regions() async throws(ProviderError) -> [String] {
        var all: [String] = []
        var page: String?
        repeat {
            var query = [(name: "maxResults", value: Self.pageSize), ("fields", "items/name,nextPageToken")]
            if let page { query.append(("pageToken", page)) }
            do throws(GoogleFailure) {
                let list = try await api.answer(Compute.Regions.self, call(.get, "/regions", query))
                all += (list.items ?? []).map(\.name)
                page = list.nextPageToken
            } catch { throw error.error }
        } while page != nil
        return all.sorted()
    }

    func machineType(_ name: String, zone: String) async throws(GoogleFailure) -> Compute.MachineType {
        try await api.answer(Compute.MachineType.self, call(.get, "/zones/\(zone)/machineTypes/\(name)"))
    }

    /// The request's zone, or else the region's first that has the machine: the same whenever it is asked.
    func zone(for request: NodeGroupRequest) async throws(ProviderError) -> String {
        if let zone = request.zone { return zone }
        do throws(GoogleFailure) {
            let region = try await api.answer(Compute.Region.self, call(.get, "/regions/\(request.region)"))
            for zone in (region.zones ?? []).map(Self.last).sorted() {
                do throws(GoogleFailure) {
                    _ = try await machineType(request.instanceType, zone: zone)
                    return zone
                } catch { guard error.isNotFound else { throw error } }
            }
        } catch { throw error.error }
        throw ProviderError(
            .noCapacity, provider: provider, "no zone of \(request.region) has machines \(request.instanceType)")
    }
}
