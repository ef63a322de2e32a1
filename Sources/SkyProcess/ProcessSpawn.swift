import CShims
import Glibc

/// What to start, and how. `start` is `posix_spawn`: no fork, so that it is as fast in a large process as in a small
/// one. The new process gets default signal handling and no descriptors but those named here.
public struct ProcessSpawn: Sendable {
    public enum Stream: Hashable, Sendable {
        case null
        /// The same as this process's.
        case inherited
        /// Made if missing with mode 0600, written at its end.
        case append(path: String)
        /// A descriptor of this process, which keeps it.
        case descriptor(Int32)
    }

    public enum Leadership: Hashable, Sendable {
        /// In this process's group: a terminal's Ctrl-C reaches both.
        case none
        case group
        /// A session of its own (and so a group): it survives the end of this process's terminal.
        case session
    }

    /// With a slash, a path; without one, looked for in `PATH`.
    public var executable: String
    /// Without the name of the program itself.
    public var arguments: [String]
    /// All of it; nil for this process's own.
    public var environment: [String: String]?
    /// Nil for this process's own.
    public var workingDirectory: String?
    public var leadership: Leadership
    public var standardInput: Stream
    public var standardOutput: Stream
    public var standardError: Stream
    /// Descriptors of this process that the new one has as 3, 4, ….
    public var extraDescriptors: [Int32]
    /// Signals that the new process finds blocked; all others it finds unblocked.
    public var blockedSignals: [Int32]

    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil,
        workingDirectory: String? = nil, leadership: Leadership = .none, standardInput: Stream = .null,
        standardOutput: Stream = .inherited, standardError: Stream = .inherited, extraDescriptors: [Int32] = [],
        blockedSignals: [Int32] = []
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.leadership = leadership
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.extraDescriptors = extraDescriptors
        self.blockedSignals = blockedSignals
    }

    /// Starts the process and gives it to the caller, who waits for its end through the result.
    public func start() throws(SystemError) -> SpawnedProcess {
        SpawnedProcess(pid: try startUnmanaged())
    }

    /// Starts the process for a caller that reaps its children itself.
    public func startUnmanaged() throws(SystemError) -> Int32 {
        let strings = [executable, workingDirectory ?? ""] + arguments
        let variables = environment ?? [:]
        let isSound =
            !strings.contains { $0.utf8.contains(0) }
            && !variables.contains { $0.key.utf8.contains(0) || $0.key.contains("=") || $0.value.utf8.contains(0) }
        guard isSound else { throw SystemError("start \(executable) with these arguments", code: EINVAL) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        let borrowed = try addStreams(to: &actions)
        defer { for descriptor in borrowed { close(descriptor) } }
        try check(sky_spawn_closefrom(&actions, 3 + Int32(extraDescriptors.count)))
        // Last: the paths of the streams are this process's.
        if let workingDirectory { try check(sky_spawn_chdir(&actions, workingDirectory)) }
        try setAttributes(&attributes)

        return try withCStrings([executable] + arguments) { (argv) throws(SystemError) -> Int32 in
            guard let environment else { return try spawn(actions, attributes, argv, nil) }
            let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return try withCStrings(variables) { (envp) throws(SystemError) -> Int32 in
                try spawn(actions, attributes, argv, envp)
            }
        }
    }

    private func spawn(
        _ actions: posix_spawn_file_actions_t, _ attributes: posix_spawnattr_t,
        _ argv: UnsafePointer<UnsafeMutablePointer<CChar>?>, _ envp: UnsafePointer<UnsafeMutablePointer<CChar>?>?
    ) throws(SystemError) -> Int32 {
        var (actions, attributes) = (actions, attributes)
        var pid: pid_t = 0
        let call = executable.contains("/") ? posix_spawn : posix_spawnp
        let variables = envp.map { UnsafeMutablePointer(mutating: $0) } ?? environ
        try check(call(&pid, executable, &actions, &attributes, argv, variables))
        return pid
    }

    /// Adds the streams, and returns the descriptors that the caller closes after the spawn. All are first moved out
    /// of the way of the numbers they get in the child.
    private func addStreams(to actions: inout posix_spawn_file_actions_t) throws(SystemError) -> [Int32] {
        var borrowed: [Int32] = []
        func give(_ descriptor: Int32, as number: Int32) throws(SystemError) {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 64)
            guard copy >= 0 else { throw SystemError.last("start \(executable)") }
            borrowed.append(copy)
            try check(posix_spawn_file_actions_adddup2(&actions, copy, number))
        }
        do throws(SystemError) {
            for (stream, number) in zip([standardInput, standardOutput, standardError], Int32(0)...) {
                switch stream {
                case .null:
                    try check(posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0))
                case .inherited: break
                case .append(let path):
                    let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_APPEND)
                    defer { close(file) }
                    try give(file, as: number)
                case .descriptor(let descriptor): try give(descriptor, as: number)
                }
            }
            for (descriptor, number) in zip(extraDescriptors, Int32(3)...) { try give(descriptor, as: number) }
        } catch {
            for descriptor in borrowed { close(descriptor) }
            throw error
        }
        return borrowed
    }

    private func setAttributes(_ attributes: inout posix_spawnattr_t) throws(SystemError) {
        var flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        switch leadership {
        case .none: break
        case .group: flags |= Int16(POSIX_SPAWN_SETPGROUP)
        case .session: flags |= sky_spawn_setsid
        }
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in blockedSignals { sigaddset(&mask, signal) }
        var all = sigset_t()
        sigfillset(&all)
        try check(posix_spawnattr_setflags(&attributes, flags))
        try check(posix_spawnattr_setpgroup(&attributes, 0))
        try check(posix_spawnattr_setsigmask(&attributes, &mask))
        try check(posix_spawnattr_setsigdefault(&attributes, &all))
    }

    private func check(_ code: Int32) throws(SystemError) {
        guard code != 0 else { return }
        let place = workingDirectory.map { " in \($0)" } ?? ""
        throw SystemError("start \(executable)\(place)", code: code)
    }
}

/// Calls `body` with a null-terminated array of C strings.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws(SystemError) -> Result
) throws(SystemError) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return try body(pointers)
}
