import FoundationEssentials
import Glibc
import SkyProcess

/// Reads what is to become an artifact: every path, and the digests of every file, from one reading.
struct Surveyor {
    private let order: SurveyOrder
    private var survey = FileSurvey()
    private var known: Set<String> = []

    /// - Throws: `SystemError`, or `NodeObstacle` for what cannot be part of an artifact.
    static func survey(_ path: String, _ order: SurveyOrder) throws -> FileSurvey {
        var surveyor = Surveyor(order: order)
        try surveyor.add(path, as: "")
        return surveyor.survey
    }

    private init(order: SurveyOrder) { self.order = order }

    private mutating func add(_ place: String, as path: String) throws {
        var status = stat()
        guard lstat(place, &status) == 0 else { throw SystemError.last("read \(place)") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            survey.entries.append(FetchOrder.Entry(path: path, kind: .folder))
            // One that cannot be listed would look empty.
            guard access(place, R_OK | X_OK) == 0 else { throw SystemError.last("list \(place)") }
            for name in Files.names(in: place) {
                try add("\(place)/\(name)", as: path.isEmpty ? name : "\(path)/\(name)")
            }
        case S_IFLNK:
            var text = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(place, &text, text.count)
            guard count >= 0 else { throw SystemError.last("read the link \(place)") }
            guard let target = String(validating: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
            else { throw NodeObstacle(reason: "'\(path)' is a link whose target is not UTF-8") }
            survey.entries.append(FetchOrder.Entry(path: path, kind: .link, target: target))
        case S_IFREG:
            let contents = try read(place, as: path)
            survey.entries.append(
                FetchOrder.Entry(
                    path: path, kind: .file, contents: contents.digest, isExecutable: status.st_mode & S_IXUSR != 0))
            if known.insert(contents.digest).inserted { survey.contents.append(contents) }
        default: throw NodeObstacle(reason: "'\(path)' is neither a file, a folder nor a link")
        }
    }

    private func read(_ place: String, as path: String) throws -> FileSurvey.Contents {
        let file = try Descriptor.open(place, O_RDONLY | O_NOFOLLOW)
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw SystemError.last("read \(place)") }
        let size = Int64(status.st_size)
        // Of the whole file there is one checksum of this kind.
        let partSize = order.checksum == .crc32c ? .max : order.partSize(of: size)
        var (whole, part) = (SHA256(), PartChecksums(order.checksum))
        var (checksums, done, inPart) = ([String](), Int64(0), Int64(0))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        while done < size {
            let wanted = Int(min(Int64(buffer.count), size - done, partSize - inPart))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            guard case .bytes(let count) = Descriptor.read(file, into: room), count > 0 else {
                throw NodeObstacle(reason: "'\(path)' became shorter while it was read")
            }
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
            whole.update(bytes)
            part.update(bytes)
            done += Int64(count)
            inPart += Int64(count)
            guard inPart == partSize, done < size else { continue }
            checksums.append(part.next())
            inPart = 0
        }
        checksums.append(part.next())
        return FileSurvey.Contents(digest: SHA256.hex(whole.digest()), size: size, checksums: checksums, path: path)
    }
}
