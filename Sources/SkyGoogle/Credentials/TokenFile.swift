import CCrypto
import FoundationEssentials
import SkyCore
import SkyProcess

/// A token that is kept between two commands, for this user only. Whatever is wrong with the file, a new token is asked for.
struct TokenFile {
    private let path: String

    private struct Content: Codable {
        let token: String
        /// Milliseconds since 1970.
        let expires: Int64
    }

    /// - Parameter identity: what the token depends on. It may hold secrets: the file is named by its hash.
    init(folder: String, identity: [String]) {
        path = "\(folder)/google-\(Self.name(of: identity)).json"
    }

    func read() -> GoogleToken? {
        guard let bytes = (try? Files.read(path, limit: 1 << 16)) ?? nil,
            let content = try? JSONDecoder().decode(Content.self, from: Data(bytes))
        else { return nil }
        return GoogleToken(
            secret: Secret(content.token), expires: Instant(millisecondsSince1970: content.expires))
    }

    /// A folder that cannot be written costs one more request the next time, and is no failure.
    func write(_ token: GoogleToken) {
        let content = Content(token: token.secret.reveal(), expires: token.expires.millisecondsSince1970)
        guard let bytes = try? JSONEncoder().encode(content) else { return }
        try? Files.makeFolder(Files.parent(of: path), mode: 0o700)
        try? Files.replace(path, with: bytes, mode: 0o600, durability: .processes)
    }

    func remove() { try? Disk.remove(path) }

    /// Each part with its length before it, so that no two lists look alike.
    private static func name(of identity: [String]) -> String {
        let bytes = identity.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
        let digest = [UInt8](unsafeUninitializedCapacity: 32) { buffer, filled in
            let isDone = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, buffer.baseAddress, nil, EVP_sha256(), nil)
            }
            guard isDone == 1 else { fatalError("libcrypto offers no SHA-256, or memory is exhausted") }
            filled = 32
        }
        return String(hexOf: digest)
    }
}
