import Glibc

/// Where the parts of `sky` are that are not in its executable.
struct Installation: Hashable, Sendable {
    /// Holds `providers/`.
    let root: String
    private let executable: String
    private let agentOverride: String?

    var providers: String { "\(root)/providers" }

    /// `SKY_ROOT` if that is set; else the nearest folder above the executable with `providers/`, in itself or in
    /// its `share/sky`.
    ///
    /// - Throws: `CommandFailure` when there is none.
    init(environment: [String: String], executable: String = Installation.executablePath()) throws {
        self.executable = executable
        agentOverride = environment["SKY_AGENT"].flatMap { $0.isEmpty ? nil : absolutePath($0) }
        if let wished = environment["SKY_ROOT"], !wished.isEmpty {
            root = absolutePath(wished)
            guard isFolder("\(root)/providers") else {
                throw CommandFailure(
                    .wrongRequest, "SKY_ROOT is \(wished), but there is no folder 'providers' in it",
                    hints: ["unset SKY_ROOT, or set it to the folder that holds providers/"])
            }
            return
        }
        guard let found = Self.nearestRoot(above: executable) else {
            throw CommandFailure(
                .wrongRequest, "cannot find the catalog: no folder 'providers' above \(executable)",
                hints: ["set SKY_ROOT to the folder that holds providers/"])
        }
        root = found
    }

    /// Where the runtime that is copied to nodes should be: `SKY_AGENT`, or `sky-agent` beside this executable.
    var agentPath: String { agentOverride ?? parent(of: executable) + "/sky-agent" }

    /// The runtime that is copied to nodes.
    ///
    /// - Throws: `CommandFailure` when it is not there or cannot be run.
    func agent() throws -> String {
        let path = agentPath
        guard access(path, X_OK) == 0, !isFolder(path) else {
            let reason = access(path, F_OK) == 0 ? "\(path) cannot be executed" : "there is no \(path)"
            throw CommandFailure(
                .wrongRequest, "cannot find the agent that runs on nodes: \(reason)",
                hints: ["swift build --product sky-agent", "or set SKY_AGENT to where it is"])
        }
        return path
    }

    /// This process's executable, links followed.
    static func executablePath() -> String {
        guard let path = realpath("/proc/self/exe", nil) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    private static func nearestRoot(above executable: String) -> String? {
        var folder = parent(of: executable)
        while true {
            for candidate in [folder, "\(folder)/share/sky"] where isCatalog("\(candidate)/providers") {
                return candidate
            }
            guard !folder.isEmpty else { return nil }
            folder = parent(of: folder)
        }
    }

    /// Some other program's `providers` folder on the way up is not ours: ours knows the local machine.
    private static func isCatalog(_ folder: String) -> Bool { access("\(folder)/local/provider.yaml", R_OK) == 0 }
}

private func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
}

private func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
