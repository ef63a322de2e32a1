import Glibc
import SkyCore
import SkyProcess

/// How long a node may still go on by itself, as its disk knows it.
struct LeaseRecord: Hashable {
    /// What the last renewal gave.
    var span: TimeSpan
    var end: NodeEnd
    /// When it runs out: milliseconds on the monotonic clock of the machine's run that `boot` names.
    var deadline: Int64
    var boot: String

    /// The longest lease; far from where moments overflow.
    static let longest = TimeSpan.seconds(365 * 86_400)

    /// A lease of `span` that begins now. The span is more than zero and at most `longest`.
    init(_ span: TimeSpan, end: NodeEnd) {
        self.span = span
        self.end = end
        deadline = monotonicMilliseconds() + span.milliseconds
        boot = ProcessIdentity.currentBoot
    }

    /// The same lease for whoever comes upon it now. How long the machine was off nobody can say, so that a lease of
    /// an earlier run of it begins anew.
    func goingOn() -> LeaseRecord {
        guard boot == ProcessIdentity.currentBoot else { return LeaseRecord(span, end: end) }
        var same = self
        same.deadline = min(deadline, monotonicMilliseconds() + span.milliseconds)
        return same
    }

    /// What jobs get between being asked to end and being made to: half a minute, less under short leases.
    var grace: TimeSpan { TimeSpan(milliseconds: min(30_000, span.milliseconds / 4)) }

    /// When supervisors act by themselves: the agent did not, so it is not there.
    var lastDeadline: Int64 { deadline + min(60_000, span.milliseconds / 8) }
}

extension LeaseRecord {
    /// `SPAN DEADLINE BOOT`, and on the lines after it the command that gives the machine back, if one does.
    var text: String {
        let command = if case .command(let command) = end { command } else { "" }
        return "\(span.milliseconds) \(deadline) \(boot)\n\(command)"
    }

    init?(text: String) {
        let lines = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
        guard let parts = lines.first?.split(separator: " "), lines.count == 2, parts.count == 3,
            let span = Int64(parts[0]), let deadline = Int64(parts[1]), span > 0
        else { return nil }
        self.span = TimeSpan(milliseconds: span)
        self.deadline = deadline
        boot = String(parts[2])
        end = lines[1].isEmpty ? .processes : .command(String(lines[1]))
    }
}

/// A node's lease, and the mark of a node that has begun to end itself.
///
///     lease    the record; written at every renewal
///     ended    there as soon as the lease has run out: from then on there is no way back, whoever dies. It names the
///              jobs that were running, whose exit codes are not their own doing, one a line
struct LeaseFile {
    let folder: String

    private var path: String { "\(folder)/lease" }
    private var mark: String { "\(folder)/ended" }

    /// Nil when there is none, or none that can be read: cut short with the machine's power.
    func load() throws(SystemError) -> LeaseRecord? {
        try Files.read(path).flatMap { LeaseRecord(text: String(decoding: $0, as: UTF8.self)) }
    }

    /// A full disk must not end a node that does well: then the record is written over the one before.
    func save(_ record: LeaseRecord) throws(SystemError) {
        let text = record.text.utf8
        do throws(SystemError) { try Files.replace(path, with: text, durability: .processes) } catch {
            guard error.code == ENOSPC || error.code == EDQUOT, Files.exists(path) else { throw error }
            try Files.overwrite(path, with: text)
        }
    }

    var hasEnded: Bool { Files.exists(mark) }

    /// To be called before any of `jobs` is asked to end.
    func markEnded(cuttingShort jobs: some Sequence<String>) throws(SystemError) {
        let descriptor = try Descriptor.open(mark, O_WRONLY | O_CREAT | O_APPEND)
        defer { close(descriptor) }
        try Descriptor.writeAll(descriptor, Array(jobs.map { "\($0)\n" }.joined().utf8))
    }

    func cutShort(_ job: String) -> Bool {
        guard let bytes = (try? Files.read(mark)) ?? nil else { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains(job[...])
    }
}
