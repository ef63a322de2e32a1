import SkyCore
import SkyProviders
import SkyRuntime

/// Trivial stages as the broker would run them, without the broker: a group of one node is provisioned, its agent
/// reached, a job submitted, its end waited for, and the group given back.
struct Stages {
    let adapter: any ProviderAdapter
    let run: RunID

    struct Times {
        var provision = Duration.zero
        var connect = Duration.zero
        var job = Duration.zero
        var terminate = Duration.zero

        static func + (a: Times, b: Times) -> Times {
            Times(
                provision: a.provision + b.provision, connect: a.connect + b.connect, job: a.job + b.job,
                terminate: a.terminate + b.terminate)
        }
    }

    /// Runs `count` stages with numbers from `first` on, `atOnce` at a time. What each cost, and what each step took.
    func rate(count: Int, atOnce: Int, from first: Int) async throws -> (cost: Cost, times: Times) {
        let (processor, start) = (ProcessorTime.now(), ContinuousClock.now)
        let times = try await withThrowingTaskGroup(of: Times.self) { tasks in
            var next = 0
            var total = Times()
            while next < min(atOnce, count) {
                let number = next
                tasks.addTask { try await stage(first + number) }
                next += 1
            }
            while let times = try await tasks.next() {
                total = total + times
                guard next < count else { continue }
                let number = next
                tasks.addTask { try await stage(first + number) }
                next += 1
            }
            return total
        }
        return (Cost(count, since: start, processor), times)
    }

    private func stage(_ number: Int) async throws -> Times {
        let clock = ContinuousClock()
        let attempt = AttemptID(run: run, stage: "s\(number)", number: 1)
        var times = Times()
        var mark = clock.now
        func lap() -> Duration {
            defer { mark = clock.now }
            return clock.now - mark
        }
        let group = try await adapter.provision(
            NodeGroupRequest(
                token: attempt.token, run: run, region: "this-machine", instanceType: "local", lease: .seconds(7200)))
        times.provision = lap()
        let agent = try await adapter.channel(to: group.nodes[0], of: group).connect()
        times.connect = lap()
        let variables = JobEnvironment(attempt: attempt, nodeAddresses: ["127.0.0.1"]).variables
        _ = try await agent.submit(JobSpec(id: attempt.token, run: "true", environment: variables))
        let code = try await agent.waitForExit(ofJob: attempt.token)
        await agent.close()
        times.job = lap()
        guard code == 0 else { throw StageFailed(code: code) }
        try await adapter.terminate(token: attempt.token)
        times.terminate = lap()
        return times
    }

    struct StageFailed: Error {
        var code: Int
    }
}
