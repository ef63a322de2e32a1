import SkyCore
import SkyProcess
import SkyRuntime

/// Machines that are stopped for a while, with their disks, and started again.
extension MachineAdapter {
    public func obstacleToStopping(_ token: String) -> String? {
        guard let record = (try? load(token)) ?? nil else { return "nothing is written down here of \(token)" }
        return cloud.obstacleToStopping(record.request)
    }

    public func stop(token: String) async throws(ProviderError) -> HeldSpan? {
        let lock = try await lock(token)
        defer { lock.release() }
        var record = try found(token)
        guard record.state != .pending || record.startedAt != nil else {
            throw ProviderError(.badRequest, provider: provider, "group \(token) does not run yet")
        }
        if record.state != .stopped {
            record.state = .stopped
            record.stoppedAt = nil
            try save(record)
        }
        guard record.stoppedAt == nil else { return record.ran(until: now) }
        await endNodes(of: record)
        var pause = PollPause()
        while try await !cloud.stop(record.name) {
            guard await pause.sleep() else { throw ProviderError(.transient, provider: provider, "given up") }
        }
        record.stoppedAt = now
        try save(record)
        return record.ran(until: now)
    }

    public func start(token: String) async throws(ProviderError) -> NodeGroup {
        let lock = try await lock(token)
        var record: MachineRecord
        do throws(ProviderError) {
            record = try found(token)
            if record.state == .stopped {
                let survey = MachineSurvey(try await cloud.machines(of: record.name), wanted: record.request.numNodes)
                guard survey.machines.count == survey.wanted, survey.machines.allSatisfy({ $0.state != .ended }) else {
                    throw ProviderError(.lost, provider: provider, "a machine of \(token) is gone")
                }
                try await cloud.start(record.name)
                (record.state, record.startedAt, record.stoppedAt) = (.pending, now, nil)
                record.members = []
                try save(record)
            }
        } catch {
            lock.release()
            throw error
        }
        lock.release()
        return try await provision(record.request)
    }

    private func found(_ token: String) throws(ProviderError) -> MachineRecord {
        guard GroupFolder.isName(token), !books.isGone(token), let record = try load(token), record.state != .lost
        else { throw ProviderError(.lost, provider: provider, "group \(token) is gone") }
        return record
    }

    /// In order, with what jobs get to end; and the connections to the machines, which will have other addresses. A node that
    /// cannot be reached ends with its machine.
    private func endNodes(of record: MachineRecord) async {
        await withTaskGroup(of: Void.self) { tasks in
            for member in record.members {
                tasks.addTask {
                    guard let session = try? self.session(member.machine) else { return }
                    try? await session.host.withdraw(token: record.request.token)
                }
            }
        }
    }

    private var now: Instant { SystemScriptClock().now() }
}
