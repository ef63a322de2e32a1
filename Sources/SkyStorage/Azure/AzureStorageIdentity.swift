import FoundationEssentials
import SkyAWS
public import SkyCore
public import SkyHTTP

/// Who speaks to Azure's storage, and where: one account.
public struct AzureStorageIdentity: Sendable {
    public enum Proof: Sendable {
        /// A key of the account, in Base64.
        case key(Secret)
        /// A shared access signature: what follows the `?`.
        case signature(Secret)
        case tokens(any BearerTokenSource)
        /// Nobody in particular, who may read what is public.
        case none
    }

    public var account: String
    /// `https://account.blob.core.windows.net`, without a slash at its end. Servers of one address have the account in the path.
    public var endpoint: String
    public var proof: Proof

    public init(account: String, endpoint: String? = nil, proof: Proof) {
        self.account = account
        self.endpoint = endpoint ?? "https://\(account).blob.core.windows.net"
        self.proof = proof
    }

    /// As Azure's own tools find it: `AZURE_STORAGE_CONNECTION_STRING`, or `AZURE_STORAGE_KEY` or
    /// `AZURE_STORAGE_SAS_TOKEN` for the account in `AZURE_STORAGE_ACCOUNT`, and otherwise whom `tokens` names.
    ///
    /// - Throws: `.settings` for a connection string that makes no sense, or one without a key for this account.
    public static func find(
        account: String, in environment: [String: String], tokens: (any BearerTokenSource)?
    ) throws(StorageError) -> AzureStorageIdentity {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let text = variable("AZURE_STORAGE_CONNECTION_STRING") {
            let found = try AzureStorageIdentity(connection: text)
            if found.account == account { return found }
        }
        let endpoint = variable("AZURE_STORAGE_SERVICE_ENDPOINT").map { trimmed($0) }
        let isMeant = variable("AZURE_STORAGE_ACCOUNT").map { $0 == account } ?? true
        if isMeant, let key = variable("AZURE_STORAGE_KEY") {
            return try AzureStorageIdentity(account: account, endpoint: endpoint, key: key, from: "AZURE_STORAGE_KEY")
        }
        if isMeant, let signature = variable("AZURE_STORAGE_SAS_TOKEN") {
            return AzureStorageIdentity(account: account, endpoint: endpoint, signature: signature)
        }
        return AzureStorageIdentity(account: account, endpoint: endpoint, proof: tokens.map { .tokens($0) } ?? .none)
    }

    /// Of a connection string: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k;BlobEndpoint=…`.
    private init(connection text: String) throws(StorageError) {
        var fields: [String: String] = [:]
        for field in text.split(separator: ";") {
            // Keys end with '=' themselves.
            guard let mark = field.firstIndex(of: "=") else { continue }
            fields[field[..<mark].lowercased()] = String(field[field.index(after: mark)...])
        }
        let blob = fields["blobendpoint"].map { Self.trimmed($0) }
        let host = blob.flatMap { $0.split(separator: "/").dropFirst().first }
        let name = fields["accountname"] ?? host.flatMap { $0.split(separator: ".").first.map { String($0) } }
        guard let name else {
            throw Self.wrong("AZURE_STORAGE_CONNECTION_STRING names no account: it has AccountName=… or BlobEndpoint=…")
        }
        let way = fields["defaultendpointsprotocol"] ?? "https"
        let endpoint = blob ?? "\(way)://\(name).blob.\(fields["endpointsuffix"] ?? "core.windows.net")"
        if let key = fields["accountkey"] {
            try self.init(account: name, endpoint: endpoint, key: key, from: "AZURE_STORAGE_CONNECTION_STRING")
        } else if let signature = fields["sharedaccesssignature"] {
            self.init(account: name, endpoint: endpoint, signature: signature)
        } else {
            throw Self.wrong("AZURE_STORAGE_CONNECTION_STRING has neither AccountKey nor SharedAccessSignature")
        }
    }

    private init(account: String, endpoint: String?, key: String, from place: String) throws(StorageError) {
        guard Data(base64Encoded: key)?.isEmpty == false else {
            throw Self.wrong("the account key in \(place) is not Base64: copy it again")
        }
        self.init(account: account, endpoint: endpoint, proof: .key(Secret(key)))
    }

    private init(account: String, endpoint: String?, signature: String) {
        let text = signature.hasPrefix("?") ? String(signature.dropFirst()) : signature
        self.init(account: account, endpoint: endpoint, proof: .signature(Secret(text)))
    }

    private static func wrong(_ message: String) -> StorageError { .service(ServiceError(.settings, message)) }

    private static func trimmed(_ address: String) -> String {
        var address = address
        while address.hasSuffix("/") { address.removeLast() }
        return address
    }
}
