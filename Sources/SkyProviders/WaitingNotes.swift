import Glibc
import SkyProcess

/// Why groups that were asked for are not there yet, in files `<provider>/.waiting/<token>`: for people who look at a run
/// meanwhile.
public struct WaitingNotes: Sendable {
    private let folder: String

    /// - Parameter root: the provider's folder.
    init(root: String) { folder = "\(root)/.waiting" }

    /// - Parameter nodes: the folder of all providers' groups.
    public init(nodes: String, provider: String) { self.init(root: "\(nodes)/\(provider)") }

    /// In words; nil when it does not wait, or nobody knows what for.
    public func reason(_ token: String) -> String? {
        guard GroupFolder.isName(token), let bytes = (try? Files.read("\(folder)/\(token)")) ?? nil, !bytes.isEmpty
        else {
            return nil
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Nothing depends on it: what cannot be written down is left out.
    func set(_ reason: String?, of token: String) {
        guard let reason else {
            unlink("\(folder)/\(token)")
            return
        }
        guard (try? Files.makeFolder(folder, mode: 0o700)) != nil else { return }
        try? Files.replace("\(folder)/\(token)", with: reason.utf8, durability: .processes)
    }
}
