import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

/// A life of a machine at each cloud that a file describes, from the first look to the last, call by call.
///
/// `SKY_RECORD=1` makes the recordings anew, from the emulators.
@Suite("Recorded exchanges", .timeLimit(.minutes(2)))
struct RESTExchangeTests {
    private static let folder = "\(Disk.split(#filePath).folder)/Fixtures/exchanges"

    @Test("what is asked is what was asked, in all detail", arguments: RESTUnderTest.allCases)
    func golden(_ kind: RESTUnderTest) async throws {
        let path = "\(Self.folder)/\(kind.rawValue).jsonl"
        guard ProcessInfo.processInfo.environment["SKY_RECORD"] == nil else {
            try await record(kind, path)
            Issue.record("recorded \(path)")
            return
        }
        let replay = try HTTPReplay(try #require(try Files.read(path)))
        try await withTemporaryFolder { folder in
            let states = try await life(of: kind, HTTPCaller(HTTPClient(replaying: replay)), in: folder)
            #expect(states.contains(.running) && replay.unused == [], "\(states) \(replay.unused)")
        }
    }

    private func record(_ kind: RESTUnderTest, _ path: String) async throws {
        try Files.makeFolder(Self.folder)
        try await kind.use(hosts: 1) { world in
            let recorder = try HTTPRecorder(folder: "\(world.farm.folder)/recording")
            let caller = HTTPCaller(HTTPClient(recorder: recorder))
            _ = try await life(of: kind, caller, in: world.farm.folder, base: world.emulator.url)
            let text = String(decoding: try Files.read(recorder.path) ?? [], as: UTF8.self)
            // The moment and the port are no part of what is compared.
            let settled = text.replacing(world.emulator.url, with: "http://emulator")
                .replacing(/\["Date","[^"]*"\],?/, with: "").replacing(/\["Server","[^"]*"\],?/, with: "")
            try Files.replace(path, with: Array(settled.utf8), durability: .processes)
        }
    }

    /// Looks as often as it takes: in a recording that is always the same.
    private func life(
        of kind: RESTUnderTest, _ caller: HTTPCaller, in folder: String, base: String = "http://emulator"
    ) async throws -> [CloudMachine.State] {
        let calls = RESTCalls(
            kind.rawValue, try kind.description(), errors: ErrorTable(provider: kind.rawValue), base: base,
            environment: kind.environment, caller: caller)
        let cloud = RESTCloud(calls, settings: CloudSection(name: kind.rawValue), notes: "\(folder)/notes") {
            Instant(millisecondsSince1970: 0)
        }
        var request = try kind.request("golden-1")
        request.servicePort = 8080
        request.diskGiB = 60
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdvbGRlbmdvbGRlbmdvbGRlbmdvbGRlbmdvbGRlbmdv golden"
        let order = MachineOrder(request: request, publicKey: key, settings: CloudSection(name: kind.rawValue))
        let name = MachineGroupName(token: request.token)
        var states: [CloudMachine.State] = []
        try await cloud.create(order)
        // Once more: it is there.
        try await cloud.create(order)
        while states.last != .running {
            let machine = try #require(try await cloud.machines(of: name).first)
            states.append(machine.state)
            #expect(machine.region == kind.region && machine.instanceType == kind.instanceType)
            try await Task.sleep(for: .milliseconds(base == "http://emulator" ? 0 : 250))
        }
        while try await !cloud.remove(name) {
            try await Task.sleep(for: .milliseconds(base == "http://emulator" ? 0 : 250))
        }
        return states
    }
}
