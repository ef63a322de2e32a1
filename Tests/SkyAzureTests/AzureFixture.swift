import FoundationEssentials
import SkyCore
import SkyHTTP
import SkyTestSupport
import Synchronization

@testable import SkyAzure

/// A home of its own, and an environment that holds nothing else. No metadata service is looked for unless one is named.
struct AzureFixture {
    let home: String
    var environment: [String: String]
    /// 2026-01-01T00:00:00Z.
    static let now = Instant(millisecondsSince1970: 1_767_225_600_000)

    static func use(
        _ environment: [String: String] = [:], _ body: (AzureFixture) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { home in
            let fixture = AzureFixture(home: home, environment: ["HOME": home].merging(environment) { $1 })
            try FileManager.default.createDirectory(atPath: "\(home)/.azure", withIntermediateDirectories: true)
            try fixture.write("chassis", "some other machine")
            try await body(fixture)
        }
    }

    func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(home)/\(path)"))
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: "\(home)/\(path)", encoding: .utf8) }

    func account(at now: Instant = Self.now, isCached: Bool = false) -> AzureAccount {
        var surroundings = AzureSurroundings(
            environment: environment, caller: HTTPCaller(), cacheFolder: isCached ? "\(home)/cache" : nil, now: { now })
        surroundings.chassisTagFile = "\(home)/chassis"
        surroundings.arcKeyFolder = "\(home)/keys"
        return AzureAccount(surroundings)
    }

    /// What goes wrong, with this home's path out of it.
    func failure() async -> String {
        do {
            let token = try await account().token(for: .management)
            return "found: \(token)"
        } catch {
            return "\(error)".replacing(home, with: "~")
        }
    }
}

extension AzureScope {
    static let management = AzureScope(resource: "https://management.azure.com")
}

/// Plays the token endpoint of Microsoft Entra, and whatever else a handler says.
func tokenServer(
    _ answer: @escaping @Sendable (LoopbackHTTPServer.Request) -> LoopbackHTTPServer.Step = { _ in .token("T-1") }
) throws -> LoopbackHTTPServer {
    try LoopbackHTTPServer { [answer($0)] }
}

extension LoopbackHTTPServer.Step {
    /// As the token endpoint gives it.
    static func token(_ text: String, seconds: Int = 3599) -> Self {
        .reply(
            200,
            body: #"{"token_type":"Bearer","expires_in":\#(seconds),"ext_expires_in":3599,"access_token":"\#(text)"}"#)
    }

    /// As the machine's own services give it.
    static func machineToken(_ text: String) -> Self {
        .reply(
            200,
            body: #"{"access_token":"\#(text)","client_id":"c","expires_in":"86399","expires_on":"1767311999","#
                + #""resource":"https://management.azure.com","token_type":"Bearer"}"#)
    }
}

extension LoopbackHTTPServer.Request {
    /// The fields of a form or a query, decoded.
    var fields: [String: String] {
        let text =
            body.isEmpty
            ? String(target.split(separator: "?").dropFirst().first ?? "") : String(decoding: body, as: UTF8.self)
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { Self.decoded($0) }
            fields[parts.first ?? ""] = parts.count > 1 ? parts[1] : ""
        }
        return fields
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            if first == UInt8(ascii: "%"), let byte = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(byte)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(first)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
}

func fileNames(in path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
}
