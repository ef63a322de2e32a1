public import SkyCore

/// What reading a pipeline file needs to know about other files. Paths are absolute.
public protocol FileSystemView: Sendable {
    /// Nil when there is nothing at `path`, or nothing that may be looked at.
    func kind(of path: String) -> FileKind?

    /// Bytes of a file, or of all files below a folder; nil when that cannot be found out.
    func size(of path: String) -> DataSize?

    /// What `~` stands for; nil when nobody's home.
    var homeDirectory: String? { get }
}

public enum FileKind: Sendable {
    case file, folder
}
