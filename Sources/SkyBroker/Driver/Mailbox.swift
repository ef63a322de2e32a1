import Synchronization

/// What has happened and is not yet in the journal. Everything that is there is taken out at once, so that what happened
/// side by side becomes durable in one step.
final class Mailbox: Sendable {
    private let waiting = Mutex<[RunEvent]>([])
    private let signal: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init() { (signal, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func put(_ event: RunEvent) {
        waiting.withLock { $0.append(event) }
        bell.yield()
    }

    /// Waits until there is something; nil when the task was cancelled.
    func next() async -> [RunEvent]? {
        while !Task.isCancelled {
            let events = waiting.withLock { events in
                defer { events = [] }
                return events
            }
            if !events.isEmpty { return events }
            for await _ in signal { break }
        }
        return nil
    }
}
