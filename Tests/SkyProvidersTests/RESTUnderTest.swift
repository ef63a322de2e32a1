import FoundationEssentials
import Glibc
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// A cloud of `providers/` that a file describes, its emulator, and what is needed to rent from it.
enum RESTUnderTest: String, CaseIterable, CustomTestStringConvertible {
    case lambda, runpod, hyperstack, verda

    var testDescription: String { rawValue }

    static let providers: String = {
        let tests = Disk.split(#filePath).folder
        return "\(Disk.split(Disk.split(tests).folder).folder)/providers"
    }()

    var region: String {
        switch self {
        case .lambda: "us-east-1"
        case .runpod: "US"
        case .hyperstack: "CANADA-1"
        case .verda: "FIN-03"
        }
    }

    var instanceType: String {
        switch self {
        case .lambda: "cpu_4x_general"
        case .runpod: "1x_A100-80GB_SECURE"
        case .hyperstack: "n3-L40x1"
        case .verda: "CPU.4V.16G"
        }
    }

    var environment: [String: String] {
        [
            "LAMBDA_API_KEY": "test-key", "RUNPOD_API_KEY": "test-key", "HYPERSTACK_API_KEY": "test-key",
            "VERDA_CLIENT_ID": "test-id", "VERDA_CLIENT_SECRET": "test-secret",
        ]
    }

    /// As it is shipped, but without the pauses that only a real API wants.
    func description() throws -> RESTDescription {
        let path = "\(Self.providers)/\(rawValue)/rest.yaml"
        let read = try RESTDescriptionReader.settings(at: path, home: "/nonexistent") ?? nil
        var description = try #require(read)
        description.pace = .zero
        description.launch.endpoint.pace = nil
        description.settling = .seconds(2)
        return description
    }

    func request(_ token: String, nodes: Int = 1, run: String = "run-abcd") throws -> NodeGroupRequest {
        NodeGroupRequest(
            token: token, run: try #require(RunID(run)), region: region, instanceType: instanceType, numNodes: nodes,
            lease: .hour)
    }

    /// Runs `body` with an emulator whose machines are hosts of a farm.
    func use(
        hosts: Int = 3, page: Int = 1000, _ body: (World) async throws -> Void
    ) async throws {
        try await SSHFarm.use(hosts) { farm in
            for folder in ["\(farm.folder)/state", "\(farm.folder)/run"] { try Files.makeFolder(folder, mode: 0o700) }
            let emulator = try await EmulatedCloud(rawValue, on: farm, tellsPorts: self == .runpod, page: page)
            try await body(World(kind: self, farm: farm, emulator: emulator))
        }
    }

    struct World: Sendable {
        let kind: RESTUnderTest
        let farm: SSHFarm
        let emulator: EmulatedCloud
        private let client = HTTPClient()

        init(kind: RESTUnderTest, farm: SSHFarm, emulator: EmulatedCloud) {
            self.kind = kind
            self.farm = farm
            self.emulator = emulator
        }

        var settings: CloudSection {
            var section = CloudSection(name: kind.rawValue)
            section.user = String(cString: getpwuid(getuid()).pointee.pw_name)
            section.sshKey = "\(farm.folder)/id"
            section.sshConfig = emulator.sshConfig
            section.endpoint = emulator.url
            // The machines are processes of this one.
            section.powerOff = "touch '\(farm.folder)/powered-off'"
            return section
        }

        func cloud(
            _ change: (inout RESTDescription) -> Void = { _ in }, environment: [String: String]? = nil,
            caller: HTTPCaller = HTTPCaller(), clock: any ScriptClock = SystemScriptClock()
        ) throws -> RESTCloud {
            var description = try kind.description()
            change(&description)
            let calls = RESTCalls(
                kind.rawValue, description, errors: try ErrorTable.read(kind.rawValue, in: RESTUnderTest.providers),
                base: emulator.url, environment: environment ?? kind.environment, caller: caller)
            return RESTCloud(calls, settings: settings, notes: "\(farm.folder)/state/.asked") { clock.now() }
        }

        /// One more broker on the same state folder.
        func adapter(_ change: (inout RESTDescription) -> Void = { _ in }) throws -> MachineAdapter {
            MachineAdapter(
                try cloud(change), settings: settings, stateDirectory: "\(farm.folder)/state",
                agentExecutable: try AdapterUnderTest.agentExecutable(),
                environment: ["XDG_RUNTIME_DIR": "\(farm.folder)/run"], patience: .seconds(20))
        }

        func order(_ request: NodeGroupRequest) throws -> MachineOrder {
            let line = String(decoding: try Files.read("\(farm.folder)/id.pub") ?? [], as: UTF8.self)
            return MachineOrder(request: request, publicKey: line, settings: settings)
        }

        /// How the emulator misbehaves from now on.
        func rule(_ json: String) async throws {
            _ = try await client.send(
                HTTPRequest(.post, "\(emulator.url)/_control", body: .bytes(Array(json.utf8))))
        }

        func insides() async throws -> EmulatedCloud.Insides {
            let answer = try await client.send(HTTPRequest(.get, "\(emulator.url)/_control"))
            return try JSONDecoder().decode(EmulatedCloud.Insides.self, from: Data(answer.body))
        }
    }
}
