import Glibc
import SkyProcess

extension HostFailure {
    init(_ error: SystemError) {
        self.init([ENOSPC, EDQUOT].contains(error.code) ? .noSpace : .system, error.description)
    }

    init(_ error: EscapesNode) { self.init(.badPath, error.description) }
}
