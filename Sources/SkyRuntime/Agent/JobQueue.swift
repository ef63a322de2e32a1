import SkyCore

/// Who runs on a node and who waits: first come, first served, but for jobs that fit into what nobody before them waits for.
/// Pure.
struct JobQueue {
    /// What is shared out.
    struct Amounts: Equatable {
        var devices = 0
        var cpus = 0
        var memory: Int64 = 0

        static func + (a: Amounts, b: Amounts) -> Amounts {
            Amounts(devices: a.devices + b.devices, cpus: a.cpus + b.cpus, memory: a.memory + b.memory)
        }

        static func - (a: Amounts, b: Amounts) -> Amounts {
            Amounts(devices: a.devices - b.devices, cpus: a.cpus - b.cpus, memory: a.memory - b.memory)
        }

        /// Of what it does not want there may be less than nothing.
        func fits(into room: Amounts) -> Bool {
            (devices == 0 || devices <= room.devices) && (cpus == 0 || cpus <= room.cpus)
                && (memory == 0 || memory <= room.memory)
        }
    }

    struct Start: Equatable {
        var id: String
        /// Of the accelerators that it has, ascending.
        var devices: [Int]
    }

    private struct Holder {
        var needs: JobNeeds
        var devices: [Int]
    }

    /// The node's accelerators are known from the jobs that want some.
    private var capacity: Amounts
    private var holders: [String: Holder] = [:]
    private var waiting: [(id: String, needs: JobNeeds)] = []

    init(cpus: Int, memory: Int64) { capacity = Amounts(cpus: cpus, memory: memory) }

    var waitingIDs: [String] { waiting.map(\.id) }

    func devices(of id: String) -> [Int] { holders[id]?.devices ?? [] }

    /// Why the node can never run such a job, for people; nil when it can.
    func problem(of needs: JobNeeds) -> String? {
        if min(needs.devices, needs.cpus) < 0 || needs.memory ?? .zero < .zero {
            return "a job cannot want less than nothing"
        }
        if needs.devicesOnNode > JobNeeds.mostDevices {
            return "a node has at most \(JobNeeds.mostDevices) accelerators, not \(needs.devicesOnNode)"
        }
        if needs.devices > needs.devicesOnNode {
            return "the job wants \(needs.devices) accelerators, and the node has \(needs.devicesOnNode)"
        }
        if needs.cpus > capacity.cpus {
            return "the job wants \(needs.cpus) processors, and the node has \(capacity.cpus)"
        }
        if let memory = needs.memory, memory.bytes > capacity.memory {
            return "the job wants \(memory) of memory, and the node has \(DataSize(bytes: capacity.memory))"
        }
        return nil
    }

    /// Puts the job at the queue's end. `startable` may have it start at once.
    mutating func add(_ id: String, _ needs: JobNeeds) {
        capacity.devices = max(capacity.devices, needs.devicesOnNode)
        waiting.append((id, needs))
    }

    /// A job that was started before this process knew of it.
    mutating func resume(_ id: String, _ needs: JobNeeds, devices: [Int]) {
        capacity.devices = max(capacity.devices, needs.devicesOnNode)
        holders[id] = Holder(needs: needs, devices: devices)
    }

    /// It has ended, or will never begin.
    mutating func remove(_ id: String) {
        holders[id] = nil
        waiting.removeAll { $0.id == id }
    }

    /// Those that are to start now, which have what they want from here on.
    mutating func startable() -> [Start] {
        var free = holders.values.reduce(capacity) { $0 - $1.needs.amounts }
        // For those that stand further in front and cannot start yet.
        var kept = Amounts()
        var started: [Start] = []
        for (id, needs) in waiting {
            guard needs.amounts.fits(into: free - kept) else {
                kept = kept + needs.amounts
                continue
            }
            let devices = freeDevices(needs.devices)
            holders[id] = Holder(needs: needs, devices: devices)
            free = free - needs.amounts
            started.append(Start(id: id, devices: devices))
        }
        waiting.removeAll { holders[$0.id] != nil }
        return started
    }

    private func freeDevices(_ count: Int) -> [Int] {
        let taken = Set(holders.values.flatMap(\.devices))
        return Array((0..<capacity.devices).lazy.filter { !taken.contains($0) }.prefix(count))
    }
}

extension JobNeeds {
    fileprivate var amounts: JobQueue.Amounts {
        JobQueue.Amounts(devices: devices, cpus: cpus, memory: memory?.bytes ?? 0)
    }
}
