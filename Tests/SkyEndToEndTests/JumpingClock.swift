import FoundationEssentials
import Glibc
import SkyProcess
import Testing

/// A wall clock that a test sets ahead or back while programs run that are started with it.
struct JumpingClock: Sendable {
    /// To be given to programs beside their own variables.
    let environment: [String: String]
    private let file: String

    private static let compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].first(where: Files.exists)
    static let isPossible = compiler != nil

    /// - Parameter folder: for its files.
    init(in folder: String) async throws {
        file = "\(folder)/clock-jump"
        let library = "\(folder)/jumping-clock.so"
        let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/jumping-clock.c")
            .path
        let compiler = try ProcessSpawn(
            try #require(Self.compiler), ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"],
            environment: ProcessInfo.processInfo.environment
        ).start()
        try #require(await compiler.wait() == .exited(code: 0))
        environment = ["LD_PRELOAD": library, "JUMPING_CLOCK": file]
        try Data(repeating: 0, count: 8).write(to: URL(filePath: file))
    }

    /// From now on the clock is so many seconds ahead of the machine's.
    func set(ahead seconds: Int64) throws {
        let descriptor = try Descriptor.open(file, O_WRONLY)
        defer { close(descriptor) }
        let written = withUnsafeBytes(of: seconds.littleEndian) { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        try #require(written == 8)
    }
}
