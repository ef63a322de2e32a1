import SkyProcess

/// What was taken from documents that are long, or that say themselves when they change: a document that is as it was is
/// not fetched again. One file each, `<folder>/.extracts/<hash>`, whose first line is the validator.
struct Extracts: Sendable {
    private let folder: String

    init(folder: String) { self.folder = "\(folder)/.extracts" }

    struct Extract: Sendable {
        /// An entity tag, or the address of a version that never changes.
        var validator: String
        var bytes: [UInt8]
    }

    /// - Parameter name: of the document, the same for all its versions.
    func read(_ name: String) -> Extract? {
        guard let bytes = try? Files.read(path(name)), let end = bytes.firstIndex(of: 0x0A) else { return nil }
        return Extract(validator: String(decoding: bytes[..<end], as: UTF8.self), bytes: Array(bytes[(end + 1)...]))
    }

    /// Replaces it in one step. A folder that cannot be written costs only the next fetch.
    func keep(_ extract: Extract, as name: String) {
        guard !extract.validator.utf8.contains(0x0A) else { return }
        try? Files.makeFolder(folder, mode: 0o700)
        try? Files.replace(
            path(name), with: Array("\(extract.validator)\n".utf8) + extract.bytes, durability: .processes)
    }

    private func path(_ name: String) -> String {
        // FNV-1a: a file's name, not a secret.
        let hash = name.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\(folder)/\(String(hash, radix: 16))"
    }
}
