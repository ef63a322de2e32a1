import FoundationEssentials
import Glibc
import SkyProcess

/// What a job with mounts may leave when it was killed. No mount: those are in a namespace that ends with its last process.
enum MountRemains {
    /// To be called when nothing of the job runs any more. Doing it twice is the same as once.
    static func clear(_ folder: JobFolder) {
        guard folder.hasMounts else { return }
        dropCredentials(of: folder)
        // What the job could not send while it ended is lost with it.
        for name in Files.names(in: folder.path) where name.hasPrefix("mount-") && name.hasSuffix(".cache") {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/\(name)")
        }
        let made = folder.madeForMounts()
        guard !made.isEmpty else { return }
        for path in made.reversed() where !isMountedUpon(path) { remove(path) }
        unlink(folder.made)
    }

    static func dropCredentials(of folder: JobFolder) {
        for name in Files.names(in: folder.path) where name.hasPrefix("mount-") && name.hasSuffix(".env") {
            unlink("\(folder.path)/\(name)")
        }
    }

    /// Only what is empty: a folder, a file or a link was made for the job, and what somebody has put there since is his.
    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: rmdir(path)
        case S_IFREG where status.st_size == 0: unlink(path)
        case S_IFLNK: unlink(path)
        default: break
        }
    }

    /// Another job has found the folder there and mounts upon it: without the folder its mount would be gone.
    private static func isMountedUpon(_ path: String) -> Bool {
        ProcessTable.all().contains { process in
            guard let bytes = (try? Files.read("/proc/\(process.pid)/mountinfo")) ?? nil else { return false }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                .contains { $0.split(separator: " ").dropFirst(4).first.map(String.init) == path }
        }
    }
}
