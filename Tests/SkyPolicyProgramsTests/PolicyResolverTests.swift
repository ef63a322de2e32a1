import SkyCore
import SkyPlacement
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyPolicyPrograms

@Suite("Finding the policy that a text names") struct PolicyResolverTests {
    private func resolve(_ text: String, in folder: String) throws -> PolicyResolver.Resolved {
        try PolicyResolver(folder: folder) { CarbonFigures(gramsPerKWh: [:]) }.resolve(text)
    }

    @Test("paths are relative to the folder, and stay right from everywhere")
    func paths() async throws {
        try await withTemporaryFolder { folder in
            let folder = try #require(Files.absolutePath(folder))
            try Files.makeFolder("\(folder)/my policies")
            for name in ["policy", "my policies/one"] {
                try Files.replace("\(folder)/\(name)", with: "#!/bin/sh\n".utf8, mode: 0o755, durability: .processes)
            }
            let plain = try resolve("exec:./policy", in: folder)
            #expect(plain.policy.name == "exec:./policy")
            #expect(plain.notation == "exec:\(folder)/policy")
            #expect(try resolve("exec:policy --strict eu", in: folder).notation == "exec:\(folder)/policy --strict eu")
            #expect(try resolve("exec:my policies/one", in: folder).notation == "exec:\(folder)/my policies/one")
            let both = try resolve("residency:eu then exec:./policy then cheapest", in: "\(folder)")
            #expect(both.notation == "residency:eu then exec:\(folder)/policy then cheapest")
            #expect(both.policy.name == "residency in eu, then exec:./policy, then cheapest")
            #expect(try resolve(both.notation, in: "/").notation == both.notation)
        }
    }

    @Test("what is not there, or no program, is refused before anything is planned")
    func refused() async throws {
        try await withTemporaryFolder { folder in
            try Files.replace("\(folder)/notes.txt", with: "hello".utf8, mode: 0o644, durability: .processes)
            func message(_ text: String) -> String {
                do {
                    return "understood as \(try resolve(text, in: folder).policy.name)"
                } catch {
                    return "\(error)".replacing(folder, with: "[HERE]")
                }
            }
            #expect(
                message("exec:./none.py")
                    == "there is no program '[HERE]/./none.py'; its path is relative to [HERE]")
            #expect(
                message("exec:./notes.txt") == "'[HERE]/./notes.txt' cannot be executed; chmod +x [HERE]/./notes.txt")
            #expect(message("exec:") == "'exec:' needs a program; such as exec:./my_policy.py")
            #expect(message("exec:.").hasPrefix("there is no program"))
            #expect(message("cheapest then fastst") == "there is no policy 'fastst'; did you mean 'fastest'?")
            #expect(message("cheapest then").hasPrefix("a policy's name is missing"))
        }
    }
}
