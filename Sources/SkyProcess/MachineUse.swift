import Glibc

/// What this machine has used since it was started, as /proc shows it.
public struct MachineUse: Sendable {
    /// Processor time in milliseconds, of all processors together.
    public var busy: Int64 = 0
    public var memoryTotal: Int64 = 0
    public var memoryAvailable: Int64 = 0
    public var diskRead: Int64 = 0
    public var diskWritten: Int64 = 0
    /// Over all interfaces but the loopback.
    public var received: Int64 = 0
    public var sent: Int64 = 0

    public static func now() -> MachineUse {
        func text(_ path: String) -> String { String(decoding: ((try? Files.read(path)) ?? nil) ?? [], as: UTF8.self) }
        var use = MachineUse()
        use.takeProcessors(text("/proc/stat"))
        use.takeMemory(text("/proc/meminfo"))
        use.takeDisks(text("/proc/diskstats"))
        use.takeInterfaces(text("/proc/net/dev"))
        return use
    }

    mutating func takeProcessors(_ text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu ") }) else { return }
        let ticks = line.split(separator: " ").dropFirst().compactMap { Int64($0) }
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
        guard ticks.count >= 8 else { return }
        busy = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) * ClockTicks.milliseconds
    }

    mutating func takeMemory(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, let kibibytes = Int64(words[1]) else { continue }
            if words[0] == "MemTotal:" { memoryTotal = kibibytes * 1024 }
            if words[0] == "MemAvailable:" { memoryAvailable = kibibytes * 1024 }
        }
    }

    mutating func takeDisks(_ text: String) {
        let names = Set(Files.names(in: "/sys/block").filter { !$0.hasPrefix("loop") && !$0.hasPrefix("ram") })
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            // Whole disks only, or their partitions would count twice; and no volume that is made of others.
            guard words.count > 9, names.contains(String(words[2])), !words[2].hasPrefix("dm-"),
                !words[2].hasPrefix("md"),
                let read = Int64(words[5]), let written = Int64(words[9])
            else { continue }
            diskRead += read * 512
            diskWritten += written * 512
        }
    }

    mutating func takeInterfaces(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = line[..<colon].drop { $0 == " " }
            let numbers = line[line.index(after: colon)...].split(separator: " ").compactMap { Int64($0) }
            guard name != "lo", numbers.count > 8 else { continue }
            received += numbers[0]
            sent += numbers[8]
        }
    }
}

/// The unit in which /proc counts processor time.
enum ClockTicks {
    static var milliseconds: Int64 { 1000 / max(1, Int64(sysconf(Int32(_SC_CLK_TCK)))) }
}

extension ProcessTable {
    /// Processor time in milliseconds: of the process, and of its children that have ended and were waited for. Zeros once
    /// it is gone.
    public static func processorTime(of pid: Int32) -> (own: Int64, children: Int64) {
        guard let bytes = (try? Files.read("/proc/\(pid)/stat")) ?? nil,
            let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return (0, 0) }
        let fields = String(decoding: bytes[(end + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 14 else { return (0, 0) }
        let ticks = fields[11...14].map { Int64($0) ?? 0 }
        return ((ticks[0] + ticks[1]) * ClockTicks.milliseconds, (ticks[2] + ticks[3]) * ClockTicks.milliseconds)
    }
}
