/// Paths as text: nothing here looks at a disk.
enum PathText {
    /// `path` seen from the absolute folder `base`, with `.` and `..` resolved by name.
    static func absolute(_ path: String, in base: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : "\(base)/\(path)").split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// `./x` when `path` lies in the absolute folder `base`, else `path`.
    static func shown(_ path: String, in base: String) -> String {
        if path == base { return "." }
        let prefix = base == "/" ? base : base + "/"
        return path.hasPrefix(prefix) ? "./" + path.dropFirst(prefix.count) : path
    }

    /// The part after the last `/`.
    static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? ""
    }

    /// The folder that `path` lies in; `/` for what has none above it.
    static func folder(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    /// The schemes that inputs and mounts may come from.
    static let schemes = ["s3", "gs", "az", "https"]

    /// SkyPilot's others, which nothing here can read.
    static let otherStores = ["r2", "cos", "oci", "nebius", "cw", "hf", "volume"]

    /// `s3` of `s3://bucket/key`; nil for anything that is no address.
    static func scheme(of text: String) -> String? {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound]
        return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } ? String(scheme) : nil
    }
}
