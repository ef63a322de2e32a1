import Glibc
import SkyCatalog
import SkyCore
import SkyProcess

/// Puts refreshed prices where the catalog finds them (`RefreshedOffers`): a version is written beside the old one, and counts
/// from the moment that a link is renamed. Whoever dies meanwhile leaves the old version or the new one.
public struct PriceStore: Sendable {
    private let folder: String
    private var versions: String { "\(folder)/.versions" }

    public init(folder: String) { self.folder = folder }

    /// One process at a time; the lock ends with `body`, or with the process.
    func locked<Value>(_ body: () throws(FeedFailure) -> Value) throws(FeedFailure) -> Value {
        do { try Files.makeFolder(versions, mode: 0o700) } catch { throw FeedFailure(.disk, "\(versions): \(error)") }
        let lock = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw FeedFailure(.disk, "\(folder)/.lock: \(SystemError.last("open"))") }
        defer { close(lock) }
        while flock(lock, LOCK_EX) != 0, errno == EINTR {}
        return try body()
    }

    /// - Parameter between: called before each step, so that tests can die there.
    func install(
        _ provider: String, _ files: [(name: String, bytes: [UInt8])], at moment: Instant,
        between: (String) throws -> Void = { _ in }
    ) throws(FeedFailure) {
        try locked { () throws(FeedFailure) in
            do {
                let old = currentName(of: provider)
                // Two in one millisecond have two names, and names rise.
                let last = old.flatMap { $0.split(separator: ".").last }.flatMap { Int64($0) } ?? 0
                let name = "\(provider).\(max(moment.millisecondsSince1970, last + 1))"
                let draft = "\(versions)/.new-\(name)"
                removeTree(draft)
                try between("make")
                try Files.makeFolder(draft, mode: 0o700)
                for file in files {
                    try between("write \(file.name)")
                    try Files.replace("\(draft)/\(file.name)", with: file.bytes, mode: 0o644, durability: .machine)
                }
                try between("rename")
                try rename(draft, to: "\(versions)/\(name)")
                try Files.flushFolder(versions)
                try between("link")
                let link = "\(versions)/.link-\(provider)"
                unlink(link)
                guard symlink(".versions/\(name)", link) == 0 else { throw SystemError.last("make the link \(link)") }
                try between("switch")
                try rename(link, to: "\(folder)/\(provider)")
                try Files.flushFolder(folder)
                try between("sweep")
                sweep(provider, keeping: [name, old ?? ""])
            } catch {
                throw FeedFailure(.disk, "the prices of \(provider) stay as they were: \(error)")
            }
        }
    }

    /// Back to the prices that came with sky.
    ///
    /// - Returns: false when there were no others.
    public func revert(_ provider: String) throws(FeedFailure) -> Bool {
        guard currentName(of: provider) != nil else { return false }
        return try locked { () throws(FeedFailure) in
            guard unlink("\(folder)/\(provider)") == 0 else {
                throw FeedFailure(.disk, "\(folder)/\(provider): \(SystemError.last("remove"))")
            }
            sweep(provider, keeping: [])
            return true
        }
    }

    private func currentName(of provider: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink("\(folder)/\(provider)", $0, bytes.count) }
                ?? -1
        }
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count], as: UTF8.self).split { $0 == "/" }.last.map(String.init)
    }

    private func rename(_ old: String, to new: String) throws(SystemError) {
        guard Glibc.rename(old, new) == 0 else { throw .last("rename \(old)") }
    }

    /// Takes away versions that nobody reads any more, and drafts of those who died. The one before stays: somebody may be
    /// reading it.
    private func sweep(_ provider: String, keeping kept: Set<String>) {
        for name in Files.names(in: versions) where !kept.contains(name) {
            let isOld = name.hasPrefix("\(provider).") || name.hasPrefix(".new-\(provider).")
            if isOld { removeTree("\(versions)/\(name)") }
        }
    }

    private func removeTree(_ path: String) {
        for name in Files.names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
