import Glibc
import SkyPlacement
import SkyProcess

/// The program behind `exec:`, found and fit to be started.
struct ProgramCommand: Hashable, Sendable {
    static let prefix = "exec:"

    /// As it was written, with the path made absolute: `exec:/home/me/policy.py --strict`.
    let notation: String
    /// As it was written.
    let name: String
    let path: String
    let arguments: [String]

    /// - Parameters:
    ///   - text: what follows `exec:`: a path, and arguments separated by blanks.
    ///   - folder: what a relative path is relative to.
    /// - Throws: when there is no such program, or it may not be executed.
    init(_ text: String, in folder: String) throws(PolicyNotationError) {
        func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
        var words = text.split(separator: " ").map(String.init)
        // A path with blanks is written as it is.
        if Files.exists(absolute(text)), !Files.isFolder(absolute(text)) { words = [text] }
        guard let first = words.first else {
            throw PolicyNotationError("'exec:' needs a program", hints: ["such as exec:./my_policy.py"])
        }
        let wanted = absolute(first)
        guard let path = Files.absolutePath(wanted), !Files.isFolder(path) else {
            throw PolicyNotationError(
                "there is no program '\(wanted)'",
                hints: first.hasPrefix("/") ? [] : ["its path is relative to \(folder)"])
        }
        guard access(path, X_OK) == 0 else {
            throw PolicyNotationError("'\(wanted)' cannot be executed", hints: ["chmod +x \(wanted)"])
        }
        self.path = path
        arguments = Array(words.dropFirst())
        name = Self.prefix + text
        notation = Self.prefix + ([path] + arguments).joined(separator: " ")
    }
}
