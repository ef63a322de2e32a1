import SkyCore
import SkyProcess
import SkyRuntime

extension MachineAdapter {
    public func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup {
        try checkForAll(request)
        try cloud.check(request)
        defer { waiting.set(nil, of: request.token) }
        var pause = PollPause()
        while true {
            switch try await advance(request) {
            case .reachable(let record, let machines):
                if let group = try await settle(record, on: machines) { return group }
            case .waiting(let reason): waiting.set(reason, of: request.token)
            }
            guard await pause.sleep() else { throw ProviderError(.transient, provider: provider, "given up") }
        }
    }

    private func checkForAll(_ request: NodeGroupRequest) throws(ProviderError) {
        func refusal(_ message: String) -> ProviderError { ProviderError(.badRequest, provider: provider, message) }
        guard GroupFolder.isName(request.token) else { throw refusal("'\(request.token)' cannot be a group's token") }
        guard request.numNodes > 0 else { throw refusal("a group has at least one node") }
        guard request.numNodes <= 10_000 else {
            throw ProviderError(.quota, provider: provider, "nobody rents \(request.numNodes) machines at once")
        }
        if let port = request.servicePort, !(1...65_535).contains(port) { throw refusal("\(port) is no port") }
        if let regions = settings.regions, !regions.contains(request.region) {
            throw ProviderError(
                .quota, provider: provider,
                "region \(request.region) is not among those that clouds.yaml allows: \(regions.joined(separator: ", "))"
            )
        }
    }

    private enum Progress {
        case waiting(String)
        case reachable(MachineRecord, [CloudMachine])
    }

