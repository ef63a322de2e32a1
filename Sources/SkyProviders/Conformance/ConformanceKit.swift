import SkyCore

/// Proves an adapter on a real account, an emulator or a stand-in. Everything that it rents carries one tag, so that a
/// kit that was killed is cleaned up after by the next.
public struct ConformanceKit: Sendable {
    /// The tag of everything that any kit rents.
    public static let runName = "sky-conformance"

    private let adapter: any ProviderAdapter
    private let template: NodeGroupRequest
    private let nonce: String
    private let patiently: Patience

    /// - Parameters:
    ///   - region, zone, instanceType: of a machine that the provider has; a small and cheap one.
    ///   - nonce: 1…20 of `a-z 0-9`, another for each run of the kit: providers remember tokens for a while.
    ///   - pause: waits before something is asked again; nil for a quarter of a second that doubles up to 16 seconds.
    /// - Returns: nil when the nonce is none.
    public init?(
        _ adapter: any ProviderAdapter, region: String, zone: String? = nil, instanceType: String, nonce: String,
        pause: (@Sendable (_ round: Int) async -> Void)? = nil
    ) {
        guard let run = RunID(Self.runName), RunID("x\(nonce)") != nil, (1...20).contains(nonce.utf8.count) else {
            return nil
        }
        self.adapter = adapter
        self.nonce = nonce
        patiently = Patience(pause: pause ?? { try? await Task.sleep(for: .milliseconds(250 << min($0, 6))) })
        template = NodeGroupRequest(
            token: "", run: run, region: region, zone: zone, instanceType: instanceType, lease: .seconds(1800))
    }

    /// Tries one check, and gives back what it rented, however it ends.
    public func perform(_ check: ConformanceCheck) async -> ConformanceOutcome {
        let trial = ConformanceTrial(
            adapter: adapter, template: template, token: "\(Self.runName)--\(check.id)-\(nonce)--1")
        var outcome = ConformanceOutcome.kept
        do { try await check.body(trial) } catch let obstacle as ConformanceObstacle {
            outcome = .leftOut(obstacle.description)
        } catch { outcome = .broken("\(error)") }
        do { try await cleanUp() } catch {
            if outcome.complaint == nil { outcome = .broken("what it rented could not be given back: \(error)") }
        }
        return outcome
    }

    /// Gives back everything that carries the kit's tag, that of a kit before this one too.
    ///
    /// - Returns: how many groups there were.
    /// - Throws: when the provider still lists some after all.
    @discardableResult
    public func cleanUp() async throws(ProviderError) -> Int {
        let found = try await patiently { () throws(ProviderError) in try await adapter.list(run: template.run) }
        for group in found {
            try await patiently { () throws(ProviderError) in try await adapter.terminate(token: group.token) }
        }
        for round in 0..<Patience.rounds where !found.isEmpty {
            let left = try await patiently { () throws(ProviderError) in try await adapter.list(run: template.run) }
            if left.isEmpty { return found.count }
            await patiently.pause(round)
            if round == Patience.rounds - 1 {
                let names = left.map(\.token).joined(separator: ", ")
                throw ProviderError(.transient, provider: adapter.provider, "still listed after terminate: \(names)")
            }
        }
        return found.count
    }
}
