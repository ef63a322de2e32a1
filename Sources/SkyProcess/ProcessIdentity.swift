import Glibc

/// A process, and no other that later gets its number: not even after the machine was started anew.
public struct ProcessIdentity: Hashable, Sendable {
    public var pid: Int32
    /// In clock ticks since the machine's start.
    public var startTicks: UInt64
    /// The kernel's name for this run of the machine.
    public var boot: String

    /// Nil when there is no such process.
    public init?(of pid: Int32) {
        guard let status = ProcessTable.status(of: pid) else { return nil }
        self.pid = pid
        startTicks = status.startTicks
        boot = Self.currentBoot
    }

    public static var current: ProcessIdentity? { ProcessIdentity(of: getpid()) }

    /// True while it is this very process that has the number, and more than a zombie.
    public var isAlive: Bool {
        guard let status = ProcessTable.status(of: pid), !status.isGone else { return false }
        return status.startTicks == startTicks && boot == Self.currentBoot
    }

    /// The kernel's name for this run of the machine; `-` where it has none.
    public static let currentBoot: String = {
        guard let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id")) ?? nil else { return "-" }
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }()
}

extension ProcessIdentity: CustomStringConvertible {
    /// `PID TICKS BOOT`, as files keep it; `init(_:)` reads it again.
    public var description: String { "\(pid) \(startTicks) \(boot)" }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(whereSeparator: \.isWhitespace)
        guard parts.count == 3, let pid = Int32(parts[0]), pid > 0, let ticks = UInt64(parts[1]) else { return nil }
        self.pid = pid
        startTicks = ticks
        boot = String(parts[2])
    }
}
