import Glibc

/// How many files and sockets this process, and those that it starts, may have open.
public enum OpenFiles {
    /// Raises the limit to what the system lets this user have. What does not work leaves it as it is.
    public static func allowAsManyAsPossible() {
        guard var limit = current else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }

    /// The most that this user may have; nil where there is no limit, or none that can be read.
    public static var most: Int? {
        guard let limit = current, limit.rlim_max != rlim_t.max else { return nil }
        return Int(clamping: limit.rlim_max)
    }

    /// Just so many from now on, also for processes that want more.
    public static func limit(to count: Int) throws(SystemError) {
        var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
        guard setrlimit(resource, &limit) == 0 else { throw .last("set the limit of open files to \(count)") }
    }

    private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

    private static var current: rlimit? {
        var limit = rlimit()
        return getrlimit(resource, &limit) == 0 ? limit : nil
    }
}

/// Pictures of memory that the kernel writes when a program crashes: large, slow to write, and full of secrets.
public enum CoreDumps {
    /// For this process and those that it starts.
    public static func forbid() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
