import Glibc
import SkyProcess
import SkyRuntime

extension SystemError {
    /// What mends itself, or can be mended while the broker waits, is passing trouble; the rest never works.
    func providerError(_ provider: String) -> ProviderError {
        let lasting: Set<Int32> = [EACCES, EPERM, EROFS, ENOTDIR, ENAMETOOLONG, ELOOP, EINVAL, EISDIR, ENOENT]
        return ProviderError(lasting.contains(code) ? .badRequest : .transient, provider: provider, description)
    }
}

extension EscapesNode {
    func providerError(_ provider: String) -> ProviderError {
        ProviderError(.badRequest, provider: provider, description)
    }
}
