import SkyCore
import SkyHTTP

/// TPUs of one project, by Cloud TPU's API (v2): a group is one queued resource, which is given whole or not at all. Its machines
/// are the workers of its slices, and there may be more of them than slices were asked for.
struct TPUPods: Sendable {
    /// Of the same project.
    let compute: ComputeEngine

    var api: GoogleAPI { compute.api }
    var project: String { compute.project }
    var settings: CloudSection { compute.settings }

    func call(
        _ method: HTTPRequest.Method = .get, zone: String, _ path: String,
        _ query: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) -> GoogleAPI.Call {
        GoogleAPI.Call(
            method: method, service: .tpu, path: "/v2/projects/\(project)/locations/\(zone)\(path)", query: query,
            body: body)
    }

    // MARK: Making

    func create(_ order: MachineOrder, _ type: TPUType) async throws(ProviderError) {
        let request = order.request
        guard let zone = request.zone else {
            throw ProviderError(.badRequest, provider: api.provider, "a TPU has to be asked for in a zone")
        }
        let names = GoogleNames(token: request.token)
        try await GoogleFirewall(compute: compute).open(for: request)
        let query = [
            (name: "queuedResourceId", value: names.group), ("requestId", names.requestID("queued resource")),
        ]
        do throws(GoogleFailure) {
            try await api.send(
                call(
                    .post, zone: zone, "/queuedResources", query,
                    body: GoogleAPI.body(body(order, type, zone: zone, names))))
        } catch {
            // It is there already, or on its way.
            guard error.isConflict else { throw error.error }
        }
    }

    private func body(_ order: MachineOrder, _ type: TPUType, zone: String, _ names: GoogleNames) -> TPU.Request {
        let request = order.request
        let plan = InstancePlan(order: order, project: project, zone: zone, provider: api.provider)
        var network = TPU.Node.Network(enableExternalIps: !settings.isReachedPrivately)
        network.network = settings["network"]
        network.subnetwork = settings["subnetwork"]
        let node = TPU.Node(
            acceleratorType: type.acceleratorType, runtimeVersion: request.image ?? type.runtimeVersion,
            networkConfig: network, serviceAccount: settings["service_account"].map { TPU.Node.Account(email: $0) },
            labels: plan.labels, metadata: plan.metadataFields, tags: GoogleFirewall.tags(for: request))
        let isOne = request.numNodes == 1
        let spec = TPU.NodeSpec(
            parent: "projects/\(project)/locations/\(zone)", nodeId: isOne ? names.machine(0) : nil,
            multisliceParams: isOne ? nil : .init(nodeCount: request.numNodes, nodeIdPrefix: names.group), node: node)
        return TPU.Request(
            tpu: TPU.Request.Tpu(nodeSpec: [spec]), spot: request.isSpot ? TPU.Request.Spot() : nil,
            // Nobody waits longer than machines may take to come up: what comes later would be nobody's.
            queueingPolicy: TPU.Request.Policy(
                validUntilDuration: "\(settings.bootLimit.milliseconds / 1000)s"))
    }

    // MARK: Looking

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        guard let request = try await request(of: group) else { return [] }
        return try await machines(of: request)
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        var machines: [CloudMachine] = []
        for request in try await requests(zone: "-") {
            guard let first = machine(of: request), run == nil || first.run == run else { continue }
            machines += try await self.machines(of: request).filter { $0.state != .ended }
        }
        return machines
    }

    private func request(of group: MachineGroupName) async throws(ProviderError) -> TPU.Request? {
        let name = GoogleNames(token: group.token).group
        guard let zone = group.zone else {
            return try await requests(zone: "-").first { ComputeEngine.last($0.name ?? "") == name }
        }
        do throws(GoogleFailure) {
            return try await api.answer(TPU.Request.self, call(zone: zone, "/queuedResources/\(name)"))
        } catch {
            // Whoever may not use TPUs has none, and the API of most projects is not even turned on.
            guard error.isNotFound || error.isForbidden else { throw error.error }
            return nil
        }
    }

    /// - Parameter zone: `-` for all.
    private func requests(zone: String) async throws(ProviderError) -> [TPU.Request] {
        var all: [TPU.Request] = []
        var page: String?
        repeat {
            do throws(GoogleFailure) {
                let query = page.map { [(name: "pageToken", value: $0)] } ?? []
                let list = try await api.answer(
                    TPU.RequestList.self, call(zone: zone, "/queuedResources", query))
                if let missing = list.unreachable, !missing.isEmpty {
                    throw api.failure("listing TPUs", 503, [], "no answer of \(missing.joined(separator: ", "))")
                }
                all += list.queuedResources ?? []
                page = list.nextPageToken.flatMap { $0.isEmpty ? nil : $0 }
            } catch {
                guard error.isForbidden else { throw error.error }
                return []
            }
        } while page != nil
        return all
    }

    // MARK: Giving back

    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        guard let request = try await request(of: group), let name = request.name else { return true }
        guard request.state?.state != "DELETING" else { return false }
        do throws(GoogleFailure) {
            try await api.send(
                GoogleAPI.Call(method: .delete, service: .tpu, path: "/v2/\(name)", query: [("force", "true")]))
        } catch {
            if error.isNotFound { return true }
            // Somebody is at it, or it is just being given.
            guard error.isConflict || error.codes.contains("FAILED_PRECONDITION") else { throw error.error }
        }
        return false
    }

    // MARK: Host keys

    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        guard let zone = machine.zone, let place = TPUWorker(id: machine.id) else { return .notYet }
        let question = TPU.Question(queryPath: "hostkeys/", workerIds: [String(place.worker)])
        do throws(GoogleFailure) {
            let told = try await api.answer(
                TPU.GuestAttributes.self,
                call(.post, zone: zone, "/nodes/\(place.node):getGuestAttributes", body: GoogleAPI.body(question)))
            let keys = (told.guestAttributes ?? []).flatMap { GoogleHostKeys.lines($0) }
            return keys.isEmpty ? .notYet : .told(keys)
        } catch {
            guard error.isNotFound else { throw error.error }
            return .notYet
        }
    }
}

/// One worker of a slice, and how it is called here: `NODE-w2`.
struct TPUWorker: Hashable, Sendable {
    let node: String
    let worker: Int

    init(node: String, worker: Int) {
        self.node = node
        self.worker = worker
    }

    init?(id: String) {
        guard let mark = id.lastIndex(of: "w"), let worker = Int(id[id.index(after: mark)...]) else { return nil }
        self.init(node: String(id[..<mark].dropLast()), worker: worker)
    }

    var id: String { "\(node)-w\(worker)" }
}
