import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// AWS on loopback: moto, which checks signatures and rights, behind a door that adds what it does not have and fails when told to
/// (`Emulators/aws_cloud.py`). Its user has the rights of `providers/aws/permissions.csv` and no others.
///
/// It ends with this value or with the process of the tests, whichever is first.
public final class LoopbackMoto: HoldingCloud {
    public let port: Int
    public let accessKey: String
    public let secretKey: String
    public var url: String { "http://127.0.0.1:\(port)" }
    private let lifeline: Int32

    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// Variables with which `sky` speaks to it and to nobody else.
    public var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey, "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        ]
    }

    private static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    private static let python = "\(repository)/.build/moto/bin/python"
    private static let emulators = "\(repository)/Tests/SkyTestSupport/Emulators"

    /// What keeps this machine from running one; nil for nothing.
    public static var obstacle: String? {
        access("\(repository)/.build/moto/version", R_OK) == 0
            ? nil : "there is no moto: scripts/ensure-moto.sh installs it"
    }

    public static var canRun: Bool { obstacle == nil }

    /// One for all tests of this process: it takes seconds to come up. Tests that use it take turns.
    public static func shared() async throws -> LoopbackMoto { try await sharedTask.value }

    private static let sharedTask = Task { try await LoopbackMoto() }

    private init() async throws {
        if let obstacle = Self.obstacle { throw Missing(description: obstacle) }
        let folder = "/tmp/sky-moto-\(UInt32.random(in: 0 ... .max))"
        try Files.makeFolder(folder, mode: 0o700)
        let pipe = try Descriptor.pipe()
        defer { close(pipe.reading) }
        lifeline = pipe.writing
        // It removes what it wrote when its standard input ends, however we die.
        let script =
            "'\(Self.python)' '\(Self.emulators)/aws_cloud.py' '\(folder)/ready' "
            + "'\(Self.repository)/providers/aws/permissions.csv' 2>'\(folder)/log' >/dev/null; rm -rf '\(folder)'"
        _ = try ProcessSpawn(
            "/bin/sh", ["-c", script], leadership: .session, standardInput: .descriptor(pipe.reading),
            standardOutput: .null, standardError: .null
        ).start()
        let end = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < end {
            if let bytes = try Files.read("\(folder)/ready") {
                let ready = try JSONDecoder().decode(Ready.self, from: Data(bytes))
                (port, accessKey, secretKey) = (ready.port, ready.key, ready.secret)
                return
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Missing(description: "moto does not come up")
    }

    deinit { close(lifeline) }

    private struct Ready: Decodable {
        let port: Int
        let key: String
        let secret: String
    }

    // MARK: What tests say and ask

    /// A configuration for OpenSSH by which instances are reached: the way asks the door who stands for them.
    public func sshConfig(in folder: String) throws -> String {
        let path = "\(folder)/ssh_config_aws"
        let text = """
            Host *
              ProxyCommand python3 '\(Self.emulators)/machine_way.py' \(url) %h

            """
        try Files.replace(path, with: Array(text.utf8), durability: .processes)
        return path
    }

    /// What a machine says to the cloud when it turns itself off.
    public var powerOff: String { "curl -sS -d \"{\\\"home\\\": \\\"$HOME\\\"}\" \(url)/_shutdown >/dev/null" }

    /// From now on these hosts stand for instances, one for each.
    public func stand(_ hosts: [SSHFarm.Host]) throws {
        struct Place: Encodable {
            let name, home, address, key: String
            let port: Int
        }
        let places = try hosts.map { host in
            let key = String(decoding: try Files.read("\(host.folder)/key.pub") ?? [], as: UTF8.self)
            return Place(name: host.name, home: host.home, address: host.address, key: key, port: host.port)
        }
        try say("hosts", ["hosts": places])
    }

    /// How the next calls that match it go wrong; the first rule that matches is meant.
    public struct Rule: Encodable, Sendable {
        public var action: String?
        public var region: String?
        public var match: [String: String] = [:]
        public var code: String?
        public var message: String?
        public var status = 400
        public var times = 1
        /// `error`, `lost` (done, and nobody hears of it), `html`, `delay`
        public var mode = "error"
        public var seconds = 0.0

        public init(_ action: String?, code: String? = nil, status: Int = 400, times: Int = 1, mode: String = "error") {
            self.action = action
            self.code = code
            self.status = status
            self.times = times
            self.mode = mode
        }
    }

    public func fail(_ rule: Rule) throws { try say("rule", rule) }

    /// Nothing is left of what tests before this one have rented and said.
    public func reset() throws { try say("reset", [String: String]()) }

    /// `boot`, `lag` and `console` in seconds.
    public func set(_ values: [String: Double]) throws { try say("set", values) }

    public func setQuotas(_ quotas: [String: Double]) throws { try say("set", ["quotas": quotas]) }

    public struct Call: Decodable, Sendable {
        public let action: String
        public let region: String
        public let status: Int
        public let parameters: [String: String]
    }

    public func calls() throws -> [Call] {
        struct Answer: Decodable { let calls: [Call] }
        return try ask("calls", as: Answer.self).calls
    }

    /// What was wrong with requests by botocore's model of the services.
    public func invalidRequests() throws -> [String] {
        struct Answer: Decodable { let invalid: [String] }
        return try ask("invalid", as: Answer.self).invalid
    }

    public struct State: Decodable, Sendable {
        public struct Instance: Decodable, Sendable {
            public let id, region, state, type, zone, lifecycle, address: String
            public let tags: [String: String]
            public var isAlive: Bool { state == "pending" || state == "running" }
        }
        public let instances: [Instance]
        public let volumes: Int
        public let groups: [String]
        public let placement: [String]

        public var alive: [Instance] { instances.filter(\.isAlive) }
    }

    /// As moto itself has it.
    public func state() throws -> State { try ask("state", as: State.self) }

    public func held(_ wish: HeldCall? = nil) throws -> HeldCalls {
        try LoopbackCall.json("/_hold", wish, port: port, as: HeldCalls.self)
    }

    /// The cloud takes a spot machine back: first the notice, then the end.
    public func interrupt(_ instance: String, notice seconds: Double) throws {
        struct Notice: Encodable {
            let instance: String
            let notice: Double
        }
        try say("interrupt", Notice(instance: instance, notice: seconds))
    }

    public func end(_ instance: String, code: String, message: String) throws {
        try say("end", ["instance": instance, "code": code, "message": message])
    }

    private func say(_ command: String, _ body: some Encodable) throws {
        _ = try LoopbackCall.bytes("/_\(command)", [UInt8](JSONEncoder().encode(body)), port: port)
    }

    private func ask<Answer: Decodable>(_ command: String, as type: Answer.Type) throws -> Answer {
        try LoopbackCall.json("/_\(command)", nil as String?, port: port, as: type)
    }
}
