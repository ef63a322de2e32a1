import Glibc
import SkyCore
import SkyProcess

/// Takes what a `PackSender` sends and puts it in its place. Blocks.
///
/// What comes is kept in a folder of its own until all of it is there and its digests are right; after a broken link the
/// next try goes on at the byte where the last one stopped. Then it is put in its place in one step; but where some of it is there
/// already, file by file, each in one step: whoever dies in the middle of that has to be asked once more.
public struct PackReceiver {
    private let stream: PackStream
    /// Where half-received packs are kept: one, under the digest of its manifest.
    private let staging: String
    /// Where it is remembered what was put in the place, for the next time; nil for nowhere.
    private let index: String?

    public init(input: Int32, output: Int32, staging: String, index: String? = nil) {
        stream = PackStream(input: input, output: output)
        self.staging = staging
        self.index = index
    }

    /// Replaces what is at `destination`; folders above it are made.
    public func receive(to destination: String) throws(HostFailure) {
        let offer = try stream.receiveOffer()
        if let failure = offer.failure { throw failure }
        do throws(HostFailure) {
            guard let manifest = offer.manifest else { throw HostFailure(.system, "nothing was offered") }
            if let problem = manifest.problem { throw HostFailure(.badPath, "what was offered is wrong: \(problem)") }
            let folder = "\(staging)/\(SHA256.hex(SHA256.digest(of: manifest.encoded(withStamps: false))))"
            let (kept, received) = try receive(manifest, in: folder, for: destination)
            do throws(SystemError) {
                try PackPlacement(
                    manifest: manifest, pack: "\(folder)/pack", destination: destination,
                    kept: kept.mapValues(\.status)
                ).perform()
                try Disk.remove(staging)
                try remember(manifest, kept, received, at: destination)
            } catch { throw HostFailure(error) }
        } catch {
            try? stream.send(PackAnswer(failure: error))
            throw error
        }
        try stream.send(PackAnswer())
    }

    /// For a receiver that cannot even begin.
    func refuse(_ failure: HostFailure) { try? stream.send(PackAnswer(failure: failure)) }

    /// The digests of the manifest's files, by their number among them.
    private typealias Digests = [Int: [UInt8]]

    /// A file that is in its place already.
    private struct Kept {
        var digest: [UInt8]
        var status: stat
    }

    /// Brings all that is not in its place already into `folder`.
    private func receive(
        _ manifest: PackManifest, in folder: String, for destination: String
    ) throws(HostFailure) -> (kept: [Int: Kept], received: Digests) {
        let files = manifest.entries.filter { $0.kind == .file }
        do throws(SystemError) {
            // What was begun before goes on with what it has.
            for name in Files.names(in: staging) where "\(staging)/\(name)" != folder {
                try Disk.remove("\(staging)/\(name)")
            }
            try Files.makeFolder(folder, mode: 0o700)
            for entry in manifest.entries where entry.kind == .folder {
                try Files.makeFolder(place(of: entry, in: folder), mode: 0o700)
            }
        } catch { throw HostFailure(error) }
        // Only a folder is put in its place piece by piece.
        let isLikely = manifest.entries.first?.kind == .folder && Disk.kind(destination) == S_IFDIR
        let kept = isLikely ? try findKept(files, in: destination) : [:]
        let needed = files.indices.filter { kept[$0] == nil }
        try stream.send(
            PackAnswer(
                needed: needed,
                offsets: needed.map { min(size(of: place(of: files[$0], in: folder)), files[$0].size) }))
        var received: Digests = [:]
        for index in needed {
            let place = place(of: files[index], in: folder)
            received[index] = try receive(files[index], at: place)
            if received[index] == nil { unlink(place) }
        }
        let damaged = needed.count - received.count
        guard damaged == 0 else {
            throw HostFailure(
                .damaged, "\(damaged) of \(files.count) files were changed on their way, or while they were read")
        }
        return (kept, received)
    }

