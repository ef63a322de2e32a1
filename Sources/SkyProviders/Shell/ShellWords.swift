import SkyRuntime

/// Words of the shell's language.
enum ShellWords {
    /// `--dir DIR --hex-path PATH` for a shell.
    static func place(_ directory: String, _ path: String) -> String {
        "--dir \(quoted(directory)) --hex-path \(SHA256.hex(Array(path.utf8)))"
    }

    static func quoted(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
