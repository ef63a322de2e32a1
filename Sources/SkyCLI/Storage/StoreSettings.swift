import SkyCore
import SkyProcess
import SkyStorage
import SkyYAML

/// `stores.yaml`: which buckets keep artifacts, of which places.
struct StoreSettings: Sendable {
    struct Bucket: Hashable, Sendable {
        var url: S3URL
        var endpoint: String?
        var region: String?
        var profile: String?
    }

    /// By `provider`, or `provider/region`.
    private(set) var buckets: [String: Bucket] = [:]

    /// - Throws: everything wrong with the file, with its place. Where there is no such file, there are no buckets.
    static func read(_ path: String) throws -> StoreSettings {
        guard let bytes = try Files.read(path) else { return StoreSettings() }
        var reader = StoreSettingsReader(path: path)
        let settings = StoreSettings(buckets: reader.read(bytes))
        guard reader.diagnostics.isEmpty else {
            throw DiagnosticsError(
                reader.diagnostics, sources: [SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))])
        }
        return settings
    }

    /// Where artifacts of the location are; nil for a folder of this machine. A provider's bucket keeps those of each region by
    /// themselves, as they have to be carried from one to the other.
    func bucket(of location: Location) -> Bucket? {
        if let exact = buckets["\(location.provider)/\(location.region)"] { return exact }
        guard var bucket = buckets[location.provider] else { return nil }
        let start = bucket.url.key.isEmpty || bucket.url.key.hasSuffix("/") ? bucket.url.key : bucket.url.key + "/"
        bucket.url.key = start + location.region
        return bucket
    }
}

private struct StoreSettingsReader {
    let path: String
    var diagnostics: [Diagnostic] = []

    private static let fields = ["bucket", "endpoint", "region", "profile"]

    init(path: String) { self.path = path }

    mutating func read(_ bytes: [UInt8]) -> [String: StoreSettings.Bucket] {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return [:] }
        refuseUnknown(root, ["stores"], "the file")
        guard let stores = root["stores"] else { return [:] }
        guard let entries = stores.mapping else {
            complain(stores.range, "stores cannot be \(stores.kindName)", expected: "stores: {aws: s3://bucket/sky}")
            return [:]
        }
        var buckets: [String: StoreSettings.Bucket] = [:]
        for entry in entries {
            let provider = entry.key.split(separator: "/").first.map { String($0) } ?? ""
            guard provider != Location.here.provider else {
                complain(
                    entry.keyRange, "what this machine has stays on it", expected: "a provider, or provider/region")
                continue
            }
            buckets[entry.key] = bucket(entry.value)
        }
        return buckets
    }

    private mutating func bucket(_ node: YAMLNode) -> StoreSettings.Bucket? {
        if node.mapping == nil { return url(node).map { StoreSettings.Bucket(url: $0) } }
        refuseUnknown(node, Self.fields, "a store")
        guard let bucket = node["bucket"] else {
            complain(node.range, "the field 'bucket' is missing", expected: "bucket: s3://bucket/sky")
            return nil
        }
        guard let url = url(bucket) else { return nil }
        var found = StoreSettings.Bucket(url: url)
        found.endpoint = text(node["endpoint"], "an endpoint")
        if let endpoint = found.endpoint, !endpoint.hasPrefix("https://"), !endpoint.hasPrefix("http://") {
            complain(
                node["endpoint"]?.range, "'\(endpoint)' is no address", expected: "https://host or http://host:port")
        }
        found.region = text(node["region"], "a region")
        found.profile = text(node["profile"], "a profile")
        return found
    }

    private mutating func url(_ node: YAMLNode) -> S3URL? {
        if let url = node.scalar.flatMap({ S3URL($0) }) { return url }
        complain(node.range, "no place in a bucket", expected: "s3://bucket, or s3://bucket/ and a beginning of keys")
        return nil
    }

    private mutating func text(_ node: YAMLNode?, _ what: String) -> String? {
        guard let node else { return nil }
        if let text = node.scalar, !node.isNull, !text.isEmpty { return text }
        complain(node.range, "\(what) cannot be \(node.kindName)", expected: "text")
        return nil
    }

    private mutating func refuseUnknown(_ node: YAMLNode, _ known: [String], _ what: String) {
        guard let entries = node.mapping else {
            return complain(node.range, "\(what) cannot be \(node.kindName)", expected: "a mapping")
        }
        for entry in entries where !known.contains(entry.key) {
            complain(
                entry.keyRange, "unknown field '\(entry.key)'", expected: "one of \(known.joined(separator: ", "))",
                help: nearestName(to: entry.key, among: known).map { "did you mean '\($0)'?" })
        }
    }

    private mutating func complain(_ range: SourceRange?, _ message: String, expected: String, help: String? = nil) {
        diagnostics.append(
            Diagnostic(
                code: "stores.bad-value", path: path, range: range, message: message, expected: expected, help: help))
    }
}
