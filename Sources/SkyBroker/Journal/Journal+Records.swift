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
