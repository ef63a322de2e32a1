import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What an adapter writes down here of a group before anything of it is done.
protocol StoredGroup: Hashable, Sendable, Codable {
    /// The newest that this program knows.
    static var currentVersion: Int { get }
    var version: Int { get }
    var request: NodeGroupRequest { get }
    /// False of one that contradicts itself.
    var isSound: Bool { get }
}

/// The records, in files `<provider>/<token>.json`, and a lock for each token.
struct GroupStore<Record: StoredGroup>: Sendable {
    /// The provider's folder.
    let root: String

    func load(_ token: String) throws(SystemError) -> Record? {
        guard let bytes = try Files.read("\(root)/\(token).json") else { return nil }
        guard let record = try? JSONDecoder().decode(Record.self, from: Data(bytes)),
            record.version <= Record.currentVersion, record.isSound
        else { return nil }
        return record
    }

    func save(_ record: Record) throws(SystemError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(record) else { return }
        try Files.makeFolder(root, mode: 0o700)
        try Files.replace("\(root)/\(record.request.token).json", with: data, durability: .processes)
    }

    func remove(_ token: String) throws(SystemError) { try Disk.remove("\(root)/\(token).json") }

    func all() -> [Record] {
        Files.names(in: root).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
            .compactMap { (try? load(String($0.dropLast(5)))) ?? nil }
    }

    func lock(_ token: String) async throws(SystemError) -> WaitingLock {
        try Files.makeFolder(root, mode: 0o700)
        return try await WaitingLock.acquire(token, in: "\(root)/.locks")
    }
}
