import SkyProcess
import SkyRuntime

/// A group's folder on disk.
///
///     group.json   the record; with it, the group exists
///     node-0/ …    a folder for each node, its agent's
struct GroupFolder: Sendable {
    /// The provider's folder.
    let root: String
    let token: String

    var path: String { "\(root)/\(token)" }
    /// The file with the locks of all groups.
    var locks: String { "\(root)/.locks" }
    var record: String { "\(path)/group.json" }
    private var newcomer: String { "\(root)/.\(token).new" }

    func node(_ rank: Int) -> String { "\(path)/\(GroupRecord.nodeName(rank))" }

    /// True once a node of the group has begun to end itself.
    func hasEndedNode(of record: GroupRecord) -> Bool {
        (0..<record.request.numNodes).contains { NodeEnd.hasBegun(in: node($0)) }
    }

    enum Contents {
        case missing
        /// The record was cut short with the machine's power, or is a later version's.
        case unreadable
        case group(GroupRecord)
    }

    func load() throws(SystemError) -> Contents {
        guard let bytes = try Files.read(record) else {
            return Files.isFolder(path) ? .unreadable : .missing
        }
        return GroupRecord(bytes).map { .group($0) } ?? .unreadable
    }

    /// Makes the folder and its record appear in one step.
    func create(_ record: GroupRecord) throws(SystemError) {
        try Disk.remove(newcomer)
        try Files.makeFolder(newcomer, mode: 0o700)
        try Files.replace("\(newcomer)/group.json", with: record.encoded(), durability: .processes)
        try Disk.rename(newcomer, to: path)
    }

    func save(_ record: GroupRecord) throws(SystemError) {
        try Files.replace(self.record, with: record.encoded(), durability: .processes)
    }

    /// The nodes' folders that are there, also without a record.
    func nodes() -> [String] { Files.names(in: path).filter { $0.hasPrefix("node-") }.map { "\(path)/\($0)" } }

    /// The record goes last: as long as anything is left, the group is listed.
    func remove() throws(SystemError) {
        try Disk.remove(newcomer)
        for name in Files.names(in: path) where name != "group.json" { try Disk.remove("\(path)/\(name)") }
        try Disk.remove(path)
    }

    /// What may be a folder's name and nothing else: 1…200 letters, digits, `-`, `_` and `.`, not first a dot.
    static func isName(_ text: String) -> Bool {
        let allowed = text.utf8.allSatisfy { byte in
            (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39)
                || byte == 0x2d || byte == 0x5f || byte == 0x2e
        }
        return allowed && !text.hasPrefix(".") && (1...200).contains(text.utf8.count)
    }
}
