import SkyCore
import SkyRuntime

/// Checks of adapters that can stop machines; the others say why not, and are left in peace.
extension ConformanceKit {
    static let stopAndStart = ConformanceCheck(
        id: "stop-start", title: "what is stopped is listed so, and starts again on the same machines", nodes: 1,
        minutes: 10
    ) { trial in
        let group = try await trial.stoppable()
        try await trial.expect([.lost], of: "starting what never was") {
            _ = try await trial.adapter.start(token: trial.token + "-never")
        }
        try await trial.stop(group.token)
        try await trial.expect([.lost], of: "a request for what is stopped") {
            _ = try await trial.adapter.provision(trial.request())
        }
        // A start whose answer nobody heard is the same start again.
        let unheard = Task { try? await trial.adapter.start(token: group.token) }
        try? await Task.sleep(for: .milliseconds(20))
        unheard.cancel()
        let again = try await trial.start(group.token)
        _ = await unheard.value
        try trial.expect(again.state == .running, "a started group is \(again.state.rawValue)")
        try trial.expect(again.nodes.map(\.id) == group.nodes.map(\.id), "it was started with other machines")
        try trial.expect(
            try await trial.adapter.start(token: group.token).nodes == again.nodes, "a second start is another one")
        try trial.expect(try await trial.listed().map(\.state) == [.running], "it is not listed as running")
        await (try await trial.connect(again)).agent.close()
        try await trial.stop(group.token)
    }

    static let stoppedIsTerminated = ConformanceCheck(
        id: "stop-terminate", title: "what is stopped is given back whole, and does not start then", nodes: 1,
        minutes: 5
    ) { trial in
        let group = try await trial.stoppable()
        try await trial.stop(group.token)
        try await trial.adapter.terminate(token: group.token)
        try trial.expect(try await trial.listed().isEmpty, "it is still listed")
        try await trial.expect([.lost], of: "starting what was given back") {
            _ = try await trial.adapter.start(token: group.token)
        }
        try trial.expect(try await trial.listed().isEmpty, "it was started again")
    }
}

extension ConformanceTrial {
    /// A group that can be stopped.
    ///
    /// - Throws: `ConformanceObstacle` where the adapter says that it cannot.
    func stoppable() async throws -> NodeGroup {
        let group = try await adapter.provision(request())
        guard let obstacle = adapter.obstacleToStopping(group.token) else { return group }
        throw ConformanceObstacle(description: obstacle)
    }

    /// Stops a group, twice, and looks whether it is told as stopped.
    func stop(_ token: String) async throws {
        let span = try await adapter.stop(token: token)
        try expect(try await adapter.stop(token: token) == span, "a second stop tells of another time")
        let state = try await adapter.describe(token: token)?.state
        try expect(state == .stopped, "it is described as \(state?.rawValue ?? "nothing"), not as stopped")
        try expect(try await listed().map(\.state) == [.stopped], "it is not listed as stopped")
    }

    /// Starts a group, again and again while its cloud says that this is only not possible yet.
    func start(_ token: String) async throws -> NodeGroup {
        try await Patience()({ () throws(ProviderError) in try await adapter.start(token: token) })
    }
}
