import SkyCore

/// What other processes ask of a run, as it comes.
struct RequestRelay: Sendable {
    let journal: Journal
    let run: RunID

    /// Until its task is cancelled.
    func relay(to mailbox: Mailbox) async {
        var seen: Set<RunRequest> = []
        while !Task.isCancelled {
            for request in (try? journal.requests(of: run)) ?? [] where seen.insert(request).inserted {
                switch request {
                case .stop(let reason): mailbox.put(.stopRequested(reason))
                case .answer(let text, let isApproved):
                    if let question = Question(id: text) { mailbox.put(.answered(question, isYes: isApproved)) }
                }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
