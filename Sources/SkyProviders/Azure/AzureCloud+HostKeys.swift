import SkyAzure
import SkyCore
import SkyHTTP

extension AzureCloud {
    /// From the log of the machine's serial port, which the host writes: cloud-init prints the keys there when it has made them.
    func hostKeys(of machine: CloudMachine) async throws(ProviderError) -> HostKeys {
        let paths = try await asking { () async throws(ResourceManagerError) in try await session.paths() }
        let group = AzureNames.resourceGroup(run: machine.run, region: machine.region)
        let path = paths.compute("virtualMachines", in: group, machine.id) + "/retrieveBootDiagnosticsData"
        let answer = try await asking { () async throws(ResourceManagerError) in
            try await manager.answer(
                .init(.post, path, version: AzurePaths.compute, query: [("sasUriExpirationTimeInMinutes", "5")]))
        }
        // Before the machine has begun there is no log, and Azure says so in several ways.
        guard answer.isSuccess else {
            if [400, 404, 409].contains(answer.status) { return .notYet }
            throw providerError(.refusal(.init(.post, path, version: AzurePaths.compute), answer))
        }
        let found = try await asking { () async throws(ResourceManagerError) in
            try ResourceManager.decode(AzureAnswer.Diagnostics.self, answer.body, "boot diagnostics of \(machine.id)")
        }
        guard let url = found.serialConsoleLogBlobUri, let log = try await log(at: url) else { return .notYet }
        let keys = ConsoleHostKeys.keys(in: log)
        return keys.isEmpty ? .notYet : .told(keys)
    }

    /// Nil while there is none. The address has its own signature: no token goes there.
    private func log(at url: String) async throws(ProviderError) -> String? {
        let caller = manager.account.surroundings.caller
        let retries = HTTPRetries(tries: 3, deadline: .seconds(60))
        do throws(HTTPError) {
            let response = try await caller.call("azure-boot-diagnostics", retries: retries) {
                timeLeft throws(HTTPError) in
                try await caller.client.send(HTTPRequest(.get, url, timeout: min(timeLeft, .seconds(30))))
            }
            return response.isSuccess ? response.text : nil
        } catch { throw ProviderError(.transient, provider: provider, error.message) }
    }
}
