import CCrypto
import Glibc
import SkyCore

/// The folders that a catalog is made of.
struct CatalogFolders: Sendable {
    let root: String
    let user: String?
    /// By provider: the version of its refreshed prices that counts now, found once, so that all is read of one.
    let refreshed: [String: String]

    /// Tells this catalog from others of the same cache.
    var key: String { "\(root)\n\(user ?? "")\(refreshed.isEmpty ? "" : "\nrefreshed")" }

    init(root: String, refreshed: String?, user: String?) {
        self.root = root
        self.user = user
        let found = refreshed.map { folder in
            RefreshedOffers.providers(in: folder).compactMap { provider in
                RefreshedOffers.folder(of: provider, in: folder).map { (provider, $0) }
            }
        }
        self.refreshed = Dictionary(found ?? [], uniquingKeysWith: { first, _ in first })
    }
}

/// Which files a catalog is made of, and in which state they are.
struct CatalogInputs: Sendable {
    struct File: Sendable {
        /// As the digest knows it: `aws/offers.csv.gz`, `user/aws/provider.yaml`.
        var name: String
        var path: String
        var size: Int64
        var changed: Int64
    }

    let files: [File]
    private let host: HostShape
    private let own: [OwnMachines]

    private static let ofProvider = ["provider.yaml", "offers.csv", "offers.csv.gz", "egress.csv"]
    private static let ofAll = ["accelerators.csv", "throughput.csv", "throughput.csv.gz"]

    /// What a person agreed may end on a day: their files count as changed every day.
    private let day: CalendarDay?

    init(_ folders: CatalogFolders, host: HostShape, own: [OwnMachines], today: CalendarDay?) {
        self.host = host
        self.own = own
        day = folders.user == nil ? nil : today
        files =
            Self.files(in: folders.root, prefix: "")
            + folders.refreshed.sorted { $0.key < $1.key }.flatMap { provider, folder in
                Self.ofProvider.compactMap { Self.file("\(folder)/\($0)", named: "refreshed/\(provider)/\($0)") }
            } + (folders.user.map { Self.files(in: $0, prefix: "user/") } ?? [])
    }

    private static func files(in folder: String, prefix: String) -> [File] {
        var files = ofAll.compactMap { file("\(folder)/\($0)", named: prefix + $0) }
        for provider in folderEntries(folder) {
            files += ofProvider.compactMap { file("\(folder)/\(provider)/\($0)", named: "\(prefix)\(provider)/\($0)") }
        }
        return files
    }

    private static func file(_ path: String, named name: String) -> File? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        let changed = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        return File(name: name, path: path, size: Int64(status.st_size), changed: changed)
    }

    /// Changes whenever a file is added, removed, or written: what can be said without reading any of them.
    var stamp: String {
        files.map { "\($0.path) \($0.size) \($0.changed)" }.joined(separator: "\n")
            + "\nhost \(host.cpus) \(host.memoryGiB)\nday \(day?.description ?? "any")\n\(ownText)"
    }

    private var ownText: String { own.map(\.stamp).joined(separator: "\n") }

    /// SHA-256 over names and contents, in hexadecimal; empty when a file cannot be read.
    func digest() -> String {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return "" }
        defer { EVP_MD_CTX_free(context) }
        func add(_ part: [UInt8]) {
            // Fails only on a context that was never initialised.
            _ = part.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        }
        for file in files {
            guard let bytes = try? fileBytes(file.path) else { return "" }
            add(Array("\(file.name) \(bytes.count)\n".utf8))
            add(bytes)
        }
        if !own.isEmpty { add(Array("own machines\n\(ownText)".utf8)) }
        let bytes = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            count = 32
        }
        return String(hexOf: bytes)
    }
}
