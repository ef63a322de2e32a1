import Glibc
public import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is known of groups that were given back, in files `<provider>/.gone/<token>`: that they were, so that a request
/// which comes late makes nothing any more; and when they were held. Kept until `sky purge` removes their run.
struct GroupBooks: Sendable {
    /// The provider's folder.
    let root: String

    private var folder: String { "\(root)/\(Self.folderName)" }
    private static let folderName = ".gone"

    private struct Entry: Codable {
        /// Nil of a token that was given back before anything was made of it.
        var held: HeldSpan?
    }

    func isGone(_ token: String) -> Bool { Files.exists("\(folder)/\(token)") }

    func held(_ token: String) throws(SystemError) -> HeldSpan? {
        guard let bytes = try Files.read("\(folder)/\(token)") else { return nil }
        return (try? JSONDecoder().decode(Entry.self, from: Data(bytes)))?.held
    }

    /// The first word about a token is the last: what was given back twice was held once.
    ///
    /// - Parameter group: the group's folder, if there is one, where the entry is written before it is moved here: what
    ///   is made there stays out of the way of all the files that come and go with other groups.
    func close(_ token: String, held: HeldSpan?, from group: String?) throws(SystemError) {
        guard !isGone(token) else { return }
        guard let data = try? JSONEncoder().encode(Entry(held: held)) else {
            throw SystemError("write down the end of \(token)", code: EINVAL)
        }
        try Files.makeFolder(folder, mode: 0o700)
        let place = "\(folder)/\(token)"
        guard let group, Files.isFolder(group) else {
            return try Files.replace(place, with: data, durability: .processes)
        }
        try Files.replace("\(group)/held", with: data, durability: .processes)
        try Disk.rename("\(group)/held", to: place)
    }

    /// Forgets all groups of a run, at all providers below `nodes`.
    static func forget(_ run: RunID, below nodes: String) throws(SystemError) {
        for provider in Files.names(in: nodes) {
            let folder = "\(nodes)/\(provider)/\(folderName)"
            for token in Files.names(in: folder) where token.hasPrefix("\(run)--") {
                if unlink("\(folder)/\(token)") != 0, errno != ENOENT { throw .last("remove \(folder)/\(token)") }
            }
        }
    }
}

/// What adapters keep on this machine of groups that are gone.
public enum GoneGroups {
    /// - Parameter stateDirectory: the broker's.
    /// - Throws: `SystemError`.
    public static func forget(_ run: RunID, stateDirectory: String) throws {
        try GroupBooks.forget(run, below: "\(stateDirectory)/nodes")
    }
}
