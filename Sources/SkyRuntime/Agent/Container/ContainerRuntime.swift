import FoundationEssentials
import Glibc
import SkyProcess

/// A program of this machine that runs containers.
struct ContainerRuntime: Equatable {
    enum Kind: String, Codable { case docker, podman }

    var kind: Kind
    /// Absolute.
    var path: String

    /// Nil where there is none. Docker, if its daemon can be asked; else podman, which needs none.
    static func find(in environment: [String: String] = ProcessInfo.processInfo.environment) -> ContainerRuntime? {
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        func runtime(_ kind: Kind) -> ContainerRuntime? {
            folders.lazy.map { "\($0)/\(kind.rawValue)" }.first { (path: String) in access(path, X_OK) == 0 }
                .map { ContainerRuntime(kind: kind, path: $0) }
        }
        let (docker, podman) = (runtime(.docker), runtime(.podman))
        let canAsk = environment["DOCKER_HOST"] != nil || access("/var/run/docker.sock", R_OK | W_OK) == 0
        return canAsk ? docker ?? podman : podman ?? docker
    }
}
