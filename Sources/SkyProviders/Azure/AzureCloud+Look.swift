import SkyAzure
import SkyCore

extension AzureCloud {
    func machines(of name: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        try await asking { () async throws(ResourceManagerError) in
            let paths = try await session.paths()
            guard let group = try await resourceGroup(of: name, paths) else { return [] }
            let prefix = AzureNames(token: name.token).prefix
            let found = try await manager.list(
                AzureAnswer.Machine.self, paths.compute("virtualMachines", in: group), version: AzurePaths.compute)
            return try await told(found.filter { $0.name.hasPrefix(prefix) }, in: group, paths)
        }
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        try await asking { () async throws(ResourceManagerError) in
            let paths = try await session.paths()
            let groups = try await resourceGroups(ofRun: run, paths).filter { !$0.isGoing }
            guard !groups.isEmpty else { return [] }
            let found = try await manager.list(
                AzureAnswer.Machine.self, paths.compute("virtualMachines", in: nil), version: AzurePaths.compute)
            let byGroup = Dictionary(grouping: found) { AzurePaths.group(ofID: $0.id)?.lowercased() ?? "" }
            var all: [CloudMachine] = []
            for group in groups {
                let ours = (byGroup[group.name.lowercased()] ?? []).filter { $0.tags?[MachineTag.token] != nil }
                all += try await told(ours, in: group.name, paths).map(\.stillThere)
                if ours.isEmpty { all += try await begun(in: group, paths) }
            }
            return all
        }
    }

    /// Those that carry our tag, of one run or of all.
    private func resourceGroups(
        ofRun run: RunID?, _ paths: AzurePaths
    ) async throws(ResourceManagerError) -> [AzureAnswer.Group] {
        let value = run.map { " and tagValue eq '\($0)'" } ?? ""
        return try await manager.list(
            AzureAnswer.Group.self, paths.resourceGroups, version: AzurePaths.groups,
            query: [("$filter", "tagName eq '\(MachineTag.run)'\(value)")])
    }

    /// What was begun in a resource group before there was a machine: addresses that cost money, or nothing but the group. It is
    /// shown as a machine that is still to come, so that whoever lists it can give it back.
    private func begun(
        in group: AzureAnswer.Group, _ paths: AzurePaths
    ) async throws(ResourceManagerError) -> [CloudMachine] {
        let things = try await manager.list(
            AzureAnswer.Thing.self, paths.network("publicIPAddresses", in: group.name), version: AzurePaths.network)
        let tagged = things.map(\.tags).filter { $0?[MachineTag.token] != nil }
        return (tagged.isEmpty ? [group.tags] : tagged).compactMap { tags in
            guard let token = tags?[MachineTag.token], let run = tags?[MachineTag.run].flatMap({ RunID($0) }) else {
                return nil
            }
            return CloudMachine(
                id: group.name, token: token, run: run, rank: tags?[MachineTag.rank].flatMap { Int($0) } ?? 0,
                numNodes: tags?[MachineTag.nodes].flatMap { Int($0) } ?? 1, state: .pending, region: group.location,
                instanceType: "")
        }
    }

    /// The group that a token's things are in. Where the run is not known, by looking through the subscription.
    func resourceGroup(
        of name: MachineGroupName, _ paths: AzurePaths
    ) async throws(ResourceManagerError) -> String? {
        if let run = name.run, let region = name.region { return AzureNames.resourceGroup(run: run, region: region) }
        let prefix = AzureNames(token: name.token).prefix
        for path in [
            paths.compute("virtualMachines", in: nil), paths.network("networkInterfaces", in: nil),
            paths.network("publicIPAddresses", in: nil), paths.network("networkSecurityGroups", in: nil),
        ] {
            let version = path.contains("Microsoft.Compute") ? AzurePaths.compute : AzurePaths.network
            let things = try await manager.list(AzureAnswer.Thing.self, path, version: version)
            if let thing = things.first(where: { $0.name.hasPrefix(prefix) }) {
                return AzurePaths.group(ofID: thing.id)
            }
        }
        return try await resourceGroups(ofRun: nil, paths).first { $0.tags?[MachineTag.token] == name.token }?.name
    }

    // MARK: One machine

    /// With what only other parts of Azure know of them: addresses, and what the host says.
    private func told(
        _ found: [AzureAnswer.Machine], in group: String, _ paths: AzurePaths
    ) async throws(ResourceManagerError) -> [CloudMachine] {
        guard !found.isEmpty else { return [] }
        let interfaces = try await manager.list(
            AzureAnswer.Interface.self, paths.network("networkInterfaces", in: group), version: AzurePaths.network)
        let addresses = try await manager.list(
            AzureAnswer.Address.self, paths.network("publicIPAddresses", in: group), version: AzurePaths.network)
        let views = await views(of: found, in: group, paths)
        let network = AzureNetwork(interfaces: interfaces, addresses: addresses)
        return found.compactMap { self.machine($0, views[$0.name], network) }.sorted { $0.rank < $1.rank }
    }

