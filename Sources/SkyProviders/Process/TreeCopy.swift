import Glibc
import SkyProcess

/// Copies a file or a folder within this machine, all or nothing. Blocks.
///
/// Contents, names, links inside a folder (as they are) and permissions are kept; times and owners are not. Sockets,
/// pipes and devices are no content and are left out.
struct TreeCopy {
    /// What is being made; never copied into itself when the destination lies inside the source.
    private let target: String

    /// Replaces what is at `destination`; folders above it are made.
    static func copy(from source: String, to destination: String) throws(SystemError) {
        try Files.makeFolder(Disk.split(destination).folder)
        let temporary = Disk.temporaryName(beside: destination)
        do throws(SystemError) {
            var status = stat()
            guard stat(source, &status) == 0 else { throw SystemError.last("copy \(source)") }
            try TreeCopy(target: temporary).copy(source, status, to: temporary)
            try Disk.replace(destination, by: temporary)
        } catch {
            try? Disk.remove(temporary)
            throw error
        }
    }

    private func copy(_ source: String, _ status: stat, to destination: String) throws(SystemError) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: try copyFile(source, status, to: destination)
        case S_IFDIR: try copyFolder(source, status, to: destination)
        case S_IFLNK: try copyLink(source, to: destination)
        default: break
        }
    }

    private func copyFolder(_ source: String, _ status: stat, to destination: String) throws(SystemError) {
        guard mkdir(destination, 0o700) == 0 else { throw .last("make the folder \(destination)") }
        for name in Files.names(in: source) {
            let path = "\(source)/\(name)"
            var child = stat()
            guard lstat(path, &child) == 0 else {
                // Gone since the folder was listed: temporary files come and go under a running job.
                if errno == ENOENT { continue }
                throw .last("copy \(path)")
            }
            if child.st_mode & S_IFMT == S_IFDIR, isTarget(child) { continue }
            try copy(path, child, to: "\(destination)/\(name)")
        }
        chmod(destination, status.st_mode & 0o777)
    }

    private func isTarget(_ status: stat) -> Bool {
        var made = stat()
        return stat(target, &made) == 0 && made.st_ino == status.st_ino && made.st_dev == status.st_dev
    }

    private func copyLink(_ source: String, to destination: String) throws(SystemError) {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(source, &text, text.count)
        guard count >= 0 else { throw .last("copy \(source)") }
        guard
            symlink(String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self), destination) == 0
        else {
            throw .last("copy \(source)")
        }
    }

    private func copyFile(_ source: String, _ status: stat, to destination: String) throws(SystemError) {
        let reading = try Descriptor.open(source, O_RDONLY)
        defer { close(reading) }
        let writing = try Descriptor.open(destination, O_WRONLY | O_CREAT | O_EXCL)
        defer { close(writing) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(reading, &buffer, buffer.count)
            if count == 0 { break }
            if count > 0 {
                try Descriptor.writeAll(writing, Array(buffer[..<count]))
            } else if errno != EINTR {
                throw SystemError.last("copy \(source)")
            }
        }
        guard fchmod(writing, status.st_mode & 0o777) == 0 else { throw .last("copy \(source)") }
    }
}
