import SkyCore
import SkyHTTP

extension TPUPods {
    /// The workers, when there are some; until then one machine stands for all that are waited for.
    func machines(of request: TPU.Request) async throws(ProviderError) -> [CloudMachine] {
        guard let first = machine(of: request), let zone = first.zone, let spec = request.tpu.nodeSpec.first else {
            return []
        }
        guard request.state?.state == "ACTIVE" else { return [first] }
        var nodes: [(name: String, node: TPU.Node?)] = []
        for name in Self.nodeNames(of: spec) {
            do throws(GoogleFailure) {
                nodes.append((name, try await api.answer(TPU.Node.self, call(zone: zone, "/nodes/\(name)"))))
            } catch {
                guard error.isNotFound else { throw error.error }
                nodes.append((name, nil))
            }
        }
        let workers = nodes.reduce(0) { $0 + max($1.node?.networkEndpoints?.count ?? 0, 1) }
        var machines: [CloudMachine] = []
        for (name, node) in nodes {
            let endpoints = node?.networkEndpoints ?? []
            for worker in 0..<max(endpoints.count, 1) {
                var machine = first
                machine.id = TPUWorker(node: name, worker: worker).id
                machine.rank = machines.count
                machine.numNodes = workers
                (machine.state, machine.reason) = Self.state(of: node)
                if machine.state == .ended { machine.failure = .noCapacity }
                if endpoints.indices.contains(worker) {
                    machine.privateAddress = endpoints[worker].ipAddress
                    machine.publicAddress = endpoints[worker].accessConfig?.externalIp
                }
                machines.append(machine)
            }
        }
        return machines
    }

    /// The request as a machine; nil of one that is not ours.
    func machine(of request: TPU.Request) -> CloudMachine? {
        guard let name = request.name, let spec = request.tpu.nodeSpec.first,
            let token = spec.node.metadata?[MachineTag.token],
            let run = spec.node.metadata?[MachineTag.run].flatMap({ RunID($0) })
        else { return nil }
        // projects/P/locations/ZONE/queuedResources/NAME
        let parts = name.split(separator: "/").map { String($0) }
        guard parts.count == 6 else { return nil }
        let zone = parts[3]
        var machine = CloudMachine(
            id: TPUWorker(node: Self.nodeNames(of: spec).first ?? "", worker: 0).id, token: token, run: run, rank: 0,
            numNodes: spec.multisliceParams?.nodeCount ?? 1, state: .pending, region: ComputeEngine.region(of: zone),
            zone: zone, instanceType: spec.node.acceleratorType ?? "", isSpot: request.spot != nil,
            createdAt: request.createTime.flatMap { Instant(iso8601: $0) })
        let state = request.state?.state ?? ""
        switch state {
        case "FAILED":
            let error = request.state?.failedData?.error
            let message = error?.message ?? "Google could not give it in time"
            let code = error?.code.map { GoogleRefusal.name(ofCode: $0) } ?? "RESOURCE_EXHAUSTED"
            machine.state = .ended
            machine.reason = message
            machine.failure =
                api.failure("TPU", nil, GoogleRefusal.exact([code], message, of: .tpu), message).error.kind
        case "SUSPENDING", "SUSPENDED":
            machine.state = .ended
            machine.reason = machine.isSpot ? "Google needed the capacity of this spot TPU" : "it was suspended"
            machine.failure = .noCapacity
        case "DELETING":
            machine.state = .ending
            machine.reason = "it is being given back"
        default: machine.reason = "its request is \(state)"
        }
        return machine
    }

    private static func nodeNames(of spec: TPU.NodeSpec) -> [String] {
        if let slices = spec.multisliceParams {
            return (0..<slices.nodeCount).map { "\(slices.nodeIdPrefix)-\($0)" }
        }
        return spec.nodeId.map { [$0] } ?? []
    }

    private static func state(of node: TPU.Node?) -> (CloudMachine.State, String?) {
        guard let node else { return (.ended, "its node is gone") }
        switch node.state {
        case "READY": return (.running, nil)
        case "CREATING", "STARTING", "RESTARTING", "REPAIRING", "REIMAGING": return (.pending, nil)
        case "PREEMPTED": return (.ended, "Google needed the capacity of this spot TPU")
        default:
            return (.ended, "its node is \(node.state ?? "unknown")" + (node.healthDescription.map { ": \($0)" } ?? ""))
        }
    }
}
