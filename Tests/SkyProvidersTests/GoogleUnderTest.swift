import FoundationEssentials
import Glibc
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// Google's adapter on the emulator, whose machines are the hosts of a farm.
struct GoogleUnderTest: Sendable {
    let farm: SSHFarm
    let emulator: GoogleEmulator
    private let client = HTTPClient()

    static func use<Result>(
        _ hosts: Int, boot: Double = 0.15, end: Double = 0.1, _ body: (GoogleUnderTest) async throws -> Result
    ) async throws -> Result {
        try await SSHFarm.use(hosts) { farm in
            for folder in ["\(farm.folder)/state", "\(farm.folder)/run", "\(farm.folder)/gcloud"] {
                try Files.makeFolder(folder, mode: 0o700)
            }
            try Files.put(
                "\(farm.folder)/gcloud/application_default_credentials.json", Array(GoogleEmulator.login.utf8))
            let emulator = try await GoogleEmulator(on: farm, boot: boot, end: end)
            return try await body(GoogleUnderTest(farm: farm, emulator: emulator))
        }
    }

    /// Of the repository.
    static var providers: String {
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/providers"
    }

    func section(_ change: (inout CloudSection) -> Void = { _ in }) -> CloudSection {
        var section = CloudSection(name: "gcp")
        section.endpoint = emulator.url
        section.fields["project"] = GoogleEmulator.project
        section.sshConfig = emulator.sshConfig
        section.sshKey = "\(farm.folder)/id"
        // These machines are this one, and know only its user.
        section.user = getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        section.powerOff = "touch '\(farm.folder)/powered-off'"
        change(&section)
        return section
    }

    /// Another `broker` has tokens of its own.
    func cloud(broker: String = "a", _ change: (inout CloudSection) -> Void = { _ in }) throws -> GoogleCloud {
        let section = section(change)
        let access = CloudAccess(
            settings: CloudSettings(sections: ["gcp": section]), providers: Self.providers,
            cache: "\(farm.folder)/cache-\(broker)",
            environment: [
                "HOME": farm.folder, "CLOUDSDK_CONFIG": "\(farm.folder)/gcloud", "NO_GCE_CHECK": "true",
                "CLOUDSDK_AUTH_TOKEN_HOST": "\(emulator.url)/token",
            ], now: { SystemScriptClock().now() })
        let profile = AdapterProfile(name: "gcp", adapter: "gce")
        return try #require(try access.cloud(of: profile, notes: "/nonexistent") as? GoogleCloud)
    }

    /// Another `broker` knows nothing of what the first has written down.
    func adapter(
        broker: String = "a", tokens: String = "a", _ change: (inout CloudSection) -> Void = { _ in }
    ) throws -> MachineAdapter {
        try MachineAdapter(
            cloud(broker: tokens, change), settings: section(change), stateDirectory: "\(farm.folder)/state/\(broker)",
            agentExecutable: AdapterUnderTest.agentExecutable(),
            environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: .seconds(20))
    }

    func request(
        _ token: String, _ type: String = "e2-small", nodes: Int = 1,
        _ change: (inout NodeGroupRequest) -> Void = { _ in }
    ) throws -> NodeGroupRequest {
        let run = try #require(RunID("run-abcd"))
        var request = NodeGroupRequest(
            token: token, run: run, region: "us-central1", zone: "us-central1-b", instanceType: type, numNodes: nodes,
            lease: .hour)
        change(&request)
        return request
    }

    func order(_ request: NodeGroupRequest) throws -> MachineOrder {
        MachineOrder(request: request, publicKey: "ssh-ed25519 AAAA test", settings: section())
    }

    /// Tells the emulator something, or only looks into it.
    @discardableResult
    func control(_ wish: String = "") async throws -> GoogleEmulator.Insides {
        let answer = try await client.send(
            HTTPRequest(
                wish.isEmpty ? .get : .post, "\(emulator.url)/_control",
                body: wish.isEmpty ? nil : .bytes(Array(wish.utf8))))
        return try JSONDecoder().decode(GoogleEmulator.Insides.self, from: Data(answer.body))
    }

    /// Gives everything of a token back, as whoever knows nothing else.
    func remove(_ token: String, _ cloud: GoogleCloud) async throws {
        while try await !cloud.remove(MachineGroupName(token: token)) { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Lets `body` die in its n-th call, for all of its calls, and has `then` look each time at what is left.
    func killedEverywhere(
        _ moment: DyingInCalls.Moment, _ body: @escaping @Sendable (_ name: String) async throws -> Void,
        then: (_ name: String) async throws -> Void
    ) async throws -> Int {
        try await DyingInCalls(
            hang: { number, moment in try await control(#"{"hang": \#(number), "when": "\#(moment)"}"#) },
            isHanging: { try await control().hanging }
        ).everywhere(moment, prepare: { _ in try await control(#"{"forget": "firewalls"}"#) }, body, then: then)
    }
}
