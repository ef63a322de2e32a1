import Glibc
import SkyProcess

/// Where processes listen, as the kernel tells it.
struct OpenPorts: Equatable, CustomStringConvertible {
    struct Port: Hashable, CustomStringConvertible {
        /// `tcp`, `tcp6`, `udp`, `udp6`, `raw`, `raw6`.
        let kind: String
        /// As in /proc/net: the address in hexadecimal.
        let address: String
        let number: Int

        var isLoopback: Bool {
            // 127.0.0.0/8 and ::1, each word of four bytes in the machine's order.
            address.hasSuffix("7F") && address.count == 8 || address == "00000000000000000000000001000000"
        }

        var description: String { "\(kind) \(address):\(number)" }
    }

    var ports: Set<Port> = []

    var description: String { ports.map(\.description).sorted().joined(separator: ", ") }

    /// Those of all these processes, in whatever network they are.
    init(of processes: some Sequence<Int32>) {
        for pid in processes {
            let sockets = Set(
                Files.names(in: "/proc/\(pid)/fd").compactMap { name -> Substring? in
                    let link = Self.link("/proc/\(pid)/fd/\(name)")
                    return link.hasPrefix("socket:[") ? link.dropFirst("socket:[".count).dropLast() : nil
                })
            guard !sockets.isEmpty else { continue }
            for kind in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"] {
                ports.formUnion(Self.ports(of: kind, seenBy: pid, among: sockets))
            }
        }
    }

    private static func ports(of kind: String, seenBy pid: Int32, among sockets: Set<Substring>) -> [Port] {
        let table = String(decoding: ((try? Files.read("/proc/\(pid)/net/\(kind)")) ?? nil) ?? [], as: UTF8.self)
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, sockets.contains(fields[9]) else { return nil }
            let local = fields[1].split(separator: ":")
            // Of TCP only those that listen; whatever is bound otherwise hears everybody.
            guard local.count == 2, !kind.hasPrefix("tcp") || fields[3] == "0A" else { return nil }
            return Port(kind: kind, address: String(local[0]), number: Int(local[1], radix: 16) ?? 0)
        }
    }

    private static func link(_ path: String) -> String {
        withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
            guard let start = buffer.bindMemory(to: CChar.self).baseAddress else { return "" }
            return String(decoding: buffer.prefix(max(0, readlink(path, start, buffer.count))), as: UTF8.self)
        }
    }
}
