/// A place in an object store: an object, a beginning of keys, or with an empty key the bucket itself.
///
/// `s3://bucket/key`, `gs://bucket/key`, `az://account/container/key`, and `https://host/path` of which one can only read.
public struct ObjectURL: Hashable, Sendable, CustomStringConvertible {
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        case s3, gs, az, https
        /// Of this machine only: what comes over a network unprotected is nothing to work on.
        case http

        /// Whether there are buckets, which can be listed and written to.
        public var isBuckets: Bool { self == .s3 || self == .gs || self == .az }
    }

    public var scheme: Scheme
    /// For Azure the account too, `account/container`; for the web the host.
    public var bucket: String
    /// For the web with the query, which may be a secret.
    public var key: String

    public init(_ scheme: Scheme = .s3, bucket: String, key: String) {
        self.scheme = scheme
        self.bucket = bucket
        self.key = key
    }

    /// Nil when the text is no such URL, or names a bucket that there cannot be.
    public init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<mark.lowerBound]))
        else { return nil }
        let rest = text[mark.upperBound...]
        switch scheme {
        case .s3, .gs:
            let (bucket, key) = Self.split(rest)
            guard Self.isBucket(bucket, scheme) else { return nil }
            self.init(scheme, bucket: String(bucket), key: String(key))
        case .az: self.init(azure: rest)
        case .https, .http: self.init(web: rest, scheme)
        }
    }

    private init?(azure rest: Substring) {
        let (account, inside) = Self.split(rest)
        let (container, key) = Self.split(inside)
        guard Self.isAccount(account), container.isEmpty ? key.isEmpty : Self.isContainer(container) else { return nil }
        self.init(.az, bucket: container.isEmpty ? String(account) : "\(account)/\(container)", key: String(key))
    }

    /// `https://account.blob.core.windows.net/container/key` is a place at Azure, unless it brings its own permission along.
    private init?(web rest: Substring, _ scheme: Scheme) {
        let (host, path) = Self.split(rest)
        let azure = ".blob.core.windows.net"
        if scheme == .https, host.hasSuffix(azure), !path.contains("?") {
            self.init(azure: host.dropLast(azure.count) + "/" + path)
            return
        }
        guard !host.isEmpty, !host.contains("@"), rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        let name = host.prefix { $0 != ":" }
        guard scheme == .https || name == "localhost" || name.hasPrefix("127.") else { return nil }
        self.init(scheme, bucket: String(host), key: String(path))
    }

    private static func split(_ text: Substring) -> (Substring, Substring) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        return (text[..<slash], text[slash...].dropFirst())
    }

    private static func isBucket(_ name: Substring, _ scheme: Scheme) -> Bool {
        let isName = name.utf8.allSatisfy { byte in
            isSmall(byte) || (0x41...0x5a).contains(byte) || [0x2e, 0x2d, 0x5f].contains(byte)
        }
        // Google's may be names of domains.
        let longest = scheme == .gs && name.contains(".") ? 222 : 63
        return isName && (3...longest).contains(name.utf8.count) && name.first != "." && name.first != "-"
    }

    private static func isAccount(_ name: Substring) -> Bool {
        (3...24).contains(name.utf8.count) && name.utf8.allSatisfy(isSmall)
    }

    private static func isContainer(_ name: Substring) -> Bool {
        if name == "$root" || name == "$web" { return true }
        return (3...63).contains(name.utf8.count) && name.utf8.allSatisfy { isSmall($0) || $0 == 0x2d }
            && name.first != "-" && name.last != "-"
    }

    private static func isSmall(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte)
    }

    /// The same bucket with another key.
    public func with(key: String) -> ObjectURL { ObjectURL(scheme, bucket: bucket, key: key) }

    /// With a `/` at the end of the key, unless that is empty: what the keys of a folder's objects begin with.
    public var asFolder: ObjectURL { isFolder ? self : with(key: key + "/") }

    /// It cannot be an object that is a file: the bucket itself, or a key that ends with a `/`.
    public var isFolder: Bool { key.isEmpty || key.hasSuffix("/") }

    /// Of the last part of the key, without a query.
    public var name: String {
        let path = scheme.isBuckets ? key[...] : key.prefix { $0 != "?" && $0 != "#" }
        return path.split(separator: "/").last.map { String($0) } ?? ""
    }

    /// Whether a key, or what follows a folder's in one, can be the path of a file in a folder, and of none outside.
    public static func isPath(_ key: some StringProtocol) -> Bool {
        key.split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !["", ".", ".."].contains($0) && !$0.utf8.contains(0) }
    }

    /// For people: of the web without the query.
    public var description: String {
        let key = scheme.isBuckets ? key[...] : self.key.prefix { $0 != "?" && $0 != "#" }
        return "\(scheme.rawValue)://\(bucket)/\(key)\(key.endIndex == self.key.endIndex ? "" : "?…")"
    }
}
