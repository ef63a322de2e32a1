import Glibc
import SkyCatalog

/// The machine that `sky` is typed on.
enum ThisMachine {
    /// Its processors and memory, as the system reports them; what `local` offers.
    static var shape: HostShape {
        let pages = max(0, sysconf(Int32(_SC_PHYS_PAGES)))
        let pageSize = max(0, sysconf(Int32(_SC_PAGESIZE)))
        let bytes = Double(pages) * Double(pageSize)
        // To a tenth: what the kernel keeps for itself differs from boot to boot.
        return HostShape(
            cpus: Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            memoryGiB: max(0.1, (bytes / 1_073_741_824 * 10).rounded() / 10))
    }
}
