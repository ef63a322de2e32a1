import FoundationEssentials
import Glibc
import SkyProcess
import Testing

/// A file system of few megabytes in place of the home's state folder, in a mount namespace of its own: gone with the last
/// process in it.
struct SmallDisk: Sendable {
    /// Before a command that is to see the disk.
    let entry: [String]
    private let holder: Int32
    private let folder: String

    /// Without the right to mount, a user namespace of its own gives it, where the kernel grants those.
    private static let ways: [(unshare: [String], enter: [String])] = [
        (["-m"], ["-m"]), (["-r", "-m"], ["-U", "-m", "--preserve-credentials"]),
    ]

    private static func way() -> (unshare: [String], enter: [String])? {
        ways.first { way in
            let script = "mount -t tmpfs -o size=1m none /mnt"
            let trial = try? ProcessSpawn(
                "/usr/bin/env", ["unshare"] + way.unshare + ["sh", "-c", script], environment: environment
            ).startUnmanaged()
            guard let trial else { return false }
            var status: Int32 = 0
            while waitpid(trial, &status, 0) < 0 && errno == EINTR {}
            return ProcessEnd(waitStatus: status) == .exited(code: 0)
        }
    }

    static let isPossible = way() != nil
    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// - Parameter sky: its state folder must not be in use yet.
    init(for sky: SkyUnderTest, megabytes: Int) async throws {
        let way = try #require(Self.way())
        let state = "\(sky.home)/state"
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        let script =
            "mount -t tmpfs -o size=\(megabytes)m none '\(state)' && touch '\(state)/small' && exec sleep 1000000"
        // With the home's name in its surroundings, so that it ends with all else of the home.
        let holder = try ProcessSpawn(
            "/usr/bin/env", ["unshare"] + way.unshare + ["sh", "-c", script], environment: sky.environment
        ).startUnmanaged()
        self.holder = holder
        entry = ["nsenter", "-t", "\(holder)"] + way.enter
        folder = "/proc/\(holder)/root\(state)"
        try await sky.wait("the small disk is there") { [folder] in Files.exists("\(folder)/small") }
    }

    /// Writes until nothing more finds room.
    func fill() throws {
        let file = open("\(folder)/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        try #require(file >= 0 || errno == ENOSPC)
        guard file >= 0 else { return }
        defer { close(file) }
        for size in [1 << 20, 1 << 12] {
            let zeros = [UInt8](repeating: 0, count: size)
            while write(file, zeros, size) > 0 {}
        }
    }

    func makeRoom() { unlink("\(folder)/filler") }

    /// Ends what holds the disk; whoever still uses it keeps it.
    func letGo() {
        kill(holder, SIGKILL)
        var status: Int32 = 0
        while waitpid(holder, &status, 0) < 0 && errno == EINTR {}
    }
}
