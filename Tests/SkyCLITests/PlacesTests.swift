import Glibc
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Where things are")
struct PlacesTests {
    @Test("SKY_HOME holds everything, and wins")
    func skyHome() throws {
        let paths = try SkyPaths(environment: ["SKY_HOME": "/h", "XDG_STATE_HOME": "/x", "HOME": "/home/ada"])
        #expect(paths.config == "/h/config")
        #expect(paths.state == "/h/state")
        #expect(paths.cache == "/h/cache")
    }

    @Test("without it the XDG folders count, and a relative one is ignored as the rules say")
    func xdg() throws {
        let paths = try SkyPaths(
            environment: ["XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative", "HOME": "/home/ada"])
        #expect(paths.config == "/c/sky")
        #expect(paths.state == "/home/ada/.local/state/sky")
        #expect(paths.cache == "/home/ada/.cache/sky")
    }

    @Test("with nowhere to keep things it says which variable to set")
    func nowhere() {
        let failure = #expect(throws: CommandFailure.self) { try SkyPaths(environment: [:]) }
        #expect(failure?.hints == ["SKY_HOME=/some/folder sky …"])
    }

    @Test("folders are made for their owner only, twice without complaint")
    func create() async throws {
        try await withTemporaryFolder { folder in
            let paths = try SkyPaths(environment: ["SKY_HOME": "\(folder)/a/b"])
            try paths.create()
            try paths.create()
            var status = stat()
            #expect(stat(paths.state, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o700)
        }
    }

    @Test("a folder that cannot be made is named with the reason")
    func blocked() {
        let failure = #expect(throws: CommandFailure.self) {
            try SkyPaths(environment: ["SKY_HOME": "/dev/null/x"]).create()
        }
        #expect(failure?.message.contains("/dev/null") == true)
        #expect(failure?.message.hasSuffix("Not a directory") == true || failure?.message.contains("exists") == true)
    }

    @Test(
        "the catalog is found above the executable, or in share/sky beside it",
        arguments: ["sky/.build/release/sky", "sky/sky", "usr/local/bin/sky"])
    func installation(executable: String) async throws {
        try await withTemporaryFolder { folder in
            let home = executable.hasPrefix("usr") ? "usr/local/share/sky" : "sky"
            try makeFile("\(folder)/\(home)/providers/local/provider.yaml")
            try makeFile("\(folder)/providers/other.txt")
            let found = try Installation(environment: [:], executable: "\(folder)/\(executable)")
            #expect(found.providers == "\(folder)/\(home)/providers")
        }
    }

    @Test("SKY_ROOT without a catalog, and no catalog at all, are told apart")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let wrong = #expect(throws: CommandFailure.self) { try Installation(environment: ["SKY_ROOT": folder]) }
            #expect(wrong?.message.hasPrefix("SKY_ROOT is \(folder)") == true)
            let none = #expect(throws: CommandFailure.self) {
                try Installation(environment: [:], executable: "\(folder)/bin/sky")
            }
            #expect(none?.hints == ["set SKY_ROOT to the folder that holds providers/"])
        }
    }

    @Test("the agent is beside the executable, or where SKY_AGENT says, and must be executable")
    func agent() async throws {
        try await withTemporaryFolder { folder in
            try makeFile("\(folder)/providers/local/provider.yaml")
            try makeFile("\(folder)/bin/sky-agent")
            let installation = try Installation(environment: [:], executable: "\(folder)/bin/sky")
            let failure = #expect(throws: CommandFailure.self) { try installation.agent() }
            #expect(failure?.message.hasSuffix("cannot be executed") == true)
            chmod("\(folder)/bin/sky-agent", 0o755)
            #expect(try installation.agent() == "\(folder)/bin/sky-agent")
            let other = try Installation(
                environment: ["SKY_AGENT": "/bin/true"], executable: "\(folder)/bin/sky")
            #expect(try other.agent() == "/bin/true")
        }
    }

    private func makeFile(_ path: String) throws {
        var part = ""
        for name in path.split(separator: "/").dropLast() {
            part += "/\(name)"
            mkdir(part, 0o755)
        }
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o644)
        #expect(descriptor >= 0)
        close(descriptor)
    }
}
