import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What clusters answered when they were last asked, in a file each: so that planning need not wait for them. It is a cache: what
/// cannot be kept or read is asked again.
struct AnswerFiles<Answer: Codable & Sendable>: Sendable {
    struct Entry: Codable, Sendable {
        var version = 1
        /// How it was asked: another way may lead to another cluster.
        var way: String
        var askedAt: Instant
        /// Nil when it did not answer.
        var facts: Answer?
    }

    let folder: String
    /// How long an answer holds, and how long no answer does.
    let lifetime: TimeSpan
    private static var lifetimeOfSilence: TimeSpan { .seconds(300) }

    func holds(_ entry: Entry, at now: Instant) -> Bool {
        now - entry.askedAt < (entry.facts == nil ? Self.lifetimeOfSilence : lifetime)
    }

    /// Nil when it was never asked, or in another way.
    func load(_ name: String, way: String) -> Entry? {
        guard let bytes = (try? Files.read("\(folder)/\(name).json")) ?? nil,
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes)), entry.version == 1, entry.way == way
        else { return nil }
        return entry
    }

    func save(_ facts: Answer?, of name: String, way: String, at now: Instant) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let entry = Entry(way: way, askedAt: now, facts: facts)
        guard let data = try? encoder.encode(entry), (try? Files.makeFolder(folder, mode: 0o700)) != nil else { return }
        try? Files.replace("\(folder)/\(name).json", with: data, durability: .processes)
    }
}
