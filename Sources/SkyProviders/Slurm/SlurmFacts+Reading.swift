import SkyCore
import SkyRuntime

extension SlurmFacts {
    /// What the cluster's login host is asked: `sinfo`, and a little of the configuration.
    static let question = """
        if ! command -v sinfo >/dev/null 2>&1; then echo '@sky nocommand sinfo'; return; fi
        sinfo -h -e -o '@sky nodes %R|%a|%l|%s|%M|%p|%h|%D|%T|%c|%m|%G' || { echo '@sky down'; return; }
        scontrol show config | sed -n \
          -e 's/^ClusterName *= */@sky name /p' -e 's/^SLURM_VERSION *= */@sky version /p' \
          -e 's/^PreemptType *= */@sky preempt /p' -e 's/^AccountingStorageType *= */@sky accounting /p'
        echo '@sky end'
        """

    /// Nil when the answer is not whole.
    init?(_ lines: SlurmAnswer) {
        guard lines.has("end") else { return nil }
        let preempt = lines.value("preempt") ?? "preempt/none"
        self.init(
            clusterName: lines.value("name"), version: lines.value("version"), preempts: preempt != "preempt/none",
            hasAccounting: (lines.value("accounting") ?? "").hasSuffix("/slurmdbd"))
        for line in lines.values("nodes") {
            guard let found = SlurmNodes(line: line, preempts: preempts) else { continue }
            let same = nodes.firstIndex { $0.isAlike(found) }
            if let same {
                nodes[same].count += found.count
                nodes[same].usable += found.usable
            } else {
                nodes.append(found)
            }
        }
        // Nobody is there to take nodes from the highest of all.
        let highest = nodes.map(\.tier).max() ?? 0
        for index in nodes.indices where nodes[index].tier == highest { nodes[index].isPreemptible = false }
    }
}

extension SlurmNodes {
    fileprivate func isAlike(_ other: SlurmNodes) -> Bool {
        var (a, b) = (self, other)
        (a.count, a.usable, b.count, b.usable) = (0, 0, 0, 0)
        return a == b
    }

    /// `main|up|1-00:00:00|1-infinite|OFF|10|NO|2|idle|4|4000|gpu:a100:4(S:0-1)`
    fileprivate init?(line: String, preempts: Bool) {
        let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 12, let count = Int(parts[7]), let cpus = Int(parts[9].prefix { $0.isNumber }),
            let memory = Int(parts[10].prefix { $0.isNumber }), cpus > 0
        else { return nil }
        let most = parts[3].split(separator: "-").last.flatMap { Int($0) }
        self.init(
            partition: parts[0], isUp: parts[1] == "up", timeLimit: SlurmTime.span(parts[2]), mostNodes: most,
            isPreemptible: preempts && parts[4] != "OFF", tier: Int(parts[5]) ?? 1,
            isExclusive: parts[6].uppercased() == "EXCLUSIVE", count: count,
            usable: Self.isUsable(parts[8]) ? count : 0, cpus: cpus, memory: memory, gpus: SlurmGPUs(gres: parts[11]))
    }

    /// `idle`, `mixed`, `allocated`, `idle~` (asleep), not `idle*` (does not answer), `down`, `drained`.
    private static func isUsable(_ state: String) -> Bool {
        let bad = [
            "down", "drain", "fail", "unknown", "maint", "reserved", "inval", "power_down", "future", "no_respond",
        ]
        let name = state.lowercased()
        return !name.hasSuffix("*") && !bad.contains { name.hasPrefix($0) }
    }
}

extension SlurmGPUs {
    /// The first of `gpu:a100:4(S:0-1),shard:8`; nil without any.
    init?(gres: String) {
        for one in gres.split(separator: ",") {
            let parts = one.prefix { $0 != "(" }.split(separator: ":").map(String.init)
            guard parts.first == "gpu", let count = parts.last.flatMap({ Int($0) }), parts.count <= 3 else { continue }
            guard count > 0 else { return nil }
            self.init(type: parts.count == 3 ? parts[1] : nil, count: count)
            return
        }
        return nil
    }
}

/// Times as Slurm writes them.
enum SlurmTime {
    /// `infinite`, `UNLIMITED` and what is no time: nil. `30:00` are minutes and seconds, `2-00:00:00` two days.
    static func span(_ text: String) -> TimeSpan? {
        let days = text.split(separator: "-", omittingEmptySubsequences: false)
        guard days.count <= 2, let clock = days.last else { return nil }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { Int64($0) }
        guard (1...3).contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap(\.self)
        guard days.count == 1 || Int64(days[0]) != nil else { return nil }
        let day = days.count == 2 ? Int64(days[0]) ?? 0 : 0
        var seconds = day * 86_400
        if days.count == 2 {
            // Hours come first behind a day.
            for (number, unit) in zip(numbers, [3600, 60, 1] as [Int64]) { seconds += number * unit }
        } else if numbers.count == 1 {
            seconds += numbers[0] * 60
        } else {
            for (number, unit) in zip(numbers.reversed(), [1, 60, 3600] as [Int64]) { seconds += number * unit }
        }
        return .seconds(seconds)
    }

    /// As `--time` wants it, rounded down to minutes but never to none; nil for no limit.
    static func option(_ span: TimeSpan?) -> String {
        guard let span else { return "UNLIMITED" }
        return String(max(1, span.milliseconds / 60_000))
    }
}

/// Lines behind `@sky`, each a word and what it says.
struct SlurmAnswer {
    private let lines: [(key: Substring, value: Substring)]

    init(_ output: String) {
        lines = output.split(separator: "\n").filter { $0.hasPrefix(HostReply.mark) }.map { line in
            let rest = line.dropFirst(HostReply.mark.count)
            let key = rest.prefix { $0 != " " }
            return (key, rest.dropFirst(key.count + 1))
        }
    }

    func has(_ key: String) -> Bool { lines.contains { $0.key == key[...] } }
    func values(_ key: String) -> [String] { lines.filter { $0.key == key[...] }.map { String($0.value) } }
    func value(_ key: String) -> String? { values(key).first }
}