    /// The files that are in their place as they should be. Those that neither side has touched since they were brought
    /// are known to be; of others that could be, both sides compare digests.
    private func findKept(_ files: [PackManifest.Entry], in destination: String) throws(HostFailure) -> [Int: Kept] {
        let before = PackIndex(at: index)
        var kept: [Int: Kept] = [:]
        var statuses: [Int: stat] = [:]
        var wanted: [Int] = []
        var own: Digests = [:]
        for (number, file) in files.enumerated() {
            var status = stat()
            guard lstat(place(of: file, below: destination), &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                // One that has another name too may be changed under that name.
                Int64(status.st_size) == file.size, status.st_nlink == 1
            else { continue }
            statuses[number] = status
            guard let record = before.records[file.path], record.own == FileStamp.of(status) else {
                if file.size > 0 { wanted.append(number) }
                continue
            }
            if file.stamp != 0, record.stamp == file.stamp, record.changed == file.changed, record.size == file.size {
                kept[number] = Kept(digest: record.digest, status: status)
            } else {
                own[number] = record.digest
                wanted.append(number)
            }
        }
        guard !wanted.isEmpty else { return kept }
        try stream.send(PackAnswer(wanted: wanted))
        // While the other side does the same.
        for number in wanted where own[number] == nil {
            let file = files[number]
            own[number] = SHA256.digest(ofFile: place(of: file, below: destination), size: file.size)
        }
        let digests = [UInt8](try stream.receive(PackDigests.self).digests)
        guard digests.count == 32 * wanted.count else { throw PackStream.broken }
        for (place, number) in wanted.enumerated() {
            guard let mine = own[number], digests[(32 * place)..<(32 * place + 32)].elementsEqual(mine) else {
                continue
            }
            if let status = statuses[number] { kept[number] = Kept(digest: mine, status: status) }
        }
        return kept
    }

    /// Writes down what is in its place now, and returns when whatever is changed from then on has another time.
    private func remember(
        _ manifest: PackManifest, _ kept: [Int: Kept], _ received: Digests, at destination: String
    ) throws(SystemError) {
        guard let index else { return }
        var next = PackIndex(at: nil)
        var newest = timespec()
        for (number, file) in manifest.entries.filter({ $0.kind == .file }).enumerated() {
            guard let digest = kept[number]?.digest ?? received[number] else { continue }
            var status = kept[number]?.status ?? stat()
            // A new file, or one with another mode now.
            if status.st_mode & 0o7777 != mode_t(file.mode) || kept[number] == nil {
                guard lstat(place(of: file, below: destination), &status) == 0 else { continue }
            }
            next.add(file, own: FileStamp.of(status), digest: digest)
            if Self.isBefore(newest, status.st_ctim) { newest = status.st_ctim }
        }
        try next.write(to: index)
        for _ in 0..<100 {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME_COARSE, &now)
            if Self.isBefore(newest, now) { return }
            usleep(1000)
        }
    }

    private static func isBefore(_ a: timespec, _ b: timespec) -> Bool {
        (a.tv_sec, a.tv_nsec) < (b.tv_sec, b.tv_nsec)
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

    /// Its digest; nil when that is not the digest of what is here now.
    private func receive(_ entry: PackManifest.Entry, at path: String) throws(HostFailure) -> [UInt8]? {
        var hash = SHA256()
        do throws(SystemError) {
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
            defer { close(file) }
            var place: Int64 = 0
            var endsInHole = false
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
                // It keeps the holes of a file that has some.
                if bytes.isWorthAHole {
                    guard lseek(file, off_t(got), SEEK_CUR) >= 0 else { throw SystemError.last("write \(path)") }
                    endsInHole = true
                } else {
                    try Descriptor.writeAll(file, Array(bytes))
                    endsInHole = false
                }
                place += Int64(got)
            }
            if endsInHole, ftruncate(file, off_t(entry.size)) != 0 { throw SystemError.last("write \(path)") }
        } catch {
            throw error.code == ECONNRESET ? PackStream.broken : HostFailure(error)
        }
        let digest = hash.digest()
        return try stream.read(exactly: 32) == digest ? digest : nil
    }
}
