import SkyAWS
import SkyCore

/// One instance as `DescribeInstances` tells of it.
struct EC2Instance: Hashable, Sendable {
    var id: String
    /// `pending`, `running`, `shutting-down`, `terminated`, `stopping`, `stopped`
    var state: String
    var tags: [String: String]
    var launchIndex: Int
    var instanceType: String
    var zone: String?
    var publicAddress: String?
    var privateAddress: String?
    var isSpot: Bool
    var spotRequest: String?
    var launchedAt: Instant?
    /// Why it is where it is: `Server.SpotInstanceTermination`.
    var reasonCode: String?
    var reason: String?

    init?(_ item: XMLElement) {
        guard let id = item.text("instanceId"), let state = item.first("instanceState")?.text("name") else {
            return nil
        }
        self.id = id
        self.state = state
        var tags: [String: String] = [:]
        for tag in item.first("tagSet")?.all("item") ?? [] { tags[tag.text("key") ?? ""] = tag.text("value") ?? "" }
        self.tags = tags
        launchIndex = item.text("amiLaunchIndex").flatMap { Int($0) } ?? 0
        instanceType = item.text("instanceType") ?? ""
        zone = item.first("placement")?.text("availabilityZone")
        publicAddress = Self.filled(item.text("ipAddress"))
        privateAddress = Self.filled(item.text("privateIpAddress"))
        isSpot = item.text("instanceLifecycle") == "spot"
        spotRequest = Self.filled(item.text("spotInstanceRequestId"))
        launchedAt = item.text("launchTime").flatMap { Instant(iso8601: $0) }
        let why = item.first("stateReason")
        reasonCode = Self.filled(why?.text("code"))
        reason = Self.filled(why?.text("message")) ?? Self.filled(item.text("reason"))
    }

    private static func filled(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    var hasEnded: Bool { state == "terminated" }
    var isAlive: Bool { state == "pending" || state == "running" }

    /// Nil for one that is not ours.
    func machine(in region: String, spot: EC2SpotStatus?, _ errors: ErrorTable) -> CloudMachine? {
        guard let token = tags[MachineTag.token], let run = tags[MachineTag.run].flatMap({ RunID($0) }) else {
            return nil
        }
        var machine = CloudMachine(
            id: id, token: token, run: run, rank: launchIndex,
            numNodes: tags[MachineTag.nodes].flatMap { Int($0) } ?? 1, state: machineState, region: region, zone: zone,
            instanceType: instanceType, isSpot: isSpot, publicAddress: publicAddress, privateAddress: privateAddress,
            createdAt: launchedAt)
        machine.interruptionAt = isAlive ? spot?.interruptionAt : nil
        if !machine.isAlive {
            machine.reason = [reason, spot?.reason].compactMap(\.self).joined(separator: "; ")
            if machine.reason?.isEmpty == true { machine.reason = nil }
            machine.failure = reasonCode.flatMap { errors.row(for: ErrorTable.bare($0))?.kind }
        }
        return machine
    }

    private var machineState: CloudMachine.State {
        switch state {
        case "pending": .pending
        case "running": .running
        case "terminated": .ended
        case "stopped": .stopped
        default: .ending
        }
    }
}

/// What has become of a request for a spot machine.
struct EC2SpotStatus: Hashable, Sendable {
    /// `fulfilled`, `marked-for-termination`, `instance-terminated-no-capacity`, …
    var code: String
    var message: String
    var updatedAt: Instant?

    /// From the notice on machines have two minutes.
    private static let notice = TimeSpan.seconds(120)

    init?(_ item: XMLElement) {
        guard let status = item.first("status"), let code = status.text("code") else { return nil }
        self.code = code
        message = status.text("message") ?? ""
        updatedAt = status.text("updateTime").flatMap { Instant(iso8601: $0) }
    }

    /// When the machine will be taken; nil while nobody has said so.
    var interruptionAt: Instant? {
        code.hasPrefix("marked-for-") ? updatedAt.map { $0 + Self.notice } : nil
    }

    /// Why the machine was taken; nil when it was not.
    var reason: String? {
        code.hasPrefix("instance-terminated") || code.hasPrefix("marked-for-") ? "\(code): \(message)" : nil
    }
}
