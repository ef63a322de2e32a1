import GRDB
public import SkyCore

/// An event as the journal keeps it.
public struct JournalRecord: Hashable, Sendable {
    /// Counts from 0 within its run.
    public let sequence: Int
    /// JSON: `{"event": {NAME: …}, "at": MILLISECONDS, "dice": NUMBER}`.
    public let text: String
    /// Nil when it is of a version that has other events.
    public let event: RecordedEvent?
}

extension Journal {
    /// The process that was the last to drive the run; nil when none has.
    func lastDriver(of run: RunID) throws(JournalError) -> Int32? {
        let texts = try read { db in try EventChain(of: run, in: db)?.texts(from: 0) ?? [] }
        // A run may have thousands of events, and few of them are this one.
        for text in texts.reversed() where text.contains("driverStarted") {
            let recorded = try? JournalCoding.decode(RecordedEvent.self, from: text)
            if case .driverStarted(let processID)? = recorded?.event { return processID }
        }
        return nil
    }

    /// A run's events from the `start`th on, in order, those included that this version does not know; none of a run
    /// that is not known.
    public func records(of run: RunID, from start: Int = 0) throws(JournalError) -> [JournalRecord] {
        try read { db in
            let texts = try EventChain(of: run, in: db)?.texts(from: start) ?? []
            return zip(start..., texts).map { sequence, text in
                JournalRecord(
                    sequence: sequence, text: text, event: try? JournalCoding.decode(RecordedEvent.self, from: text))
            }
        }
    }
}
