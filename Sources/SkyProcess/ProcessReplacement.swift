import Glibc

/// Becoming another program: the process stays the same, with its terminal and its place in a shell's pipeline.
public enum ProcessReplacement {
    /// Returns only by throwing. The program finds no signal blocked and SIGPIPE as usual; descriptors that are closed on
    /// exec are closed.
    ///
    /// - Parameters:
    ///   - executable: with a slash, a path; without one, looked for in `PATH`, but only with this process's environment.
    ///   - environment: all of it; nil for this process's own.
    public static func become(
        _ executable: String, _ arguments: [String], environment: [String: String]? = nil
    ) throws(SystemError) {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        Glibc.signal(SIGPIPE, SIG_DFL)
        try withCStrings([executable] + arguments) { (argv) throws(SystemError) -> Void in
            guard let environment else {
                _ = execvp(executable, argv)
                return
            }
            let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            try withCStrings(variables) { (envp) throws(SystemError) -> Void in
                _ = execve(executable, argv, envp)
            }
        }
        throw .last("start \(executable)")
    }
}
