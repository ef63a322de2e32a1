import Glibc
import SkyCore

/// Whether there is room where the broker keeps its things. A full disk is nobody's failure but this machine's: what met
/// it is begun again when there is room, instead of being counted against a stage or a provider.
struct DiskRoom: Sendable {
    private let path: String
    private let pause: @Sendable (_ round: Int) async throws -> Void

    /// Fewer bytes than this are no room: a log's next lines would not find any.
    static let least: UInt64 = 1 << 20

    /// - Parameter pause: waits before the next look; nil for a quarter of a second that doubles up to half a minute.
    init(at path: String, pause: (@Sendable (_ round: Int) async throws -> Void)? = nil) {
        self.path = path
        self.pause =
            pause ?? {
                try await Task.sleep(for: .milliseconds(FailurePolicy.pause(after: $0, dice: .max).milliseconds))
            }
    }

    /// False where nobody can say.
    var isMissing: Bool {
        var status = statvfs()
        guard statvfs(path, &status) == 0, status.f_blocks > 0 else { return false }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize) < Self.least
            || (status.f_files > 0 && status.f_favail == 0)
    }

    /// Returns when there is room.
    ///
    /// - Returns: true if there was none before.
    /// - Throws: `CancellationError`.
    func wait() async throws -> Bool {
        var round = 0
        while isMissing {
            round += 1
            try await pause(round)
        }
        return round > 0
    }
}
