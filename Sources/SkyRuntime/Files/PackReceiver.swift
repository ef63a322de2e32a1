import Glibc
import SkyProcess

/// Takes what a `PackSender` sends and puts it in its place, all or nothing. Blocks.
///
/// What comes is kept in a folder of its own until all of it is there and its digests are right; after a broken link the
/// next try goes on at the byte where the last one stopped.
public struct PackReceiver {
    private let stream: PackStream
    /// Where half-received packs are kept: one, under the digest of its manifest.
    private let staging: String

    public init(input: Int32, output: Int32, staging: String) {
        stream = PackStream(input: input, output: output)
        self.staging = staging
    }

    /// Replaces what is at `destination`; folders above it are made.
    public func receive(to destination: String) throws(HostFailure) {
        let (offer, bytes) = try stream.receive(PackOffer.self)
        if let failure = offer.failure { throw failure }
        do throws(HostFailure) {
            guard let manifest = offer.manifest else { throw HostFailure(.system, "nothing was offered") }
            if let problem = manifest.problem { throw HostFailure(.badPath, "what was offered is wrong: \(problem)") }
            let folder = "\(staging)/\(SHA256.hex(SHA256.digest(of: bytes)))"
            try receive(manifest, in: folder, likely: destination)
            do throws(SystemError) {
                try finish(manifest, in: folder)
                try Files.makeFolder(Disk.split(destination).folder)
                try Disk.replace(destination, by: "\(folder)/pack")
                try Disk.remove(staging)
            } catch { throw HostFailure(error) }
        } catch {
            try? stream.send(PackAnswer(failure: error))
            throw error
        }
        try stream.send(PackAnswer())
    }

    /// For a receiver that cannot even begin.
    func refuse(_ failure: HostFailure) { try? stream.send(PackAnswer(failure: failure)) }

    private func receive(
        _ manifest: PackManifest, in folder: String, likely: String
    ) throws(HostFailure) {
        let files = manifest.entries.filter { $0.kind == .file }
        // What was begun before goes on with what it has.
        let isNew = !Files.exists(folder)
        do throws(SystemError) {
            for name in Files.names(in: staging) where "\(staging)/\(name)" != folder {
                try Disk.remove("\(staging)/\(name)")
            }
            try Files.makeFolder(folder, mode: 0o700)
            for entry in manifest.entries where entry.kind == .folder {
                try Files.makeFolder(place(of: entry, in: folder), mode: 0o700)
            }
        } catch { throw HostFailure(error) }
        let known = isNew ? try takeOver(files, from: likely, to: folder) : [:]
        try stream.send(
            PackAnswer(
                offsets: files.enumerated().map { index, file in
                    known[index] == nil ? min(size(of: place(of: file, in: folder)), file.size) : file.size
                }))
        var damaged: [String] = []
        for (index, file) in files.enumerated() {
            let place = place(of: file, in: folder)
            let isRight =
                if let digest = known[index] { try stream.read(exactly: 32) == digest } else {
                    try receive(file, at: place)
                }
            if !isRight {
                damaged.append(file.path)
                unlink(place)
            }
        }
        guard damaged.isEmpty else {
            throw HostFailure(
                .damaged, "\(damaged.count) of \(files.count) files were changed on their way, or while they were read")
        }
    }

    /// Takes what need not be sent from what is about to be replaced: files that have the same name and content there.
    ///
    /// - Returns: their digests, by their number among the files.
    private func takeOver(
        _ files: [PackManifest.Entry], from old: String, to folder: String
    ) throws(HostFailure) -> [Int: [UInt8]] {
        let wanted = files.indices.filter { index in
            let file = files[index]
            var status = stat()
            guard file.size > 0, lstat(place(of: file, below: old), &status) == 0 else {
                return false
            }
            // One that has another name too may be changed under that name.
            return status.st_mode & S_IFMT == S_IFREG && Int64(status.st_size) == file.size && status.st_nlink == 1
        }
        guard !wanted.isEmpty else { return [:] }
        try stream.send(PackAnswer(wanted: wanted))
        // While the other side does the same.
        let own = wanted.map { SHA256.digest(ofFile: place(of: files[$0], below: old), size: files[$0].size) }
        let digests = [UInt8](try stream.receive(PackDigests.self).message.digests)
        guard digests.count == 32 * wanted.count else { throw PackStream.broken }
        var known: [Int: [UInt8]] = [:]
        for (number, index) in wanted.enumerated() {
            let (file, digest) = (files[index], digests[(32 * number)..<(32 * number + 32)])
            guard let mine = own[number], digest.elementsEqual(mine),
                link(place(of: file, below: old), place(of: file, in: folder)) == 0
            else { continue }
            known[index] = mine
        }
        return known
    }

    private func place(of entry: PackManifest.Entry, below root: String) -> String {
        entry.path.isEmpty ? root : "\(root)/\(entry.path)"
    }

    private func place(of entry: PackManifest.Entry, in folder: String) -> String {
        place(of: entry, below: "\(folder)/pack")
    }

    private func size(of path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : 0
    }

    /// False when its digest is not that of what is here now.
    private func receive(_ entry: PackManifest.Entry, at path: String) throws(HostFailure) -> Bool {
        var hash = SHA256()
        do throws(SystemError) {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
            defer { close(file) }
            var place: Int64 = 0
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: Int(max(1, min(entry.size, 1 << 18))), alignment: 64)
            defer { buffer.deallocate() }
            // What came before goes into the digest too.
            while place < entry.size {
                let count = read(file, buffer.baseAddress, Int(min(Int64(buffer.count), entry.size - place)))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SystemError.last("read \(path)") }
                if count == 0 { break }
                hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                place += Int64(count)
            }
            while place < entry.size {
                let room = Int(min(Int64(buffer.count), entry.size - place))
                let got: Int
                do throws(HostFailure) {
                    got = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]))
                } catch { throw SystemError("read the rest of \(entry.path)", code: ECONNRESET) }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
                hash.update(bytes)
                try Descriptor.writeAll(file, Array(bytes))
                place += Int64(got)
            }
        } catch {
            throw error.code == ECONNRESET ? PackStream.broken : HostFailure(error)
        }
        return try stream.read(exactly: 32) == hash.digest()
    }

    /// Links, and then everything's own mode from the innermost out: one may forbid writing, and what is not whole yet
    /// must be written to.
    private func finish(_ manifest: PackManifest, in folder: String) throws(SystemError) {
        for entry in manifest.entries where entry.kind == .link {
            let place = place(of: entry, in: folder)
            try Disk.remove(place)
            guard symlink(entry.target, place) == 0 else { throw .last("make the link \(place)") }
        }
        for entry in manifest.entries.reversed() where entry.kind != .link {
            let place = place(of: entry, in: folder)
            var status = stat()
            if lstat(place, &status) == 0, status.st_mode & 0o7777 == mode_t(entry.mode) { continue }
            guard chmod(place, mode_t(entry.mode)) == 0 else { throw .last("make \(place)") }
        }
    }
}
