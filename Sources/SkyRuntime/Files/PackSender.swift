import FoundationEssentials
import Glibc
import SkyProcess

/// Sends a file, or a folder with all in it, to a `PackReceiver` at the other end of two descriptors. Blocks.
public struct PackSender {
    private let stream: PackStream

    public init(input: Int32, output: Int32) { stream = PackStream(input: input, output: output) }

    /// Returns when the other side has all of it in its place.
    public func send(_ path: String) throws(HostFailure) {
        let manifest: PackManifest
        do throws(SystemError) { manifest = try PackManifest(of: path) } catch {
            let failure = HostFailure(error.code == ENOENT ? .badPath : .system, error.description)
            try refuse(failure)
            throw failure
        }
        try stream.send(bytes: PackOffer(manifest: manifest).encoded)
        let files = manifest.entries.filter { $0.kind == .file }
        let places = files.map { $0.path.isEmpty ? path : "\(path)/\($0.path)" }
        var reply = try answer()
        if let wanted = reply.wanted {
            try tellDigests(of: wanted, files, places)
            reply = try answer()
        }
        let (needed, offsets) = (reply.needed ?? [], reply.offsets ?? [])
        let isInOrder = zip(needed, needed.dropFirst()).allSatisfy(<)
        guard offsets.count == needed.count, isInOrder, needed.allSatisfy(files.indices.contains) else {
            throw PackStream.broken
        }
        do throws(HostFailure) {
            for (index, offset) in zip(needed, offsets) {
                try send(files[index], at: places[index], from: min(max(0, offset), files[index].size))
            }
        } catch {
            // One that has given up says why, if the link is still there.
            _ = try answer()
            throw error
        }
        _ = try answer()
    }

    private func tellDigests(
        of wanted: [Int], _ files: [PackManifest.Entry], _ places: [String]
    ) throws(HostFailure) {
        guard wanted.count <= files.count, wanted.allSatisfy(files.indices.contains) else { throw PackStream.broken }
        let unreadable = [UInt8](repeating: 0, count: 32)
        let digests = wanted.flatMap { SHA256.digest(ofFile: places[$0], size: files[$0].size) ?? unreadable }
        try stream.send(PackDigests(digests: Data(digests)))
    }

    private func answer() throws(HostFailure) -> PackAnswer {
        let answer = try stream.receive(PackAnswer.self)
        if let failure = answer.failure { throw failure }
        return answer
    }

    /// Says that there is nothing to be sent.
    func refuse(_ failure: HostFailure) throws(HostFailure) {
        try stream.send(bytes: PackOffer(failure: failure).encoded)
    }

    private func send(_ entry: PackManifest.Entry, at path: String, from offset: Int64) throws(HostFailure) {
        let file = try? Descriptor.open(path, O_RDONLY)
        defer { if let file { close(file) } }
        var hash = SHA256()
        var isWhole = file != nil
        var place: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(max(1, min(entry.size, 1 << 18))), alignment: 64)
        defer { buffer.deallocate() }
        while place < entry.size {
            // What the other side has is read too: the digest is of all of it.
            let limit = place < offset ? offset - place : entry.size - place
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(Int64(buffer.count), limit))])
            var count = 0
            if isWhole, let file {
                repeat { count = read(file, room.baseAddress, room.count) } while count < 0 && errno == EINTR
            }
            if count <= 0 {
                // It has become shorter. What was promised is sent, and found to be wrong.
                isWhole = false
                room.initializeMemory(as: UInt8.self, repeating: 0)
                count = room.count
            }
            let bytes = UnsafeRawBufferPointer(rebasing: room[..<count])
            hash.update(bytes)
            if place >= offset { try stream.write(bytes) }
            place += Int64(count)
        }
        let digest = isWhole ? hash.digest() : [UInt8](repeating: 0, count: 32)
        try stream.write(digest)
    }
}
