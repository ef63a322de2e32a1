import SkyCore
import SkyKubernetes
import SkyRuntime

/// What a group's pods are called, and what is said of the group on them. Names follow from the token alone, so that whoever asks
/// again for a pod that is there is refused by the cluster itself.
struct PodNames {
    let token: String

    static let manager = "app.kubernetes.io/managed-by"
    static let managed = "sky"
    private static let group = "sky-group"
    private static let run = "sky-run"
    private static let rankLabel = "sky-rank"
    /// The annotation that holds a `NodeGroupNote`.
    private static let note = "sky-request"

    /// A token has characters, and a length, that names of pods do not.
    private var digest: String { SHA256.hex(SHA256.digest(of: Array(token.utf8)).prefix(8)) }

    /// `sky-train-7k2m-train-1-0f3a9c21d4e5b607-0`: for people what it begins with, for everybody else what it ends with.
    func pod(_ rank: Int) -> String {
        let plain = token.lowercased().utf8.map { byte in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) ? byte : 0x2d
        }
        let words = String(decoding: plain.prefix(30), as: UTF8.self).split(separator: "-").joined(separator: "-")
        return "sky-\(words.isEmpty ? "" : "\(words)-")\(digest)-\(rank)"
    }

    /// Finds the group's pods.
    var selector: String { "\(Self.group)=\(digest)" }

    /// Finds the pods of a run, or all of ours.
    static func selector(of run: RunID?) -> String {
        "\(manager)=\(managed)" + (run.map { ",\(Self.run)=\(label($0.text))" } ?? "")
    }

    func metadata(_ rank: Int, _ request: NodeGroupRequest) -> ObjectMetadata {
        var labels = [
            Self.manager: Self.managed, Self.group: digest, Self.run: Self.label(request.run.text),
            Self.rankLabel: "\(rank)",
        ]
        for (key, value) in request.labels where labels[key] == nil && Self.isKey(key) {
            labels[key] = Self.label(value)
        }
        return ObjectMetadata(
            name: pod(rank), labels: labels, annotations: [Self.note: NodeGroupNote(request: request).text])
    }

    static func request(of pod: Pod) -> NodeGroupRequest? {
        pod.metadata.annotations?[note].flatMap(NodeGroupNote.init)?.request
    }

    static func rank(of pod: Pod) -> Int? { pod.metadata.labels?[rankLabel].flatMap { Int($0) } }

    /// What Kubernetes lets a label's value be: 63 characters, and a letter or digit at both ends.
    static func label(_ text: String) -> String {
        func isEnd(_ byte: UInt8) -> Bool {
            (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte)
        }
        let bytes = text.utf8.prefix(63).map { isEnd($0) || [0x2d, 0x2e, 0x5f].contains($0) ? $0 : 0x2d }
        let first = bytes.firstIndex(where: isEnd) ?? bytes.endIndex
        let last = bytes.lastIndex(where: isEnd).map { $0 + 1 } ?? first
        return String(decoding: bytes[first..<max(first, last)], as: UTF8.self)
    }

    private static func isKey(_ text: String) -> Bool { !text.isEmpty && !text.contains("/") && label(text) == text }
}
