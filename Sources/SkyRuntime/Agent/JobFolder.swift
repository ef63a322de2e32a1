import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess

/// What the disk knows of one job. It is the only truth: agent and supervisor may die at any time, and whoever comes
/// after them reads it here.
///
///     job.json     what to run; written before anything starts
///     container    the program that runs its container, until there is none any more; `container.sh`, `inside.sh` and
///                  `variables` are how, see `ContainerScripts`
///     mounted.sh   how it runs if it has mounts, with `inside.sh`, see `MountScripts`; then there are for each mount of a bucket
///                  `mount-N.env` until it is mounted, and `mount-N.log`, and besides
///     mounters     the processes that mount buckets for it; `keeper` the one that sees what is mounted
///     made         what was made on the node to mount upon, until it is gone
///     secrets      those of its variables whose values are nobody's business; gone once it has ended well
///     lifeline     a named pipe that the supervisor holds open and locked as long as it lives: nobody else can run the
///                  job, and readers see its end at once, on any kernel and however it comes
///     supervisor   the supervisor's identity; written before the first command starts. Empty, or not there, before
///     log          what the commands print, its beginning a hole once there is too much of it
///     log.marks    which parts of that went to standard error, and when; see `LogMarks`
///     place        its number in the node's queue, if it had to wait
///     devices      the indexes of the accelerators that it has, if it wanted some
///     exit         a line that says how the job ended: its code, and the limit that it has exceeded; once whole it never
///                  changes. Until then its room, taken from the disk before the command begins
struct JobFolder {
    let path: String

    var lifeline: String { "\(path)/lifeline" }
    var log: String { "\(path)/log" }
    var marks: String { "\(path)/log.marks" }
    private var spec: String { "\(path)/job.json" }
    private var secrets: String { "\(path)/secrets" }
    private var supervisor: String { "\(path)/supervisor" }
    private var place: String { "\(path)/place" }
    private var devices: String { "\(path)/devices" }
    private var exit: String { "\(path)/exit" }

    /// In every process of the job, so that those whose parents have died are still found.
    static let markVariable = "SKY_JOB_DIR"

    // MARK: What to run

    var hasSpec: Bool { Files.exists(spec) }

    /// Makes the folder and all that a supervisor expects in it. The specification comes last: with it, the job exists.
    ///
    /// - Parameters:
    ///   - isUsed: another job's files are in it, which is over.
    ///   - final: where it will be when the job begins; nil: here.
    func create(_ job: JobSpec, isUsed: Bool = false, becoming final: JobFolder? = nil) throws(SystemError) {
        if isUsed { try empty() } else { try Files.makeFolder(path, mode: 0o700) }
        if mkfifo(lifeline, 0o600) != 0, errno != EEXIST { throw .last("make \(lifeline)") }
        // Here and not when they are needed: a disk with too little room refuses the job instead of ending it.
        try Files.put(exit, "??? ??????".utf8)
        for (name, text) in job.scripts { try Files.put(script(name), text.utf8) }
        if let image = job.image {
            try createContainer(of: image, job, at: final?.path ?? path)
        } else if let mounts = job.mounts, !mounts.isEmpty {
            try createMounts(mounts, job, at: final?.path ?? path)
        }
        if let secrets = job.secrets { try Files.put(self.secrets, try encode(secrets)) }
        var job = job
        job.secrets = nil
        job.mounts = job.mounts?.map { mount in
            guard case .bucket(var bucket) = mount.source else { return mount }
            var mount = mount
            bucket.variables = [:]
            mount.source = .bucket(bucket)
            return mount
        }
        try Files.replace(spec, with: try encode(job), durability: .processes)
    }

    private var variables: String { "\(path)/variables" }
    private var container: String { "\(path)/container" }

    private func createContainer(of image: String, _ job: JobSpec, at path: String) throws(SystemError) {
        guard let runtime = ContainerRuntime.find() else { throw SystemError("run containers", code: ENOENT) }
        let node = Files.parent(of: Files.parent(of: path))
        let scripts = ContainerScripts(
            runtime: runtime, image: image, folder: path, node: node, job: job, user: (geteuid(), getegid()))
        // Written here, and read there.
        try Files.put(script("container"), scripts.outside.utf8)
        try Files.put(script("inside"), scripts.inside.utf8)
        try Files.put(variables, scripts.variables.utf8)
        try Files.put(container, runtime.path.utf8)
    }

    private func createMounts(_ mounts: [JobMount], _ job: JobSpec, at path: String) throws(SystemError) {
        let node = Files.parent(of: Files.parent(of: path))
        let scripts = MountScripts(
            tools: MountTools.find(), folder: path, node: node, job: job, user: (geteuid(), getegid()))
        // Written here, and read there.
        try Files.put(script("mounted"), scripts.outside.utf8)
        try Files.put(script("inside"), scripts.inside.utf8)
        for (number, mount) in mounts.enumerated() {
            guard let bucket = mount.bucket else { continue }
            try Files.put("\(self.path)/mount-\(number).env", scripts.variables(of: bucket).utf8, mode: 0o600)
        }
    }

