import SkyCore

/// A cloud whose API a program of its own speaks: docs/exec-adapter.md.
struct ExecCloud: MachineCloud {
    let provider: String
    private let program: ExecProgram

    init(_ program: ExecProgram) {
        self.program = program
        provider = program.provider
    }

    /// What a program rents may be processes of this machine: nothing is switched off unless somebody says how.
    var usualPowerOff: String? { nil }

    func create(_ order: MachineOrder) async throws(ProviderError) {
        _ = try await program.ask("create", ExecMessages.Order(order), ExecMessages.Nothing.self)
    }

    func machines(of group: MachineGroupName) async throws(ProviderError) -> [CloudMachine] {
        let answer = try await program.ask("machines", ExecMessages.Group(group), ExecMessages.MachinesResult.self)
        return try machines(answer) { $0.token == group.token }.sorted { $0.rank < $1.rank }
    }

    func machines(ofRun run: RunID?) async throws(ProviderError) -> [CloudMachine] {
        let answer = try await program.ask(
            "list", ExecMessages.Run(run: run.map { "\($0)" }), ExecMessages.MachinesResult.self)
        return try machines(answer) { (run == nil || $0.run == run) && $0.state != .ended }
    }

    func remove(_ group: MachineGroupName) async throws(ProviderError) -> Bool {
        try await program.ask("remove", ExecMessages.Group(group), ExecMessages.RemoveResult.self).gone
    }

    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        let name = ExecMessages.MachineName(
            id: machine.id, token: machine.token, region: machine.region, zone: machine.zone)
        let answer = try await program.ask("host_keys", name, ExecMessages.HostKeysResult.self)
        guard let keys = answer.keys else { return .neverTold }
        // They become lines of a file: one that holds a line break would bring another with it.
        let sound = keys.filter { key in !key.isEmpty && !key.unicodeScalars.contains { $0.value < 0x20 } }
        return sound.isEmpty ? .notYet : .told(sound)
    }

    /// A machine that is left out could be paid for forever: one that makes no sense is an error of all.
    private func machines(
        _ answer: ExecMessages.MachinesResult, where isWanted: (CloudMachine) -> Bool
    ) throws(ProviderError) -> [CloudMachine] {
        var complaint: String?
        let machines = answer.machines.compactMap { $0.machine { complaint = complaint ?? $0 } }
        if let complaint {
            throw ProviderError(.transient, provider: provider, "its program tells of what cannot be: \(complaint)")
        }
        return machines.filter(isWanted)
    }
}
