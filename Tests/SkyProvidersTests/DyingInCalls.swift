import Synchronization

/// Lets what is tested die in each of its calls to an emulated cloud, in turn.
struct DyingInCalls {
    /// Where in a call: the cloud has not done what it asks, or it has and the answer is lost.
    enum Moment: String, CaseIterable {
        case before, after
    }

    /// The emulator does not answer the n-th call from now on; none with 0.
    let hang: (_ number: Int, _ moment: Moment) async throws -> Void
    /// True while a call is held that will not be answered.
    let isHanging: () async throws -> Bool

    /// Lets `body` die in its n-th call, for all of its calls, and has `then` look each time at what is left.
    ///
    /// - Parameter prepare: what is done each time before calls are counted.
    /// - Returns: how often it died.
    func everywhere(
        _ moment: Moment, prepare: (_ name: String) async throws -> Void,
        _ body: @escaping @Sendable (_ name: String) async throws -> Void,
        then: (_ name: String) async throws -> Void
    ) async throws -> Int {
        for number in 1...80 {
            let name = "\(moment)-\(number)"
            try await prepare(name)
            try await hang(number, moment)
            let end = Ending()
            let victim = Task {
                defer { end.come() }
                try await body(name)
            }
            var isHeld = false
            while !isHeld, !end.hasCome {
                try await Task.sleep(for: .milliseconds(5))
                isHeld = try await isHanging()
            }
            victim.cancel()
            let result = await victim.result
            try await hang(0, moment)
            if !isHeld, case .failure(let error) = result { throw error }
            try await then(name)
            if !isHeld { return number - 1 }
        }
        return 80
    }

    private final class Ending: Sendable {
        private let value = Mutex(false)
        var hasCome: Bool { value.withLock { $0 } }
        func come() { value.withLock { $0 = true } }
    }
}
