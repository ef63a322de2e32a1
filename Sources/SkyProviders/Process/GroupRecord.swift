import Glibc
import SkyCore
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the disk says about a group: its `group.json`. Written before anything it speaks of is started.
struct GroupRecord: Hashable, Sendable, Codable {
    static let currentVersion = 1

    var version = Self.currentVersion
    var provider: String
    var request: NodeGroupRequest
    /// `lost` from the moment that the end of the group is decided, whatever may still run of it: there is no way back.
    var state: NodeGroup.State
    /// The port that answers for the request's `servicePort`, on the node of rank 0.
    var endpointPort: Int?
    /// How often agents were started for the nodes, written before it is done; nil in records of before this was
    /// counted. Once means: those that answer are all there ever were.
    var starts: Int?
    /// When it was asked for; nil in records of before this was kept.
    var createdAt: Instant?
    /// The same moment, and that of the end's decision, on a clock that nobody sets.
    var createdOnBoot: BootMoment?
    var endedOnBoot: BootMoment?
    /// It was the provider that ended it: what came after was for nothing.
    var isTakenBack: Bool?

    /// From here on there is no way back.
    mutating func end(takenBack: Bool = false) {
        state = .lost
        endedOnBoot = .now
        isTakenBack = takenBack
    }

    /// From the request until now; of a group that was taken back, until then. Nil in records of before this was kept, and
    /// of a group that has seen a restart of the machine: how long that was off nobody knows.
    func heldSpan() -> HeldSpan? {
        guard let createdAt, let since = createdOnBoot, let until = isTakenBack == true ? endedOnBoot : .now,
            since.boot == until.boot
        else { return nil }
        return HeldSpan(
            since: createdAt, until: createdAt + TimeSpan(milliseconds: until.milliseconds - since.milliseconds))
    }

    var group: NodeGroup {
        NodeGroup(
            token: request.token, run: request.run, provider: provider, region: request.region,
            instanceType: request.instanceType, state: state, createdAt: createdAt, nodes: nodes)
    }

    private var nodes: [Node] {
        (0..<request.numNodes).map { rank in
            Node(
                id: Self.nodeName(rank), rank: rank, address: "127.0.0.1",
                endpointPort: rank == 0 ? endpointPort : nil)
        }
    }

    /// The node's folder within the group's.
    static func nodeName(_ rank: Int) -> String { "node-\(rank)" }

    func encoded() throws(SystemError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(self) else { throw SystemError("describe \(request.token)", code: EINVAL) }
        return Array(data)
    }

    /// Nil for bytes that are no record, or one of a later version.
    init?(_ bytes: [UInt8]) {
        guard let record = try? JSONDecoder().decode(Self.self, from: Data(bytes)),
            record.version <= Self.currentVersion, record.request.numNodes > 0
        else { return nil }
        self = record
    }

    init(provider: String, request: NodeGroupRequest) {
        self.provider = provider
        self.request = request
        state = .pending
        starts = 1
        createdAt = SystemScriptClock().now()
        createdOnBoot = .now
    }
}

/// A moment on the kernel's boot clock.
struct BootMoment: Hashable, Sendable, Codable {
    /// The machine's run that it is of.
    var boot: String
    var milliseconds: Int64

    static var now: BootMoment {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return BootMoment(
            boot: ProcessIdentity.currentBoot,
            milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
