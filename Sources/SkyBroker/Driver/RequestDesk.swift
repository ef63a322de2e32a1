import SkyCore
import Synchronization

/// Brings what other processes ask of runs to those that are driven here: one question to the journal for all of them.
final class RequestDesk: Sendable {
    private struct Guest {
        let mailbox: Mailbox
        var seen: Set<RunRequest> = []
    }

    private struct Books {
        var guests: [RunID: Guest] = [:]
        /// The last request that has been looked at; nil before the first look.
        var last: Int64?
    }

    private static let pause = TimeSpan(milliseconds: 100)
    private let journal: Journal
    private let books = Mutex(Books())

    init(_ journal: Journal) { self.journal = journal }

    /// From now on the run's mailbox gets what is asked of the run, with what was asked while nobody drove it.
    func admit(_ run: RunID, _ mailbox: Mailbox) {
        books.withLock { $0.guests[run] = Guest(mailbox: mailbox) }
        for request in (try? journal.requests(of: run)) ?? [] { hand(request, to: run) }
    }

    func dismiss(_ run: RunID) { books.withLock { $0.guests[run] = nil } }

    /// Until its task is cancelled.
    func serve() async {
        var seen: Int64?
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(Self.pause.milliseconds))
            // Asked before the look: what is written in between is looked for twice rather than missed.
            // A journal that cannot be read now can be read the next time.
            guard let version = try? journal.version(), version != seen,
                let news = try? journal.requests(after: books.withLock(\.last) ?? 0)
            else { continue }
            seen = version
            for posted in news {
                hand(posted.request, to: posted.run)
                books.withLock { $0.last = posted.number }
            }
        }
    }

    private func hand(_ request: RunRequest, to run: RunID) {
        let mailbox = books.withLock { books in
            books.guests[run]?.seen.insert(request).inserted == true ? books.guests[run]?.mailbox : nil
        }
        guard let mailbox else { return }
        switch request {
        case .stop(let reason): mailbox.put(.stopRequested(reason))
        case .halt(let number): mailbox.put(.haltRequested(number: number))
        case .start(let number): mailbox.put(.startRequested(number: number))
        case .answer(let text, let isApproved):
            if let question = Question(id: text) { mailbox.put(.answered(question, isYes: isApproved)) }
        }
    }
}
