public import SkyCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The time a scripted provider lives in; tests bring their own.
public protocol ScriptClock: Sendable {
    func now() -> Instant
    func sleep(for span: TimeSpan) async throws(CancellationError)
}

/// The machine's own clock.
public struct SystemScriptClock: ScriptClock {
    public init() {}

    public func now() -> Instant {
        Instant(millisecondsSince1970: Int64((Date().timeIntervalSince1970 * 1000).rounded()))
    }

    public func sleep(for span: TimeSpan) async throws(CancellationError) {
        guard span > .zero else { return }
        do {
            try await Task.sleep(for: .milliseconds(span.milliseconds))
        } catch {
            throw CancellationError()
        }
    }
}
