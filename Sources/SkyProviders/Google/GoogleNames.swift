import SkyCore
import SkyRuntime

/// How things are called at Google: names of at most 63 of `a-z 0-9 -`, which tokens are not.
struct GoogleNames: Hashable, Sendable {
    /// Of the group; its machines have a rank behind it.
    let group: String
    private let token: String

    /// The beginning of the token for people, and of its hash, so that no two tokens share a name.
    init(token: String) {
        self.token = token
        let readable = Self.label(token, limit: 30).replacing("_", with: "-")
        group = "sky-\(readable)-\(String(hexOf: SHA256.digest(of: Array(token.utf8)).prefix(6)))"
    }

    func machine(_ rank: Int) -> String { "\(group)-\(rank)" }

    /// Of one of its machines, by its name.
    func rank(of name: String) -> Int? {
        name.hasPrefix("\(group)-") ? Int(name.dropFirst(group.utf8.count + 1)) : nil
    }

    /// A UUID that is always the same for the same try at the same thing: Google then does it once.
    func requestID(_ what: String, attempt: Int = 0) -> String {
        var bytes = Array(SHA256.digest(of: Array("\(token)\n\(what)\n\(attempt)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        let text = String(hexOf: bytes)
        var parts: [Substring] = []
        var rest = text[...]
        for count in [8, 4, 4, 4, 12] {
            parts.append(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
        return parts.joined(separator: "-")
    }

    /// A value of a label: lower case, everything but letters, digits, `-` and `_` as `-`.
    static func label(_ text: String, limit: Int = 63) -> String {
        let safe = text.lowercased().utf8.prefix(limit).map { byte -> UInt8 in
            let isKept = (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x5f
            return isKept ? byte : 0x2d
        }
        return String(decoding: safe, as: UTF8.self)
    }

    /// A key of a label begins with a letter. Nil for one that none can be made of.
    static func labelKey(_ text: String) -> String? {
        let key = label(text)
        guard let first = key.utf8.first else { return nil }
        return (0x61...0x7a).contains(first) ? key : label("x-\(text)")
    }
}
