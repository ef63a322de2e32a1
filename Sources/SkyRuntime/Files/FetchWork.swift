import Glibc
import SkyProcess

/// Brings files to a node straight from where they are kept, with what the node has for that: curl, or Python.
///
/// What comes waits in a hidden folder until all of it is there and has its digests; a call that was cut short is gone on with.
struct FetchWork {
    let order: FetchOrder
    /// Hidden, and of this destination alone.
    let staging: String
    let destination: String

    /// What is fetched with one request.
    static let pieceSize: Int64 = 32 << 20

    /// A range of some contents, and the file it goes to.
    struct Piece {
        let contents: FetchOrder.Contents
        let range: Range<Int64>
        let path: String

        /// Nil when all is asked for.
        var asked: String? {
            range.lowerBound == 0 && range.upperBound == contents.size
                ? nil : "\(range.lowerBound)-\(range.upperBound - 1)"
        }
    }

    /// - Parameter program: what brings it; nil for what the node has.
    /// - Returns: how many bytes came now.
    /// - Throws: `SystemError`, or `NodeObstacle`.
    func run(with program: WebProgram? = nil) throws -> Int64 {
        guard order.entries.allSatisfy({ Self.isPlain($0.path) }) else {
            throw NodeObstacle(reason: "a path leads elsewhere")
        }
        try Files.makeFolder(staging, mode: 0o700)
        let wanted = order.contents.filter { !isThere($0) }
        let missing = wanted.flatMap { pieces(of: $0) }.filter { Self.size($0.path) != Int64($0.range.count) }
        if !missing.isEmpty { try (program ?? WebProgram.find()).fetch(missing) }
        for contents in wanted { try join(contents) }
        try layOut()
        return missing.reduce(0) { $0 + Int64($1.range.count) }
    }

    private func whole(_ contents: FetchOrder.Contents) -> String { "\(staging)/\(contents.name)" }

    private func isThere(_ contents: FetchOrder.Contents) -> Bool {
        guard let digest = contents.digest else { return Self.size(whole(contents)) == contents.size }
        return SHA256.digest(ofFile: whole(contents), size: contents.size).map { SHA256.hex($0) } == digest
    }

    private func pieces(of contents: FetchOrder.Contents) -> [Piece] {
        let starts: [Int64] = Array(stride(from: 0, to: contents.size, by: Int(Self.pieceSize)))
        return starts.enumerated().map { number, start in
            Piece(
                contents: contents, range: start..<min(start + Self.pieceSize, contents.size),
                path: "\(whole(contents)).\(number)")
        }
    }

    /// Makes one file of the pieces, and compares it with its digest if there is one.
    private func join(_ contents: FetchOrder.Contents) throws {
        var hash = SHA256()
        let path = "\(whole(contents)).whole"
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        defer { close(file) }
        for piece in pieces(of: contents) {
            let source = try Descriptor.open(piece.path, O_RDONLY)
            defer { close(source) }
            var buffer = [UInt8](repeating: 0, count: 1 << 18)
            while case .bytes(let count) = buffer.withUnsafeMutableBytes({ Descriptor.read(source, into: $0) }),
                count > 0
            {
                buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                try Descriptor.writeAll(file, Array(buffer[..<count]))
            }
        }
        for piece in pieces(of: contents) { unlink(piece.path) }
        guard contents.digest == nil || SHA256.hex(hash.digest()) == contents.digest else {
            unlink(path)
            throw NodeObstacle(reason: "what came from the store does not have its SHA-256")
        }
        try Disk.rename(path, to: whole(contents))
    }

    private func layOut() throws {
        let tree = "\(staging)/tree"
        try Disk.remove(tree)
        var uses = Dictionary(order.entries.compactMap { $0.contents }.map { ($0, 1) }, uniquingKeysWith: +)
        for entry in order.entries {
            let place = entry.path.isEmpty ? tree : "\(tree)/\(entry.path)"
            switch entry.kind {
            case .folder: try Files.makeFolder(place)
            case .link:
                guard symlink(entry.target ?? "", place) == 0 else { throw SystemError.last("make the link \(place)") }
            case .file:
                let name = entry.contents ?? ""
                uses[name, default: 1] -= 1
                // Equal files are copies: a job that writes into one must not change the other.
                if uses[name] == 0 {
                    try Disk.rename("\(staging)/\(name)", to: place)
                } else {
                    try TreeFile.copy("\(staging)/\(name)", to: place)
                }
                chmod(place, entry.isExecutable ? 0o755 : 0o644)
            }
        }
        try Files.makeFolder(Disk.split(destination).folder)
        try Disk.replace(destination, by: tree)
        try Disk.remove(staging)
    }

    static func isPlain(_ path: String) -> Bool {
        path.isEmpty
            || path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !["", ".", ".."].contains($0)
            }
    }

    private static func size(_ path: String) -> Int64? {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_size) : nil
    }
}

/// Why a node cannot move files by itself; without any address.
struct NodeObstacle: Error { let reason: String }

private enum TreeFile {
    static func copy(_ source: String, to target: String) throws(SystemError) {
        let input = try Descriptor.open(source, O_RDONLY)
        defer { close(input) }
        let output = try Descriptor.open(target, O_WRONLY | O_CREAT | O_EXCL)
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while case .bytes(let count) = buffer.withUnsafeMutableBytes({ Descriptor.read(input, into: $0) }), count > 0 {
            try Descriptor.writeAll(output, Array(buffer[..<count]))
        }
    }
}
