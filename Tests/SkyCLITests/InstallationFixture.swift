import SkyTestSupport

@testable import SkyCLI

/// A small installation of made-up providers, so that no price of the real catalog can change a test.
enum InstallationFixture {
    private static let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")

    static func pipeline(_ name: String) -> String { "\(folder)/Fixtures/pipelines/\(name).yaml" }

    /// Made-up spot markets.
    static var traces: String { "\(folder)/Fixtures/traces" }

    /// What commands find in their environment; everything they write goes below `home`; by default
    /// there is no place for anything.
    static func environment(home: String = "/dev/null/nowhere") -> [String: String] {
        ["SKY_ROOT": "\(folder)/Fixtures/root", "SKY_HOME": home, "SKY_AGENT": "/bin/true", "HOME": home]
    }

    /// Paths of this checkout do not belong into golden files.
    static func withoutPaths(_ text: String) -> String { text.replacing(folder, with: "[HERE]") }
}
