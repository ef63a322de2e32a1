import SkyAWS
import SkyCore

/// A shared access signature: lets whoever has it do what it says with one blob, or all of a container, until it ends.
struct BlobSignature: Sendable {
    /// `r`
    let permissions: String
    /// `2026-11-29T09:41:28Z`
    let expiry: String
    /// `/blob/account/container/key`
    let resource: String
    /// `b`, or `c` of a whole container.
    let kind: String

    init(_ permissions: String, for url: ObjectURL, of account: String, until end: Instant) {
        self.permissions = permissions
        expiry = Self.text(of: end)
        kind = url.key.isEmpty ? "c" : "b"
        resource = "/blob/\(account)/\(url.container)" + (url.key.isEmpty ? "" : "/\(url.key)")
    }

    /// By a key of the account: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    func query(signedBy key: Secret, of account: String) -> String {
        // Permissions, start, end, resource, policy, addresses, protocol, version, kind, snapshot, scope, five headers.
        let lines =
            [permissions, "", expiry, resource, "", "", "", AzureBlobClient.version, kind] + empty(7)
        return query([], SharedKey(account: account, key: key).sign(lines.joined(separator: "\n")))
    }

    /// By a key that was given for this: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
    func query(signedBy key: DelegationKey, of account: String) -> String {
        let lines = text(signedBy: key)
        return query(key.fields, SharedKey(account: account, key: key.value).sign(lines))
    }

    func text(signedBy key: DelegationKey) -> String {
        // Permissions, start, end, resource, six of the key, two other users, correlation, addresses, protocol, version, kind,
        // snapshot, scope, five headers.
        let lines =
            [permissions, "", expiry, resource] + key.fields.map(\.value) + empty(5)
            + [AzureBlobClient.version, kind] + empty(7)
        return lines.joined(separator: "\n")
    }

    private func query(_ more: [(name: String, value: String)], _ signature: String) -> String {
        let fields: [(name: String, value: String)] =
            [("sp", permissions), ("se", expiry), ("sv", AzureBlobClient.version), ("sr", kind)] + more
            + [("sig", signature)]
        return fields.map { "\($0.name)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }

    private func empty(_ count: Int) -> [String] { [String](repeating: "", count: count) }

    /// `2026-11-29T09:41:28Z`
    static func text(of moment: Instant) -> String {
        let seconds = moment.millisecondsSince1970 / 1000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let rest = seconds % 86_400
        let day = CalendarDay(number: Int(seconds / 86_400))
        return "\(day)T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}
