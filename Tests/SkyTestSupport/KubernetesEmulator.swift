import Glibc
import SkyProcess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An API server of Kubernetes on loopback, with TLS, and nodes whose pods are real processes: see `Emulators/kubernetes`. It ends, and
/// its pods with it, with this value or with the process of the tests, whichever is first.
///
/// Needs root, or user namespaces, for the pods' process numbers, and the packages python3, openssl and util-linux.
public final class KubernetesEmulator: HoldingCloud {
    public let folder: String
    public let port: Int
    private let control: Int
    private let lifeline: Int32

    public struct Missing: Error, CustomStringConvertible {
        public let description: String
    }

    /// What keeps this machine from running one; nil for nothing.
    public static let obstacle: String? = {
        for program in ["/usr/bin/openssl", "/usr/bin/unshare", "/usr/bin/nsenter"] where access(program, X_OK) != 0 {
            return "there is no \(program): scripts/ensure-packages.sh test installs it (openssl, util-linux)"
        }
        return getuid() == 0 ? nil : "only root can give pods process numbers of their own"
    }()

    public static var canRun: Bool { obstacle == nil }

    private static let sources =
        "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Emulators/kubernetes"

    /// What a real API server of 1.20 answered to the questions of `confirm.py`, as JSON.
    public static let recordedAnswers = "\(sources)/answers-1.20.json"

    /// Asks an emulator the same questions.
    ///
    /// - Returns: in which answers it differs from those that were recorded.
    public static func differencesFromRecorded() async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            startThread { continuation.resume(with: Result { try askForDifferences() }) }
        }
    }

    private static func askForDifferences() throws -> String {
        let pipe = try Descriptor.pipe()
        let process = try ProcessSpawn(
            "python3", ["\(sources)/confirm.py", "--recorded", recordedAnswers], leadership: .session,
            standardInput: .null, standardOutput: .descriptor(pipe.writing), standardError: .descriptor(pipe.writing)
        ).start()
        close(pipe.writing)
        defer { close(pipe.reading) }
        let said = String(decoding: try Descriptor.readAll(pipe.reading), as: UTF8.self)
        process.waitBlocking()
        return said.hasPrefix("the same answers to ") ? "" : said
    }

    private struct Ready: Decodable {
        var port: Int
        var control: Int
    }

    public static func use<Result>(_ body: (KubernetesEmulator) async throws -> Result) async throws -> Result {
        if let obstacle { throw Missing(description: obstacle) }
        return try await withTemporaryFolder { folder in
            let emulator = try await KubernetesEmulator(folder: "\(folder)/cluster")
            defer { emulator.end() }
            return try await body(emulator)
        }
    }

    private init(folder: String) async throws {
        try Files.makeFolder(folder, mode: 0o755)
        self.folder = folder
        let pipe = try Descriptor.pipe()
        let process = try ProcessSpawn(
            "python3", ["\(Self.sources)/kube-emulator.py", folder], leadership: .session,
            standardInput: .descriptor(pipe.reading), standardOutput: .append(path: "\(folder)/ready"),
            standardError: .append(path: "\(folder)/log")
        ).start()
        close(pipe.reading)
        lifeline = pipe.writing
        self.process = process
        let end = ContinuousClock.now + .seconds(60)
        while true {
            if let bytes = try Files.read("\(folder)/ready"), bytes.last == 0x0a {
                let ready = try JSONDecoder().decode(Ready.self, from: Data(bytes))
                (port, control) = (ready.port, ready.control)
                return
            }
            guard ContinuousClock.now < end else {
                process.signal(SIGKILL)
                let log = (try? Files.read("\(folder)/log")) ?? nil
                throw Missing(description: "no cluster: \(String(decoding: log ?? [], as: UTF8.self))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private let process: SpawnedProcess

    /// Returns when nothing of it runs any more.
    private func end() {
        close(lifeline)
        process.waitBlocking()
    }

    public var server: String { "https://127.0.0.1:\(port)" }

    /// Of the emulator's own authority: `ca.crt`, `admin.crt`, `admin.key`, `certified.crt`, ….
    public func pki(_ name: String) -> String { "\(folder)/pki/\(name)" }

    /// A kubeconfig with one context, whose user is as given.
    ///
    /// - Returns: its path.
    public func kubeconfig(
        _ name: String = "kubeconfig", context: String = "test", user: String = "token: admin-token",
        namespace: String? = nil
    ) throws -> String {
        let path = "\(folder)/\(name)"
        let place = namespace.map { ", namespace: \($0)" } ?? ""
        let text = """
            apiVersion: v1
            kind: Config
            current-context: \(context)
            clusters:
              - name: emulated
                cluster: {server: "\(server)", certificate-authority: \(pki("ca.crt"))}
            contexts:
              - name: \(context)
                context: {cluster: emulated, user: someone\(place)}
            users:
              - name: someone
                user:
            \(user.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))

            """
        try Files.replace(path, with: text.utf8, durability: .processes)
        return path
    }

    // MARK: What tests say, and what they look at

    public struct State: Decodable, Sendable {
        public struct Pod: Decodable, Sendable {
            public struct Spec: Decodable, Sendable {
                public struct Container: Decodable, Sendable {
                    public struct Resources: Decodable, Sendable {
                        public var requests: [String: String]?
                        public var limits: [String: String]?
                    }

                    public var image: String
                    public var resources: Resources?
                }

                public var containers: [Container]
                public var nodeSelector: [String: String]?
            }

            public var name: String
            public var namespace: String
            public var phase: String
            public var node: String?
            public var labels: [String: String]?
            public var isEnding: Bool
            public var spec: Spec
        }

        public struct Call: Decodable, Sendable {
            public var method: String
            public var path: String
            public var query: String
        }

        public var pods: [Pod]
        public var calls: [Call]
        /// What the emulator itself fell over.
        public var failures: [String]
        /// Containers that run.
        public var containers: Int
    }

    public func state() throws -> State {
        try LoopbackCall.json("/", nil as String?, port: control, as: State.self)
    }

    /// One thing that goes wrong, or is different from now on, in JSON: see `Control` in `kube-emulator.py`.
    public func tell(_ json: String) throws { _ = try LoopbackCall.bytes("/", Array(json.utf8), port: control) }

    public func held(_ wish: HeldCall? = nil) throws -> HeldCalls {
        struct Answer: Decodable { let held: HeldCalls }
        if let wish { _ = try LoopbackCall.bytes("/", [UInt8](JSONEncoder().encode(["hold": wish])), port: control) }
        return try LoopbackCall.json("/", nil as String?, port: control, as: Answer.self).held
    }
}
