import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("Tables of errors")
struct ErrorTableTests {
    private func table(_ text: String) async throws -> ErrorTable {
        try await withTemporaryFolder { folder in
            try Files.makeFolder("\(folder)/acme", mode: 0o700)
            try Files.replace("\(folder)/acme/errors.csv", with: Array(text.utf8), durability: .processes)
            return try ErrorTable.read("acme", in: folder)
        }
    }

    private static let text = """
        code,kind,advice
        # from the documentation
        Insufficient*,noCapacity,
        InsufficientFunds,quota,"pay, then go on"
        TooMany,throttled,
        """

    @Test(
        "a code is what its row says, and the nearest row is meant",
        arguments: [
            ("InsufficientHostCapacity", ProviderError.Kind.noCapacity), ("InsufficientFunds", .quota),
            ("TooMany", .transient), ("NeverHeardOf", .transient),
        ])
    func kinds(_ code: String, _ kind: ProviderError.Kind) async throws {
        let error = try await table(Self.text).error([code], "POST /machines: \(code)")
        #expect(error.kind == kind && error.message.hasPrefix("POST /machines: \(code)"))
    }

    @Test("a refusal without a known code is one of credentials when its status says so")
    func statuses() async throws {
        let table = try await table(Self.text)
        #expect(table.error([], status: 401, "no").kind == .credentials)
        #expect(table.error([], status: 500, "no").kind == .transient)
        #expect(table.row(for: "TooMany")?.isThrottling == true)
    }

    @Test("every line that makes no sense is told with its place")
    func mistakes() async throws {
        let error = await #expect(throws: DiagnosticsError.self) {
            try await table("code,kind,advice\nA,noCapacty,\nB\nC,quota,\nC,lost,\n")
        }
        let diagnostics = try #require(error?.diagnostics)
        #expect(diagnostics.map(\.range?.start.line) == [2, 3, 5])
        #expect(diagnostics[0].help == "did you mean 'noCapacity'?")
    }

    @Test("the tables of all providers can be read", arguments: shippedTables())
    func shipped(_ provider: String) throws {
        #expect(try !ErrorTable.read(provider, in: shippedProviders).rows.isEmpty)
    }
}

/// The project's own data.
let shippedProviders = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/providers"

private func shippedTables() -> [String] {
    Files.names(in: shippedProviders).filter { Files.exists("\(shippedProviders)/\($0)/errors.csv") }
}
