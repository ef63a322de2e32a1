import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What was asked of an API that knows no tokens for its calls, written down before it is asked: of a machine that nobody has
/// heard of since, it is known that it may be coming.
struct RESTNotes: Sendable {
    struct Note: Hashable, Sendable, Codable {
        var askedAt: Instant
        /// The cloud's name for the machine, once it has said it.
        var id: String?
    }

    private let folder: String

    init(folder: String) { self.folder = folder }

    private func path(_ token: String, _ rank: Int) -> String { "\(folder)/\(token)/\(rank)" }

    /// By rank.
    func notes(of token: String) -> [Int: Note] {
        var notes: [Int: Note] = [:]
        for name in Files.names(in: "\(folder)/\(token)") {
            guard let rank = Int(name), let bytes = (try? Files.read(path(token, rank))) ?? nil,
                let note = try? JSONDecoder().decode(Note.self, from: Data(bytes))
            else { continue }
            notes[rank] = note
        }
        return notes
    }

    /// Durable when it returns: the call comes after.
    func write(_ note: Note, _ token: String, _ rank: Int) throws(SystemError) {
        guard let data = try? JSONEncoder().encode(note) else { return }
        try Files.makeFolder("\(folder)/\(token)", mode: 0o700)
        try Files.replace(path(token, rank), with: data, durability: .machine)
    }

    func remove(_ token: String, _ rank: Int) throws(SystemError) { try Disk.remove(path(token, rank)) }

    func removeAll(_ token: String) throws(SystemError) { try Disk.remove("\(folder)/\(token)") }
}
