import Glibc

/// How many files and sockets this process may have open.
public enum OpenFiles {
    /// Raises the limit to what the system lets this user have. What does not work leaves it as it is.
    public static func allowAsManyAsPossible() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
