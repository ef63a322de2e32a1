import SkyAzure
import SkyCore

/// Microsoft Azure, by Azure Resource Manager.
///
/// Everything of a run in a region is in one resource group, which goes with the last group of machines in it. All names follow from
/// run, token and rank.
struct AzureCloud: MachineCloud {
    let provider: String
    let settings: CloudSection
    let session: AzureSession
    private let errors: ErrorTable

    init(_ provider: String, _ settings: CloudSection, errors: ErrorTable, access: CloudAccess) {
        self.provider = provider
        self.settings = settings
        self.errors = errors
        let account = AzureAccount(
            AzureSurroundings(
                environment: access.environment, caller: access.caller, cacheFolder: access.cache, now: access.now))
        let manager = ResourceManager(account, endpoint: settings.endpoint)
        session = AzureSession(manager, subscription: settings["subscription"])
    }

    var manager: ResourceManager { session.manager }

    func check(_ request: NodeGroupRequest) throws(ProviderError) {
        if let image = request.image ?? settings.image, AzureImage.reference(image) == nil {
            throw refusal(AzureImage.complaint(image))
        }
        if request.diskTier == "ultra" { throw refusal("Azure's ultra disks cannot be booted from: ask for 'high'") }
        if let subnet = settings["subnet"], !subnet.hasPrefix("/subscriptions/") {
            throw refusal("'subnet' in clouds.yaml is '\(subnet)': Azure's are named by their ids, /subscriptions/…")
        }
    }

    /// A zone is a number here; the catalog's may have the region before it.
    static func zone(of request: NodeGroupRequest) -> String? {
        request.zone?.split(separator: "-").last.map(String.init)
    }

    /// The disk of each tier, as `provider.yaml` prices them.
    static func diskType(_ tier: String?, of size: AzureSize) -> String {
        switch tier {
        case "low": "Standard_LRS"
        case "high" where size.takesPremiumDisks: "Premium_LRS"
        default: "StandardSSD_LRS"
        }
    }

    // MARK: Errors

    func refusal(_ message: String) -> ProviderError { ProviderError(.badRequest, provider: provider, message) }

    func providerError(_ error: ResourceManagerError) -> ProviderError {
        switch error.kind {
        case .credentials: ProviderError(.credentials, provider: provider, error.message)
        case .noAnswer, .cancelled: ProviderError(.transient, provider: provider, error.message)
        case .refused: errors.error(error.codes, status: error.status, error.message)
        }
    }

    /// The kind of a code that came as a machine's state, and not as an answer.
    func kind(ofCode code: String) -> ProviderError.Kind? { errors.row(for: code)?.kind }

    /// Runs what speaks to Azure, with its errors as the broker knows them.
    func asking<Value>(
        _ body: () async throws(ResourceManagerError) -> Value
    ) async throws(ProviderError) -> Value {
        do { return try await body() } catch { throw providerError(error) }
    }
}
