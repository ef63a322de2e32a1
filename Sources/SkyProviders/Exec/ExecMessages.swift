import SkyCore

/// What is said to the program of a provider, one line of JSON each. docs/exec-adapter.md describes all of it.
enum ExecMessages {
    /// Rises when a field changes its meaning or goes away; new fields do not raise it.
    static let version = 1

    struct Request<Body: Encodable>: Encodable {
        let id: Int
        let call: String
        let body: Body
    }

    /// Of every answer, what it answers to and whether it is one of refusal.
    struct Envelope: Decodable {
        struct Refusal: Decodable {
            let kind: String?
            let code: String?
            let message: String?
        }

        let id: Int
        let error: Refusal?
    }

    struct Answer<Result: Decodable>: Decodable {
        let result: Result
    }

    struct Nothing: Codable {}

    // MARK: hello

    struct Hello: Encodable {
        let version = ExecMessages.version
        let provider: String
        /// A folder that the program may keep its own notes in; there, and for this user alone.
        let folder: String
    }

    struct HelloResult: Decodable {
        let version: Int
    }

    // MARK: create

    struct Order: Encodable {
        struct Accelerator: Encodable {
            let name: String
            let count: Double
        }

        let token: String
        let run: String
        let region: String
        let zone: String?
        let instanceType: String
        let accelerator: Accelerator?
        let spot: Bool
        let nodes: Int
        let diskGib: Int?
        let diskTier: String?
        let image: String?
        let capabilities: [String]
        let servicePort: Int?
        let publicKey: String
        let cloudInit: String
        /// Of each machine, by rank.
        let tags: [[String: String]]

        init(_ order: MachineOrder) {
            let request = order.request
            token = request.token
            run = "\(request.run)"
            region = request.region
            zone = request.zone
            instanceType = request.instanceType
            accelerator = request.accelerator.map { Accelerator(name: $0.name, count: $0.count) }
            spot = request.isSpot
            nodes = request.numNodes
            diskGib = request.diskGiB
            diskTier = request.diskTier
            image = request.image ?? order.settings.image
            capabilities = request.capabilities ?? []
            servicePort = request.servicePort
            publicKey = order.publicKey
            cloudInit = order.cloudInit
            tags = (0..<request.numNodes).map { order.tags(rank: $0) }
        }
    }

    // MARK: machines, list, remove, host_keys

    struct Group: Encodable {
        let token: String
        let region: String?
        let zone: String?

        init(_ name: MachineGroupName) {
            token = name.token
            region = name.region
            zone = name.zone
        }
    }

    struct Run: Encodable {
        let run: String?
    }

    struct MachineName: Encodable {
        let id: String
        let token: String
        let region: String
        let zone: String?
    }

    struct MachinesResult: Decodable {
        let machines: [Machine]
    }

    struct RemoveResult: Decodable {
        let gone: Bool
    }

    struct HostKeysResult: Decodable {
        /// Nil: the cloud never tells. Empty: not yet.
        let keys: [String]?
    }

    struct Machine: Decodable {
        let id: String
        let token: String
        let run: String
        let rank: Int
        let nodes: Int
        let state: String
        let region: String
        let zone: String?
        let instanceType: String
        let spot: Bool?
        let publicAddress: String?
        let privateAddress: String?
        let sshPort: Int?
        let user: String?
        let ports: [String: Int]?
        /// Seconds since 1970, as those below.
        let createdAt: Double?
        let interruptionAt: Double?
        let reason: String?
        let failure: String?
    }
}

extension ExecMessages.Machine {
    /// Nil, with a reason, of one that cannot be what the program says: what it says ends up in OpenSSH's command line.
    func machine(_ complain: (String) -> Void) -> CloudMachine? {
        guard let run = RunID(run) else { return refuse("no run is called '\(run.prefix(80))'", complain) }
        guard let state = CloudMachine.State(rawValue: state) else {
            let known = CloudMachine.State.allCases.map(\.rawValue).joined(separator: ", ")
            return refuse("state '\(state.prefix(40))' is none of \(known)", complain)
        }
        guard !id.isEmpty, id.utf8.count <= 200, GroupFolder.isName(token) else {
            return refuse("it needs an id and a token", complain)
        }
        guard (1...10_000).contains(nodes), (0..<nodes).contains(rank) else {
            return refuse("rank \(rank) of \(nodes) nodes cannot be", complain)
        }
        for address in [publicAddress, privateAddress, user].compactMap({ $0 }) where !address.isAddress {
            return refuse("'\(address.prefix(80))' is no address and no user", complain)
        }
        var ports: [Int: Int] = [:]
        for (inside, outside) in self.ports ?? [:] {
            guard let inside = Int(inside), [inside, outside].allSatisfy({ (1...65_535).contains($0) }) else {
                return refuse("its ports are not from 1 to 65535", complain)
            }
            ports[inside] = outside
        }
        if let sshPort, !(1...65_535).contains(sshPort) { return refuse("\(sshPort) is no port", complain) }
        return CloudMachine(
            id: id, token: token, run: run, rank: rank, numNodes: nodes, state: state, region: region, zone: zone,
            instanceType: instanceType, isSpot: spot ?? false, publicAddress: publicAddress,
            privateAddress: privateAddress, sshPort: sshPort, user: user, ports: ports,
            createdAt: createdAt.flatMap(Instant.init(secondsSince1970:)),
            interruptionAt: interruptionAt.flatMap(Instant.init(secondsSince1970:)), reason: reason,
            failure: failure.flatMap { ProviderError.Kind(rawValue: $0) })
    }

    private func refuse(_ reason: String, _ complain: (String) -> Void) -> CloudMachine? {
        complain("machine '\(id.prefix(80))': \(reason)")
        return nil
    }
}

extension String {
    /// Nothing that OpenSSH could take for an option, or a shell for more.
    var isAddress: Bool {
        !isEmpty && utf8.count <= 255 && !hasPrefix("-")
            && unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "-_.:%".unicodeScalars.contains(scalar))
            }
    }
}

extension Instant {
    /// Nil of what no calendar has.
    init?(secondsSince1970 seconds: Double) {
        guard seconds.isFinite, abs(seconds) < 1e11 else { return nil }
        self.init(millisecondsSince1970: Int64(seconds * 1000))
    }
}
