import SkyCore
import SkyPlacement
import SkyProcess
import SkyStorage
import SkyYAML

/// `stores.yaml`: which buckets keep artifacts, of which places, and where buckets are.
struct StoreSettings: Sendable {
    struct Bucket: Hashable, Sendable {
        var url: ObjectURL
        var endpoint: String?
        var region: String?
        var profile: String?
        /// The bucket has no name yet: sky makes one in each region that needs it. Of Azure's `url` the account is known.
        var isOnDemand = false

        var choice: ObjectStores.Choice {
            ObjectStores.Choice(endpoint: endpoint, region: region, profile: profile)
        }
    }

    /// By `provider`, or `provider/region`.
    var buckets: [String: Bucket] = [:]
    /// By the bucket's name: for servers whose buckets are in no region of AWS.
    var locations: [String: Location] = [:]

    /// This installation's own. Without a home there are none.
    ///
    /// - Throws: everything wrong with the file, with its place.
    static func read(in context: CommandContext) throws -> StoreSettings {
        guard let paths = try? context.paths() else { return StoreSettings() }
        return try read("\(paths.config)/stores.yaml")
    }

    /// Where there is no such file, there are no buckets.
    private static func read(_ path: String) throws -> StoreSettings {
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
        if bucket.isOnDemand { return bucket }
        bucket.url.key = bucket.url.asFolder.key + location.region
        return bucket
    }

    fileprivate static let ownSchemes: [String: ObjectURL.Scheme] = ["aws": .s3, "gcp": .gs, "azure": .az]

    /// Whether `auto` may stand for a bucket of the provider.
    static func makesBuckets(at provider: String) -> Bool { ownSchemes[provider] != nil }

    /// False when nothing is kept elsewhere than where it is made.
    var hasPlaces: Bool { buckets.values.contains { !$0.isOnDemand } }

    /// Where artifacts of the location are kept, by the file's own words: nobody is asked.
    ///
    /// - Parameter isAWS: whether a bucket of S3 is AWS's own, and not of a server that speaks like it.
    func artifactPlace(of location: Location, isAWS: (Bucket) -> Bool) -> ArtifactPlace {
        guard let bucket = bucket(of: location), !bucket.isOnDemand else { return .there }
        let name = "\(bucket.url.with(key: ""))"
        let account = String(bucket.url.bucket.prefix { $0 != "/" })
        if let place = locations[bucket.url.bucket] ?? locations[account] { return .elsewhere(place, bucket: name) }
        // AWS takes a call for a bucket in its own region only.
        if bucket.url.scheme == .s3, let region = bucket.region, isAWS(bucket) {
            return .elsewhere(Location(provider: "aws", region: region), bucket: name)
        }
        return .unknown(bucket: name)
    }

    /// Where a bucket is, if the file says it: by itself, or as one that keeps a region's artifacts. Of stores that say it
    /// themselves, and may keep those of other providers, only the first counts.
    func location(of url: ObjectURL, in store: any ObjectStore) -> Location? {
        // Of Azure the account is at a place.
        let account = String(url.bucket.prefix { $0 != "/" })
        if let said = locations[url.bucket] ?? locations[account] { return said }
        guard !store.tellsPlaces else { return nil }
        let origin = store.origin
        let keeping = buckets.filter {
            $0.value.url.with(key: "") == url.with(key: "") && ($0.value.endpoint ?? origin) == origin
        }
        let parts = keeping.keys.map { $0.split(separator: "/") }
        guard let place = parts.first, parts.count == 1, place.count == 2 else { return nil }
        return Location(provider: String(place[0]), region: String(place[1]))
    }
}

private struct StoreSettingsReader {
    let path: String
    var diagnostics: [Diagnostic] = []

    private static let fields = ["bucket", "account", "endpoint", "region", "profile"]
    private static let auto = "auto"

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
            buckets[entry.key] = bucket(entry.value, of: provider)
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

    private mutating func bucket(_ node: YAMLNode, of provider: String) -> StoreSettings.Bucket? {
        if node.mapping == nil {
            if node.scalar == Self.auto { return onDemand(node, of: provider) }
            return url(node).map { StoreSettings.Bucket(url: $0) }
        }
        refuseUnknown(node, Self.fields, "a store")
        guard let bucket = node["bucket"] else {
            complain(node.range, "the field 'bucket' is missing", expected: "bucket: s3://bucket/sky")
            return nil
        }
        let isOnDemand = bucket.scalar == Self.auto
        guard var found = isOnDemand ? onDemand(node, of: provider) : url(bucket).map({ StoreSettings.Bucket(url: $0) })
        else { return nil }
        found.endpoint = text(node["endpoint"], "an endpoint")
        if let endpoint = found.endpoint, !endpoint.hasPrefix("https://"), !endpoint.hasPrefix("http://") {
            complain(
                node["endpoint"]?.range, "'\(endpoint)' is no address", expected: "https://host or http://host:port")
        }
        found.region = text(node["region"], "a region")
        found.profile = text(node["profile"], "a profile")
        return found
    }

    /// Each provider's own store is meant.
    private mutating func onDemand(_ node: YAMLNode, of provider: String) -> StoreSettings.Bucket? {
        guard let scheme = StoreSettings.ownSchemes[provider] else {
            complain(
                node.range, "no buckets are made at \(provider)", expected: "a bucket that is there: s3://bucket/sky")
            return nil
        }
        var account = ""
        if scheme == .az {
            guard let name = text(node["account"], "an account"), ObjectURL("az://\(name)") != nil else {
                complain(
                    node.range, "Azure's containers are made in an account that is there",
                    expected: "{bucket: auto, account: NAME}, by region: an account is in one")
                return nil
            }
            account = name
        }
        var bucket = StoreSettings.Bucket(url: ObjectURL(scheme, bucket: account, key: ""))
        bucket.isOnDemand = true
        return bucket
    }

    private mutating func url(_ node: YAMLNode) -> ObjectURL? {
        if let url = node.scalar.flatMap({ ObjectURL($0) }), url.scheme.isBuckets { return url }
        complain(
            node.range, "no place in a bucket",
            expected: "s3://bucket, gs://bucket or az://account/container, and maybe a / and a beginning of keys")
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
