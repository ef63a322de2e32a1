import SkyCore
import SkyProcess
import SkyStorage
import SkyYAML

/// `stores.yaml`: which buckets keep artifacts, of which places, and where buckets are.
struct StoreSettings: Sendable {
    struct Bucket: Hashable, Sendable {
        var url: S3URL
        var endpoint: String?
        var region: String?
        var profile: String?
    }

    /// By `provider`, or `provider/region`.
    fileprivate(set) var buckets: [String: Bucket] = [:]
    /// By the bucket's name: for servers whose buckets are in no region of AWS.
    fileprivate(set) var locations: [String: Location] = [:]

    /// - Throws: everything wrong with the file, with its place. Where there is no such file, there are no buckets.
    static func read(_ path: String) throws -> StoreSettings {
        guard let bytes = try Files.read(path) else { return StoreSettings() }
        var reader = StoreSettingsReader(path: path)
        let settings = reader.read(bytes)
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
        bucket.url.key = bucket.url.asFolder.key + location.region
        return bucket
    }

    /// Where a bucket is, if the file says it: by itself, or as one that keeps a region's artifacts. Of AWS's own, which may keep
    /// those of other providers, only the first counts.
    func location(ofBucket name: String, of client: S3Client) -> Location? {
        if let said = locations[name] { return said }
        guard !client.isAWS else { return nil }
        let origin = client.origin
        let keeping = buckets.filter { $0.value.url.bucket == name && ($0.value.endpoint ?? origin) == origin }
        let parts = keeping.keys.map { $0.split(separator: "/") }
        guard let place = parts.first, parts.count == 1, place.count == 2 else { return nil }
        return Location(provider: String(place[0]), region: String(place[1]))
    }
}

private struct StoreSettingsReader {
    let path: String
    var diagnostics: [Diagnostic] = []

    private static let fields = ["bucket", "endpoint", "region", "profile"]

    init(path: String) { self.path = path }

    mutating func read(_ bytes: [UInt8]) -> StoreSettings {
        let parsed = YAML.parse(bytes: bytes, path: path)
        diagnostics += parsed.diagnostics
        guard let root = parsed.documents.first, !root.isNull else { return StoreSettings() }
        refuseUnknown(root, ["stores", "buckets"], "the file")
        return StoreSettings(buckets: stores(root["stores"]), locations: locations(root["buckets"]))
    }

    private mutating func stores(_ node: YAMLNode?) -> [String: StoreSettings.Bucket] {
        var buckets: [String: StoreSettings.Bucket] = [:]
        for entry in entries(of: node, "stores", expected: "stores: {aws: s3://bucket/sky}") {
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

    private mutating func locations(_ node: YAMLNode?) -> [String: Location] {
        var locations: [String: Location] = [:]
        for entry in entries(of: node, "buckets", expected: "buckets: {data: azure/westeurope}") {
            let parts = (entry.value.scalar ?? "").split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts.contains("") else {
                complain(entry.value.range, "bucket '\(entry.key)' is at no place", expected: "provider/region")
                continue
            }
            locations[entry.key] = Location(provider: String(parts[0]), region: String(parts[1]))
        }
        return locations
    }

    private mutating func entries(of node: YAMLNode?, _ name: String, expected: String) -> [YAMLNode.Entry] {
        guard let node else { return [] }
        if let entries = node.mapping { return Array(entries) }
        complain(node.range, "\(name) cannot be \(node.kindName)", expected: expected)
        return []
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
