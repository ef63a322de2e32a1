import Glibc
import SkyCore

/// The world a command runs in.
struct CommandContext: Sendable {
    let console: Console
    let environment: [String: String]
    let now: @Sendable () -> Instant
    /// The program that drivers are started with: this one.
    let executable: String
    /// Begins to hold signals back; before the first task, or not at all.
    let interruptions: @Sendable () -> any InterruptionSource
    /// For looking up, all together, what a plan can do without.
    var lookUpLimit = TimeSpan.seconds(5)

    /// This process's own.
    static func process() -> CommandContext {
        let environment = processEnvironment()
        return CommandContext(
            console: .standard(environment: environment), environment: environment, now: clock,
            executable: Installation.executablePath(), interruptions: { BlockedSignals() })
    }

    func paths() throws -> SkyPaths { try SkyPaths(environment: environment) }

    func installation() throws -> Installation {
        try Installation(environment: environment, executable: executable)
    }

    private static let clock: @Sendable () -> Instant = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// All variables; of two with one name the first counts, as for `getenv`.
private func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let pair = String(cString: text)
        if let equals = pair.firstIndex(of: "=") {
            let name = String(pair[..<equals])
            if variables[name] == nil { variables[name] = String(pair[pair.index(after: equals)...]) }
        }
        entry += 1
    }
    return variables
}
