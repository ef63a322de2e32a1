import Synchronization

/// Lets what is tested die in each of its calls to an emulated cloud, in turn.
struct DyingInCalls {
    /// The emulator does not answer the n-th call from now on, and has done what it asks or has not; none with 0.
    let hang: (_ number: Int, _ when: String) async throws -> Void
    /// True while a call is held that will not be answered.
    let isHanging: () async throws -> Bool

    /// Lets `body` die in its n-th call, before or after that is done, for all of its calls, and has `then` look each time at
    /// what is left.
    ///
    /// - Parameter prepare: what is done each time before calls are counted.
    /// - Returns: how often it died.
    func everywhere(
        prepare: (_ name: String) async throws -> Void,
        _ body: @escaping @Sendable (_ name: String) async throws -> Void,
        then: (_ name: String) async throws -> Void
    ) async throws -> Int {
        var kills = 0
        for when in ["before", "after"] {
            for number in 1...80 {
                let name = "\(when)-\(number)"
                try await prepare(name)
                try await hang(number, when)
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
                try await hang(0, "before")
                if isHeld {
                    kills += 1
                } else if case .failure(let error) = result {
                    throw error
                }
                try await then(name)
                if !isHeld { break }
            }
        }
        return kills
    }

    private final class Ending: Sendable {
        private let value = Mutex(false)
        var hasCome: Bool { value.withLock { $0 } }
        func come() { value.withLock { $0 = true } }
    }
}
