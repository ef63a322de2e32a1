/// Path and query of what is asked of an API server, escaped.
public struct KubernetesPath: Hashable, Sendable {
    public private(set) var text: String
    private var hasQuery = false

    /// - Parameter segments: of the path; nothing in them leads out of their place.
    public init(_ segments: [String], _ query: [(String, String)] = []) {
        text = segments.map { "/" + Self.escaped($0) }.joined()
        for (name, value) in query { add(name, value) }
    }

    public mutating func add(_ name: String, _ value: String) {
        text += "\(hasQuery ? "&" : "?")\(Self.escaped(name))=\(Self.escaped(value))"
        hasQuery = true
    }

    public static let version = KubernetesPath(["version"])
    public static let nodes = KubernetesPath(["api", "v1", "nodes"])
    public static let allPods = KubernetesPath(["api", "v1", "pods"])

    public static func pods(in namespace: String, labels: String? = nil) -> KubernetesPath {
        KubernetesPath(
            ["api", "v1", "namespaces", namespace, "pods"], labels.map { [("labelSelector", $0)] } ?? [])
    }

    public static func pod(_ name: String, in namespace: String) -> KubernetesPath {
        KubernetesPath(["api", "v1", "namespaces", namespace, "pods", name])
    }

    /// What has happened to a pod.
    public static func events(ofPod name: String, in namespace: String) -> KubernetesPath {
        KubernetesPath(
            ["api", "v1", "namespaces", namespace, "events"],
            [("fieldSelector", "involvedObject.kind=Pod,involvedObject.name=\(name)")])
    }

    public static func exec(
        _ command: [String], in container: String, of pod: String, _ namespace: String, hasInput: Bool,
        hasTerminal: Bool
    ) -> KubernetesPath {
        KubernetesPath(
            ["api", "v1", "namespaces", namespace, "pods", pod, "exec"],
            [("container", container)] + command.map { ("command", $0) } + [
                ("stdin", "\(hasInput)"), ("stdout", "true"), ("stderr", "\(!hasTerminal)"), ("tty", "\(hasTerminal)"),
            ])
    }

    public static func portForward(to port: Int, of pod: String, _ namespace: String) -> KubernetesPath {
        KubernetesPath(["api", "v1", "namespaces", namespace, "pods", pod, "portforward"], [("ports", "\(port)")])
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e: bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
