import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess

/// Tokens that outlive the command that asked for them, each in a file that only its user may read. What is wrong with such
/// a file is no reason to fail: another token is asked for.
struct TokenCache: Sendable {
    private struct Entry: Codable {
        let token: String
        let expires: Instant
    }

    private let path: String
    private let folder: String

    /// Nil when there is no place for tokens, or this identity's are not kept.
    init?(_ identity: AzureIdentity, _ scope: AzureScope, folder: String?) {
        guard let folder, let key = identity.cacheKey else { return nil }
        self.folder = "\(folder)/azure-tokens"
        let words = [key, identity.endpoints.authority, scope.resource].joined(separator: "\n")
        path = "\(self.folder)/\(String(hexOf: Encoding.sha256(Array(words.utf8)).prefix(16))).json"
    }

    func load() -> AccessToken? {
        guard isOurs, let bytes = try? Files.read(path, limit: 1 << 16),
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(bytes))
        else { return nil }
        return AccessToken(Secret(entry.token), expires: entry.expires)
    }

    func keep(_ token: AccessToken) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let bytes = try? encoder.encode(Entry(token: token.secret.reveal(), expires: token.expires)) else {
            return
        }
        try? Files.makeFolder(folder, mode: 0o700)
        try? Files.replace(path, with: bytes, mode: 0o600, durability: .processes)
    }

    func forget() { unlink(path) }

    /// Readable by this user alone: what others could have written is not believed.
    private var isOurs: Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_uid == geteuid() && status.st_mode & 0o077 == 0
    }
}
