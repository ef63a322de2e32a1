import SkyCore

/// Gives whoever signs the credentials of one profile: found at the first use, found again before they end.
public actor CredentialSource {
    /// Credentials are renewed when less than this is left of them.
    private static let margin = TimeSpan.seconds(300)

    private let settings: AWSSettings
    private var found: FoundCredentials?
    private var search: Task<Result<FoundCredentials, AWSError>, Never>?

    public init(_ settings: AWSSettings) { self.settings = settings }

    /// - Throws: `.credentials` or `.settings`, saying where they were looked for and what to do; whatever kept the
    ///   service that gives them from answering.
    public func credentials() async throws(AWSError) -> FoundCredentials {
        if let found, isFresh(found) { return found }
        // One search for everybody who waits; whoever is cancelled leaves it to the others.
        let search = self.search ?? Task { [settings] in await Self.find(settings) }
        self.search = search
        let result = await search.value
        if self.search == search { self.search = nil }
        found = try result.get()
        return try result.get()
    }

    private func isFresh(_ found: FoundCredentials) -> Bool {
        guard let end = found.credentials.expires else { return true }
        return settings.surroundings.now() + Self.margin < end
    }

    private static func find(_ settings: AWSSettings) async -> Result<FoundCredentials, AWSError> {
        do throws(AWSError) {
            return .success(try await CredentialChain(settings: settings).find())
        } catch {
            return .failure(error)
        }
    }
}
