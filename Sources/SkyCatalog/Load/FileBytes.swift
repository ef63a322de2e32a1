import Glibc
import SkyCore

/// The bytes of the file at `path`, or the diagnostic that says why there are none.
func fileBytes(_ path: String) throws(DiagnosticsError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw unreadable(path, EISDIR) }
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: max(0, Int(status.st_size))) { buffer, count in
        while count < buffer.count, let start = buffer.baseAddress {
            let got = read(descriptor, start + count, buffer.count - count)
            if got < 0, errno == EINTR { continue }
            if got < 0 { failure = errno }
            if got <= 0 { break }
            count += got
        }
    }
    if failure != 0 { throw unreadable(path, failure) }
    return bytes
}

/// The bytes of the file at `path`, or of `path.gz`, unpacked, if only that is there.
func textBytes(_ path: String) throws(DiagnosticsError) -> [UInt8] {
    guard !fileExists(path), fileExists("\(path).gz") else { return try fileBytes(path) }
    if let bytes = Gzip.unpacked(try fileBytes("\(path).gz")) { return bytes }
    let diagnostic = Diagnostic(
        code: "catalog.unreadable", path: "\(path).gz", message: "the file is not gzip, or it is damaged",
        help: "get it again")
    throw DiagnosticsError([diagnostic], sources: [])
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }

/// The names in the folder at `path`, sorted; empty when it cannot be read.
func folderEntries(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
}

/// Writes a file beside the one at `path` and renames it: nobody sees half of it. False, leaving what was there, when
/// it cannot be written.
func replaceFile(_ path: String, with bytes: [UInt8], mode: mode_t = 0o644) -> Bool {
    let temporary = "\(path).\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { return false }
    let isWhole = bytes.withUnsafeBytes { buffer -> Bool in
        var written = 0
        while written < buffer.count, let start = buffer.baseAddress {
            let count = write(descriptor, start + written, buffer.count - written)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
    guard close(descriptor) == 0, isWhole, rename(temporary, path) == 0 else {
        unlink(temporary)
        return false
    }
    return true
}

func removeFile(_ path: String) { unlink(path) }

private func unreadable(_ path: String, _ code: Int32) -> DiagnosticsError {
    let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    let diagnostic = Diagnostic(code: "catalog.unreadable", path: path, message: "the file cannot be read: \(reason)")
    return DiagnosticsError([diagnostic], sources: [])
}
