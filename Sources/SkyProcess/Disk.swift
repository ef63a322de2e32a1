import Glibc

/// What is done to folders here beside `Files`.
public enum Disk {
    /// A name in the same folder that nobody uses, hidden.
    public static func temporaryName(beside path: String) -> String {
        let (folder, name) = split(path)
        return "\(folder)/.\(name).\(String(UInt64.random(in: 0 ... .max), radix: 36))"
    }

    /// The folder and the last part. `/a/b` is `/a` and `b`, and `/a` is the empty text and `a`.
    public static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    /// Removes a file, or a folder with all in it; links are removed, never followed. Fine if it is not there.
    public static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        guard errno == EISDIR || errno == EPERM else { throw .last("remove \(path)") }
        if rmdir(path) == 0 || errno == ENOENT { return }
        if errno == EACCES || errno == EPERM { throw .last("remove \(path)") }
        // A job may have left folders that not even their owner may write to.
        chmod(path, 0o700)
        for name in Files.names(in: path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .last("remove \(path)") }
    }

    public static func rename(_ path: String, to new: String) throws(SystemError) {
        guard Glibc.rename(path, new) == 0 else { throw .last("make \(new)") }
    }

    /// The file's type bits, without following a last link; nil when there is no such thing.
    public static func kind(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Puts what stands at `path` in the place of what is at `destination`, whatever that is.
    public static func replace(_ destination: String, by path: String) throws(SystemError) {
        if Glibc.rename(path, destination) == 0 { return }
        // A folder cannot be renamed over another that has something in it, nor over a file, nor a file over a folder.
        guard [EEXIST, ENOTEMPTY, ENOTDIR, EISDIR].contains(errno) else { throw .last("replace \(destination)") }
        let old = temporaryName(beside: destination)
        guard Glibc.rename(destination, old) == 0 else { throw .last("replace \(destination)") }
        guard Glibc.rename(path, destination) == 0 else {
            let failure = SystemError.last("replace \(destination)")
            Glibc.rename(old, destination)
            throw failure
        }
        try remove(old)
    }
}
