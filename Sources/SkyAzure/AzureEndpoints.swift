/// The addresses of one of the Azures that know nothing of each other.
public struct AzureEndpoints: Hashable, Sendable {
    /// Who gives tokens; without a slash at its end, as all of these.
    public var authority: String
    /// Azure Resource Manager.
    public var management: String
    /// What the names of storage accounts' servers end with: `core.windows.net`.
    public var storageSuffix: String

    public init(authority: String, management: String, storageSuffix: String) {
        self.authority = authority
        self.management = management
        self.storageSuffix = storageSuffix
    }

    public static let worldwide = AzureEndpoints(
        authority: "https://login.microsoftonline.com", management: "https://management.azure.com",
        storageSuffix: "core.windows.net")
    public static let china = AzureEndpoints(
        authority: "https://login.chinacloudapi.cn", management: "https://management.chinacloudapi.cn",
        storageSuffix: "core.chinacloudapi.cn")
    public static let usGovernment = AzureEndpoints(
        authority: "https://login.microsoftonline.us", management: "https://management.usgovcloudapi.net",
        storageSuffix: "core.usgovcloudapi.net")

    /// By what `AZURE_AUTHORITY_HOST` says: an address, or a bare host. One that is none of Microsoft's gives tokens for
    /// the worldwide Azure.
    init(authorityHost: String) {
        var url = authorityHost.contains("://") ? authorityHost : "https://\(authorityHost)"
        while url.hasSuffix("/") { url.removeLast() }
        self =
            switch url {
            case Self.china.authority, "https://login.partner.microsoftonline.cn": .china
            case Self.usGovernment.authority: .usGovernment
            default: .worldwide
            }
        authority = url
    }

    /// By what Azure's command line calls it, `AzureUSGovernment`.
    init(environmentName: String?) {
        self =
            switch environmentName {
            case "AzureChinaCloud": .china
            case "AzureUSGovernment": .usGovernment
            default: .worldwide
            }
    }
}

/// What a token is good for.
public struct AzureScope: Hashable, Sendable {
    /// The service as its tokens name it: `https://management.azure.com`.
    public let resource: String

    public init(resource: String) { self.resource = resource }

    /// Blobs, of every account and in every Azure.
    public static let storage = AzureScope(resource: "https://storage.azure.com")

    /// As version 2 of the token endpoint wants it.
    var text: String { "\(resource)/.default" }
}
