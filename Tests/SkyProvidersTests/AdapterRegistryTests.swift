import SkyCore
import SkyProviders
import SkyTestSupport
import Testing

@Suite("The registry of adapters")
struct AdapterRegistryTests {
    private func registry(_ script: MockScript? = nil, agent: String = "/bin/sh") -> AdapterRegistry {
        let found = CredentialFinding(
            variables: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
            environment: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
        return AdapterRegistry(
            stateDirectory: "/nowhere/state", agentExecutable: agent, script: script,
            profiles: [
                AdapterProfile(name: "mock", adapter: "mock"),
                AdapterProfile(name: "local", displayName: "This machine", adapter: "local"),
                AdapterProfile(
                    name: "aws", displayName: "Amazon Web Services", adapter: "ec2",
                    credentials: [found, CredentialFinding(file: "~/.aws/credentials", home: "/nowhere")]),
                AdapterProfile(
                    name: "gcp", adapter: "gce",
                    credentials: [CredentialFinding(variables: ["GOOGLE_APPLICATION_CREDENTIALS"], environment: [:])]),
                AdapterProfile(name: "../evil", adapter: "ec2"),
            ])
    }

    @Test("every provider has its adapter, and only this machine is no stand-in")
    func adapters() throws {
        let registry = registry()
        #expect(registry.providers == ["aws", "gcp", "local", "mock"])
        for name in registry.providers {
            let adapter = try registry.adapter(for: name)
            #expect(adapter.provider == name)
            #expect(adapter.isStandIn == (name != "local"))
        }
    }

    @Test("an unknown provider is refused with the nearest name")
    func unknown() throws {
        let error = try #require(throws: ProviderError.self) { try registry().adapter(for: "gpc") }
        #expect(error.kind == .badRequest)
        #expect(error.message == "there is no such provider; did you mean 'gcp'?")
    }

    @Test("the list says what is usable, what is stood in for, and why")
    func availability() throws {
        let script = MockScript(providers: ["mock": ProviderScript()])
        let lines = registry(script).availability.map { availability in
            let places = availability.credentials.map { "\($0.place): \($0.isPresent ? "found" : "not found")" }
            return "\(availability.provider) \(availability.status.rawValue) \(availability.reason)\n"
                + places.map { "    \($0)\n" }.joined()
        }
        try expectGolden(lines.joined(), "availability.txt")
    }

    @Test("without the agent's program nothing is usable")
    func noAgent() {
        #expect(registry(agent: "/nowhere/sky-agent").availability.allSatisfy { $0.status == .unusable })
    }

    @Test("a script of a provider wraps its adapter")
    func scripted() async throws {
        let script = MockScript(providers: [
            "aws": {
                var script = ProviderScript()
                script.credentialFailures = [FaultRule()]
                return script
            }()
        ])
        try await withTemporaryFolder { folder in
            let registry = AdapterRegistry(
                stateDirectory: folder, agentExecutable: "/bin/sh", script: script,
                profiles: [AdapterProfile(name: "aws", adapter: "ec2"), AdapterProfile(name: "gcp", adapter: "gce")])
            let (aws, gcp) = (try registry.adapter(for: "aws"), try registry.adapter(for: "gcp"))
            #expect(await failureKind { () throws(ProviderError) in _ = try await aws.list(run: nil) } == .credentials)
            #expect(try await gcp.list(run: nil) == [])
        }
    }
}