    /// One look, with one step where one is due. The lock is not held in between: whoever gives the group back need not wait.
    private func advance(_ request: NodeGroupRequest) async throws(ProviderError) -> Progress {
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token) else { throw lost(request.token, "was given back") }
        let known = try load(request.token)
        var record = known ?? MachineRecord(request)
        guard record.state != .lost, record.state != .stopped else {
            throw lost(request.token, record.state == .lost ? "is gone" : "is stopped")
        }
        guard record.request.asksForMachines(of: request) else {
            throw ProviderError(
                .badRequest, provider: provider, "token \(request.token) already stands for a group of other machines")
        }
        if known == nil { try save(record) }
        if !record.isOrdered { try await order(&record) }
        let survey = MachineSurvey(try await cloud.machines(of: record.name), wanted: request.numNodes)
        // Lists may still call a machine stopped that was started a moment ago.
        if record.startedAt != nil, survey.machines.contains(where: { $0.state == .stopped }) {
            try await giveUpIfLate(record, "the machines do not start")
            return .waiting("the machines start")
        }
        if let ended = survey.ended {
            guard record.state != .running else { throw lost(request.token, "is gone: \(ended.reason ?? "")") }
            try await withdraw(record, because: failure(of: ended))
        }
        if survey.isWhole, survey.machines.allSatisfy({ address(of: $0) != nil }) {
            return .reachable(record, survey.machines)
        }
        try await giveUpIfLate(record, "the machines do not come up")
        let running = survey.machines.count { $0.state == .running }
        return .waiting("\(running) of \(request.numNodes) machines run")
    }

    private func order(_ record: inout MachineRecord) async throws(ProviderError) {
        let publicKey: String
        do throws(SSHFailure) { publicKey = try await keys.publicKey() } catch {
            try discard(record)
            throw ProviderError(.badRequest, provider: provider, "no key to get into machines with: \(error)")
        }
        do throws(ProviderError) {
            try await cloud.create(MachineOrder(request: record.request, publicKey: publicKey, settings: settings))
        } catch {
            // What was heard of too late may have been made: whoever asks again goes on with it.
            guard error.kind != .transient else { throw error }
            try await withdraw(record, because: error)
        }
        record.isOrdered = true
        try save(record)
    }

    /// Half a group is none.
    private func withdraw(_ record: MachineRecord, because reason: ProviderError) async throws(ProviderError) -> Never {
        try await removeAll(record.name)
        try discard(record)
        throw reason
    }

    private func discard(_ record: MachineRecord) throws(ProviderError) {
        do { try store.remove(record.request.token) } catch { throw error.providerError(provider) }
    }

    private func failure(of machine: CloudMachine) -> ProviderError {
        ProviderError(
            machine.failure ?? .transient, provider: provider,
            "machine \(machine.title) ended before it was of use: \(machine.reason ?? "its cloud does not say why")")
    }

    private func lost(_ token: String, _ what: String) -> ProviderError {
        ProviderError(.lost, provider: provider, "group \(token) \(what)")
    }

    private func giveUpIfLate(_ record: MachineRecord, _ what: String) async throws(ProviderError) {
        guard record.state != .running,
            SystemScriptClock().now() - (record.startedAt ?? record.createdAt) > settings.bootLimit
        else {
            return
        }
        try await withdraw(
            record,
            because: ProviderError(
                .transient, provider: provider,
                "\(what), and \(settings.bootLimit) have passed ('boot_limit' in clouds.yaml)"))
    }

    // MARK: Agents

    /// Brings agents to machines that run. Nil while some do not let anybody in yet.
    private func settle(
        _ record: MachineRecord, on machines: [CloudMachine]
    ) async throws(ProviderError) -> NodeGroup? {
        let request = record.request
        let answers = await claim(machines, request, anew: record.startedAt != nil && record.state != .running)
        var members: [MachineRecord.Member] = []
        var failures: [(machine: CloudMachine, failure: SSHFailure)] = []
        for (machine, answer) in answers {
            switch answer {
            case .success(let node): members.append(.init(machine: machine, directory: node.directory))
            case .failure(let failure): failures.append((machine, failure))
            }
        }
        let lock = try await lock(request.token)
        defer { lock.release() }
        guard !books.isGone(request.token), var now = try load(request.token), now.state != .lost else {
            throw lost(request.token, "was given back")
        }
        if let worst = failures.first(where: { !$0.failure.passesWithBoot }) ?? failures.first {
            let reason = try session(worst.machine).providerError(worst.failure, provider)
            guard now.state != .running else { throw reason }
            guard worst.failure.passesWithBoot else { try await withdraw(now, because: reason) }
            try await giveUpIfLate(now, reason.message)
            waiting.set("machines run and do not let anybody in yet: \(reason.message)", of: request.token)
            return nil
        }
        now.members = members
        now.state = .running
        try save(now)
        return now.group(of: provider)
    }

    private struct Answer: Sendable {
        var machine: CloudMachine
        var answer: Result<HostNode, SSHFailure>
    }

    private func claim(
        _ machines: [CloudMachine], _ request: NodeGroupRequest, anew: Bool
    ) async -> [(machine: CloudMachine, answer: Result<HostNode, SSHFailure>)] {
        let answers = await withTaskGroup(of: Answer.self) { tasks in
            for machine in machines {
                tasks.addTask { Answer(machine: machine, answer: await claim(machine, request, anew: anew)) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        return answers.sorted { $0.machine.rank < $1.machine.rank }.map { ($0.machine, $0.answer) }
    }

    /// - Parameter anew: the machine was stopped since it was claimed, and what ran there has gone with it.
    private func claim(
        _ machine: CloudMachine, _ request: NodeGroupRequest, anew: Bool
    ) async -> Result<HostNode, SSHFailure> {
        do throws(SSHFailure) {
            try await pin(machine)
            let session: MachineSession
            do throws(ProviderError) { session = try self.session(machine) } catch { throw .setup(error.message) }
            if anew { try await session.host.withdraw(token: request.token) }
            return .success(
                try await session.host.claim(
                    HostClaim(
                        token: request.token, rank: machine.rank, note: NodeGroupNote(request: request).text,
                        lease: request.lease?.milliseconds, endCommand: powerOff)))
        } catch { return .failure(error) }
    }

    /// A person's own command; where they have left it at the usual one, the cloud knows better.
    private var powerOff: String? {
        settings.powerOff == CloudSection.usualPowerOff ? cloud.usualPowerOff : settings.powerOff
    }

    /// Before the first connection: from then on nobody else can be the machine.
    private func pin(_ machine: CloudMachine) async throws(SSHFailure) {
        guard keys.trusted(machine).takesFirstSeen, !settings.trustsFirstKey else { return }
        let told: HostKeys
        do throws(ProviderError) { told = try await cloud.hostKeys(of: machine) } catch {
            let reason = "its cloud does not tell its host keys: \(error.message)"
            // A right that is missing is not waited for.
            throw error.kind == .transient ? .broken(reason) : .setup(reason)
        }
        guard told != .notYet else {
            throw .broken(
                "its console has not told its host keys yet; for images that never do: 'host_keys: first-seen'")
        }
        do throws(SystemError) { try keys.trust(told, of: machine) } catch { throw .setup("\(error)") }
    }
}

extension SSHFailure {
    /// True of what is usual with a machine that is just booting: it listens before it knows whom to let in.
    fileprivate var passesWithBoot: Bool {
        switch self {
        case .unreachable, .broken, .refused: true
        default: mayPass
        }
    }
}
