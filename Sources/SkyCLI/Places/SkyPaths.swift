import Glibc

/// Where a person's things are: `SKY_HOME`, or the XDG folders.
struct SkyPaths: Hashable, Sendable {
    /// Settings.
    let config: String
    /// The journal, logs and local artifacts.
    let state: String
    /// What can be made again.
    let cache: String

    /// Prices that were read anew from where providers publish them.
    var prices: String { "\(cache)/prices" }

    /// `$SKY_HOME/{config,state,cache}` if that is set; else `sky` in `$XDG_CONFIG_HOME`, `$XDG_STATE_HOME` and
    /// `$XDG_CACHE_HOME`, each with its usual place below `$HOME`. Nothing is created.
    ///
    /// - Throws: `CommandFailure` when none of these says where.
    init(environment: [String: String]) throws {
        if let home = environment["SKY_HOME"], !home.isEmpty {
            let root = absolutePath(home)
            (config, state, cache) = ("\(root)/config", "\(root)/state", "\(root)/cache")
            return
        }
        func folder(_ variable: String, _ usual: String) throws -> String {
            // The XDG rules: a relative path is to be ignored.
            if let path = environment[variable], path.hasPrefix("/") { return "\(path)/sky" }
            guard let home = environment["HOME"], home.hasPrefix("/") else {
                throw CommandFailure(
                    .wrongRequest, "cannot tell where to keep things: neither SKY_HOME nor HOME is set",
                    hints: ["SKY_HOME=/some/folder sky …"])
            }
            return "\(home)/\(usual)/sky"
        }
        config = try folder("XDG_CONFIG_HOME", ".config")
        state = try folder("XDG_STATE_HOME", ".local/state")
        cache = try folder("XDG_CACHE_HOME", ".cache")
    }

    /// Makes the folders that are missing, for this user only (mode 0700).
    ///
    /// - Throws: `CommandFailure` naming the folder and the reason.
    func create() throws {
        for path in [config, state, cache] { try createFolder(path) }
    }
}

private func createFolder(_ path: String) throws {
    var part = ""
    for name in path.split(separator: "/") {
        part += "/\(name)"
        guard mkdir(part, 0o700) != 0 else { continue }
        let reason = errno
        var status = stat()
        guard stat(part, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure(
                .wrongRequest, "cannot make the folder \(part): \(String(cString: strerror(reason)))",
                hints: ["SKY_HOME=/some/folder sky … keeps everything elsewhere"])
        }
    }
}

/// `path`, from the working directory if it is relative.
func absolutePath(_ path: String) -> String {
    guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
    defer { free(here) }
    return "\(String(cString: here))/\(path)"
}
