import Glibc

/// What the ignore files of a folder name: its `.skyignore`, or where it has none, its `.gitignore` and those of the folders in it.
struct IgnoreFiles {
    private let root: String
    private let name: String
    /// Whether folders further down have a say.
    private let isNested: Bool
    /// By folder, relative to the root.
    private var known: [Substring: IgnoreRules?] = [:]

    private static let ours = ".skyignore"

    init(of root: String) throws(StorageError) {
        self.root = root
        let rules = try Self.rules("\(root)/\(Self.ours)")
        (name, isNested) = rules == nil ? (".gitignore", true) : (Self.ours, false)
        if let rules { known[""] = rules }
    }

    /// The file nearest to the path that says something of it decides.
    mutating func ignore(_ path: String, isFolder: Bool) throws(StorageError) -> Bool {
        if path == Self.ours || path == ".git" || path.hasSuffix("/.git") { return true }
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            guard isNested else { continue }
            let inside = String(path[path.index(after: slash)...])
            if let verdict = try rules(in: folder)?.verdict(on: inside, isFolder: isFolder) { return verdict }
        }
        return try rules(in: "")?.verdict(on: path, isFolder: isFolder) ?? false
    }

    private mutating func rules(in folder: Substring) throws(StorageError) -> IgnoreRules? {
        if let rules = known[folder] { return rules }
        let rules = try Self.rules(folder.isEmpty ? "\(root)/\(name)" : "\(root)/\(folder)/\(name)")
        known[folder] = .some(rules)
        return rules
    }

    private static func rules(_ path: String) throws(StorageError) -> IgnoreRules? {
        guard let file = try OpenFile.ifPresent(path, O_RDONLY) else { return nil }
        return IgnoreRules(String(decoding: try file.readAll(), as: UTF8.self))
    }
}