    var hasMounts: Bool { Files.exists(script("mounted")) }

    var made: String { "\(path)/made" }

    /// In the order in which it was made.
    func madeForMounts() -> [String] {
        let bytes = (try? Files.read(made)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("/") }
    }

    /// The processes that mount buckets for the job: leaders of sessions of their own.
    func mounters() -> [Int32] { numbers(in: "\(path)/mounters").map { Int32(truncatingIfNeeded: $0) } }

    /// The process whose view of the file system is the job's; nil when none is there.
    func mountKeeper() -> Int32? {
        guard end() == nil, let pid = numbers(in: "\(path)/keeper").first.map({ Int32(truncatingIfNeeded: $0) }),
            ProcessTable.isAlive(pid)
        else { return nil }
        return pid
    }

    /// The path of the program that may have a container of this job; nil when there is none.
    func containerRuntime() -> String? {
        ((try? Files.read(container)) ?? nil).map { String(decoding: $0, as: UTF8.self) }
    }

    func forgetContainer() { unlink(container) }

    private func encode(_ value: some Encodable) throws(SystemError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { throw SystemError("write \(spec)", code: EINVAL) }
        return data
    }

    private var oftenMissing: [String] {
        [place, devices, secrets, variables, container, made, "\(path)/mounters", "\(path)/keeper"]
            + ["setup", "container", "inside", "mounted"].map(script)
    }

    /// Takes everything from it that a new job must not find. Files stay: to make one costs more than all else here.
    private func empty() throws(SystemError) {
        for file in [supervisor, log, marks] where truncate(file, 0) != 0 && errno != ENOENT {
            throw .last("empty \(file)")
        }
        for file in oftenMissing where unlink(file) != 0 && errno != ENOENT {
            throw .last("remove \(file)")
        }
    }

    func loadSpec() throws(SystemError) -> JobSpec {
        guard
            let bytes = try Files.read(spec),
            var job = try? JSONDecoder().decode(JobSpec.self, from: Data(bytes))
        else { throw SystemError("read \(spec)", code: EINVAL) }
        if let bytes = try Files.read(secrets) {
            job.secrets = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        }
        return job
    }

    /// A command, beside the specification: the shell reads it from there, so that its length has no limit and nothing of
    /// it shows in a process list.
    func script(_ name: String) -> String { "\(path)/\(name).sh" }

    // MARK: Its turn

    func recordPlace(_ number: Int) throws(SystemError) {
        try Files.replace(place, with: "\(number)\n".utf8, durability: .processes)
    }

    /// Nil of a job that never had to wait.
    func queuePlace() -> Int? { numbers(in: place).first }

    /// Before its supervisor starts, which hands them on.
    func recordDevices(_ indexes: [Int]) throws(SystemError) {
        let text = indexes.map(String.init).joined(separator: " ") + "\n"
        try Files.replace(devices, with: text.utf8, durability: .processes)
    }

    func grantedDevices() -> [Int] { numbers(in: devices) }

    private func numbers(in path: String) -> [Int] {
        let bytes = (try? Files.read(path)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
    }

    // MARK: Who looks after it

    /// - Parameter group: the control group that it shares with nobody but its jobs.
    func recordSupervisor(_ identity: ProcessIdentity, group: ControlGroup? = nil) throws(SystemError) {
        try Files.put(supervisor, "\(identity)\n\(group.map { "\($0.path)\n" } ?? "")".utf8)
    }

    /// Nil until a supervisor has begun.
    func supervisorIdentity() -> ProcessIdentity? {
        supervisorLines().first.flatMap { ProcessIdentity($0) }
    }

    /// Nil where it has none.
    func supervisorGroup() -> ControlGroup? {
        let lines = supervisorLines()
        return lines.count > 1 ? ControlGroup(path: String(lines[1])) : nil
    }

    private func supervisorLines() -> [Substring] {
        let bytes = (try? Files.read(supervisor)) ?? nil
        return String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n")
    }

    /// True once a command of the job may have run: from then on the job is never started again.
    var hasBegun: Bool {
        var status = stat()
        return stat(supervisor, &status) == 0 && status.st_size > 0
    }

    // MARK: How it ended

    /// On the disk when this returns, also on one that has become full since the job was made. Only for the
    /// holder of the lifeline.
    func recordEnd(_ end: JobEnd) throws(SystemError) {
        if hasMounts { MountRemains.dropCredentials(of: self) }
        // After a failure people may come in and look: it goes with the node.
        if end.code == 0 {
            unlink(secrets)
            unlink(variables)
        }
        let line = "\(end.text)\n".utf8
        guard Files.exists(exit) else { return try Files.writeNew(exit, with: line) }
        try Files.overwrite(exit, with: line)
    }

    /// Nil until the end was recorded whole.
    func end() -> JobEnd? {
        guard let bytes = (try? Files.read(exit)) ?? nil, let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        return JobEnd(String(decoding: bytes[..<end], as: UTF8.self))
    }

    // MARK: The log

    var logSize: Int64 {
        var status = stat()
        return stat(log, &status) == 0 ? Int64(status.st_size) : 0
    }
}
