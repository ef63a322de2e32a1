import FoundationEssentials
import Glibc
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyRuntime

/// Somebody hostile at the other end of files on their way: an error, never a crash, and nothing outside of their place.
/// `SKY_FUZZ_SECONDS` as for `HostilePeerTests`.
@Suite("hostile senders and receivers of files", .timeLimit(.minutes(30)))
struct HostilePackTests {
    private static let names = ["a", "b", "a/b", "sub", "sub/c", "sub/deep", "sub/deep/d"]

    @Test("a receiver puts all of a pack in its place, or leaves it as it was, and touches nothing else")
    func receiver() async throws {
        var effort = FuzzEffort(rounds: 400)
        var received = 0
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/outside", "theirs".utf8)
            while effort.goesOn {
                let (seed, pack) = effort.next { seed, _ in HostilePack(offering: Self.names, seed: seed) }
                let (root, target) = ("\(folder)/root", "\(folder)/root/target")
                if effort.streams.isMultiple(of: 2) { try makeOldTree(target) }
                let before = try contents(below: target)
                let failure = await offer(pack.bytes, to: target, staging: "\(root)/staging")
                if failure == nil { received += 1 }
                let isAsBefore = try contents(below: target) == before
                #expect(failure == nil || isAsBefore, "seed \(seed)")
                #expect(Set(Files.names(in: folder)).subtracting(["root"]) == ["outside"], "seed \(seed)")
                #expect(
                    Set(Files.names(in: root)).isSubset(of: ["target", "staging", "staging.index"]), "seed \(seed)")
                #expect(try Files.read("\(folder)/outside") == Array("theirs".utf8), "seed \(seed)")
                // Half of what comes finds what an interrupted one before it has left.
                if effort.streams.isMultiple(of: 4) { try Disk.remove(root) }
            }
        }
        #expect(received > effort.streams / 50, "hardly any was as it should be")
        effort.report("receiver of files")
    }

    @Test("a sender says no more than it offered, whatever it is asked for")
    func sender() async throws {
        var effort = FuzzEffort(rounds: 400)
        var sent = 0
        try await withTemporaryFolder { folder in
            let tree = "\(folder)/tree"
            try makeOldTree(tree)
            let files = try contents(below: tree).filter { $0.value.hasPrefix("file") }.count
            while effort.goesOn {
                let (seed, answers) = effort.next { seed, _ in HostilePack(answeringFor: files, seed: seed) }
                let (failure, count) = await ask(answers.bytes, of: tree)
                if failure == nil { sent += 1 }
                // The manifest, the digests twice, and each file once.
                #expect(count < 20_000, "seed \(seed): \(count) bytes")
            }
        }
        effort.report("sender of files")
    }

    @Test("what a host prints is a reply or none, and what it is asked a claim or none")
    func replies() throws {
        var effort = FuzzEffort(rounds: 2000)
        while effort.goesOn {
            let (seed, output) = effort.next { seed, _ in HostilePack(printingFor: seed) }
            if let reply = HostReply(in: String(decoding: output.bytes, as: UTF8.self)) {
                #expect(HostReply(in: reply.line) == reply, "seed \(seed)")
            }
            let claim = try? JSONDecoder().decode(HostClaim.self, from: Data(output.bytes.dropFirst(5).dropLast()))
            if let claim { #expect(claim.text.contains("token"), "seed \(seed)") }
        }
        effort.report("replies of hosts")
    }

    // MARK: Both ends

    private func makeOldTree(_ path: String) throws {
        try Disk.remove(path)
        try Files.makeFolder("\(path)/sub/deep")
        for name in ["a", "b", "sub/c", "sub/deep/d"] {
            try Files.put("\(path)/\(name)", [UInt8](repeating: 7, count: 100))
        }
    }

    /// What is there, by path.
    private func contents(below path: String, as name: String = "") throws -> [String: String] {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [:] }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            return try Files.names(in: path).reduce(into: [name: "folder \(status.st_mode)"]) { all, child in
                all.merge(try contents(below: "\(path)/\(child)", as: "\(name)/\(child)")) { $1 }
            }
        case S_IFLNK: return [name: "link"]
        default: return [name: "file \(status.st_mode) \(status.st_size) \(status.st_ino)"]
        }
    }

    private func offer(_ bytes: [UInt8], to target: String, staging: String) async -> HostFailure? {
        await converse(saying: bytes) { (input, output) throws(HostFailure) in
            try PackReceiver(input: input, output: output, staging: staging, index: "\(staging).index").receive(
                to: target)
        }.failure
    }

    private func ask(_ bytes: [UInt8], of path: String) async -> (failure: HostFailure?, heard: Int) {
        await converse(saying: bytes) { (input, output) throws(HostFailure) in
            try PackSender(input: input, output: output).send(path)
        }
    }

    /// Runs one end against another that says its piece, and listens to all.
    private func converse(
        saying bytes: [UInt8], _ end: @escaping @Sendable (Int32, Int32) throws(HostFailure) -> Void
    ) async -> (failure: HostFailure?, heard: Int) {
        guard let there = try? Descriptor.pipe(), let back = try? Descriptor.pipe() else {
            return (HostFailure(.system, "no pipe"), 0)
        }
        async let said: Void = onThread {
            try? Descriptor.writeAll(there.writing, bytes)
            close(there.writing)
        }
        async let heard: Int = onThread {
            let bytes = (try? Descriptor.readAll(back.reading)) ?? []
            close(back.reading)
            return bytes.count
        }
        let failure: HostFailure? = await onThread {
            defer { for descriptor in [there.reading, back.writing] { close(descriptor) } }
            do throws(HostFailure) {
                try end(there.reading, back.writing)
                return nil
            } catch { return error }
        }
        await said
        return (failure, await heard)
    }

    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in startThread { continuation.resume(returning: body()) } }
    }
}