    /// By name; none of what is still being made, and of what has gone meanwhile.
    private func views(
        of found: [AzureAnswer.Machine], in group: String, _ paths: AzurePaths
    ) async -> [String: AzureAnswer.View] {
        await withTaskGroup(of: (String, AzureAnswer.View?).self) { tasks in
            for machine in found where machine.properties.provisioningState != "Creating" {
                let path = paths.compute("virtualMachines", in: group, machine.name) + "/instanceView"
                tasks.addTask {
                    let view = try? await manager.find(AzureAnswer.View.self, path, version: AzurePaths.compute)
                    return (machine.name, view)
                }
            }
            return await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    private func machine(
        _ found: AzureAnswer.Machine, _ view: AzureAnswer.View?, _ network: AzureNetwork
    ) -> CloudMachine? {
        guard let tags = found.tags, let token = tags[MachineTag.token],
            let run = tags[MachineTag.run].flatMap({ RunID($0) }), let rank = tags[MachineTag.rank].flatMap({ Int($0) })
        else { return nil }
        let place = network.place(of: AzureNames(token: token).interface(rank))
        var machine = CloudMachine(
            id: found.name, token: token, run: run, rank: rank,
            numNodes: tags[MachineTag.nodes].flatMap { Int($0) } ?? 1,
            state: .pending, region: found.location, zone: found.zones?.first,
            instanceType: found.properties.hardwareProfile?.vmSize ?? "",
            isSpot: found.properties.priority == "Spot", publicAddress: place.outer, privateAddress: place.inner)
        machine.createdAt = found.properties.timeCreated.flatMap { AzureMoment.instant($0) }
        judge(&machine, found, view)
        return machine
    }

    private func judge(_ machine: inout CloudMachine, _ found: AzureAnswer.Machine, _ view: AzureAnswer.View?) {
        switch (found.properties.provisioningState, view?.power) {
        case ("Deleting", _): machine.state = .ending
        case ("Failed", let power) where power != "running":
            machine.state = .ended
            let code = view?.failureCode ?? "ProvisioningState/failed"
            machine.failure = kind(ofCode: code) ?? .transient
            machine.reason = [code, view?.failureMessage ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        case (_, "deallocated") where !machine.isSpot:
            machine.state = .stopped
            machine.reason = "it was deallocated"
        case (_, "deallocated"), (_, "deallocating"):
            machine.state = .ending
            machine.reason = machine.isSpot ? "Azure has taken the spot machine back" : "it was deallocated"
        case (_, "stopped"), (_, "stopping"):
            machine.state = .ending
            machine.reason = "it was shut down"
        case (_, "running"): machine.state = .running
        default: break
        }
        machine.assurance = found.assurance
        guard machine.state == .running, let lack = found.lackOfConfidentiality else { return }
        machine.state = .ended
        machine.failure = .badRequest
        machine.reason = lack
    }
}

extension AzureAnswer.Machine {
    /// What Azure says of its security, of one that is confidential. The processor's own report is only to be had from inside.
    fileprivate var assurance: String? {
        guard let security = properties.securityProfile, security.securityType == "ConfidentialVM" else { return nil }
        let parts = [
            "ConfidentialVM", security.uefiSettings?.vTpmEnabled == true ? "virtual TPM" : "no TPM",
            security.uefiSettings?.secureBootEnabled == true ? "secure boot" : "no secure boot",
        ]
        return "Azure says: \(parts.joined(separator: ", "))"
    }

    /// What Azure says of a machine that was to be confidential and is not; nil of all others.
    fileprivate var lackOfConfidentiality: String? {
        let wanted = (tags?[AzureTag.confidential]).map { $0 == "true" } ?? false
        let security = properties.securityProfile
        guard wanted else { return nil }
        guard security?.securityType == "ConfidentialVM", security?.uefiSettings?.vTpmEnabled == true else {
            return "it was to be confidential, and Azure says that it is "
                + (security?.securityType ?? "an ordinary machine")
        }
        return nil
    }
}

extension CloudMachine {
    /// As long as Azure lists it, somebody has to delete it.
    fileprivate var stillThere: CloudMachine {
        guard state == .ended || state == .ending else { return self }
        var machine = self
        machine.state = .pending
        return machine
    }
}

/// The addresses of a resource group's machines.
private struct AzureNetwork {
    private let inner: [String: String]
    private let outer: [String: String]

    init(interfaces: [AzureAnswer.Interface], addresses: [AzureAnswer.Address]) {
        let byID = Dictionary(
            addresses.map { ($0.id.lowercased(), $0.properties.ipAddress) }, uniquingKeysWith: { $1 })
        var (inner, outer): ([String: String], [String: String]) = ([:], [:])
        for interface in interfaces {
            let configuration = interface.properties.ipConfigurations?.first?.properties
            inner[interface.name] = configuration?.privateIPAddress
            outer[interface.name] = (configuration?.publicIPAddress?.id.lowercased()).flatMap { byID[$0] ?? nil }
        }
        self.inner = inner
        self.outer = outer
    }

    func place(of interface: String) -> (inner: String?, outer: String?) { (inner[interface], outer[interface]) }
}
