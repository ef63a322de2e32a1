import Glibc
import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyKubernetes

@Suite("Exec plug-ins")
struct ExecPluginTests {
    private static let version = "client.authentication.k8s.io/v1beta1"

    /// A plug-in that counts how often it was run, and prints what it is told.
    private func plugin(_ script: String, in folder: String, isAlwaysInteractive: Bool = false) throws -> ExecPlugin {
        let path = "\(folder)/plugin"
        let text = "#!/bin/sh\necho run >>\(folder)/runs\n\(script)\n"
        try Files.put(path, Array(text.utf8), mode: 0o755)
        chmod(path, 0o755)
        return ExecPlugin(
            command: path, arguments: ["a"], variables: [.init(name: "PLUGIN_VALUE", value: Secret("v-secret"))],
            version: Self.version, wantsCluster: true, isAlwaysInteractive: isAlwaysInteractive)
    }

    private func answer(_ status: String) -> String {
        "echo '{\"apiVersion\": \"\(Self.version)\", \"kind\": \"ExecCredential\", \"status\": {\(status)}}'"
    }

    private func runs(_ folder: String) throws -> Int {
        String(decoding: try Files.read("\(folder)/runs") ?? [], as: UTF8.self).split(separator: "\n").count
    }

    private func credentials(
        _ plugin: ExecPlugin, _ folder: String, now: Int64 = 1_699_999_000_000
    ) -> ClusterCredentials {
        let access = ClusterAccess(title: "c", server: "https://h", credentials: .plugin(plugin))
        return ClusterCredentials(
            access, environment: ["PATH": "/bin:/usr/bin"], cacheFolder: "\(folder)/cache",
            now: { Instant(millisecondsSince1970: now) })
    }

    @Test("it is run once until what it gave ends, also by other processes; the file is for its owner alone")
    func caching() async throws {
        try await withTemporaryFolder { folder in
            let script = answer(#""token": "t-secret", "expirationTimestamp": "2023-11-14T23:13:20+01:00""#)
            let plugin = try plugin(script, in: folder)
            let first = credentials(plugin, folder)
            async let one = first.pass()
            async let two = first.pass()
            #expect(try await [one, two].map(\.token) == [Secret("t-secret"), Secret("t-secret")])
            _ = try await credentials(plugin, folder).pass()
            #expect(try runs(folder) == 2 - 1)
            let name = try #require(Files.names(in: "\(folder)/cache").first)
            var status = stat()
            stat("\(folder)/cache/\(name)", &status)
            #expect(status.st_mode & 0o777 == 0o600)
            #expect(!name.contains("secret"))
            // 22:13:20 of UTC is when it ends; a minute before that it is asked for again.
            _ = try await credentials(plugin, folder, now: 1_700_000_000_000 - 30_000).pass()
            #expect(try runs(folder) == 2)
            #expect(await first.forget())
            _ = try await first.pass()
            #expect(try runs(folder) == 3)
        }
    }

    @Test("it is told about the cluster and gets its variables, and may give a certificate")
    func information() async throws {
        try await withTemporaryFolder { folder in
            let script = """
                echo "$KUBERNETES_EXEC_INFO $PLUGIN_VALUE $1" >\(folder)/told
                \(answer(#""clientCertificateData": "CRT", "clientKeyData": "k-secret""#))
                """
            let pass = try await credentials(try plugin(script, in: folder), folder).pass()
            #expect(pass.route.certificate == Array("CRT".utf8) && pass.route.key == Secret("k-secret"))
            let told = String(decoding: try #require(try Files.read("\(folder)/told")), as: UTF8.self)
            #expect(told.contains(#""server":"https://h""#) && told.contains(Self.version), "\(told)")
            #expect(told.hasSuffix("v-secret a\n"))
            // Without an end it is not kept.
            #expect(Files.names(in: "\(folder)/cache").isEmpty)
        }
    }

    @Test(
        "what goes wrong with it is said, and nothing that it printed",
        arguments: [
            ("echo p-secret; echo no luck >&2; exit 3", "ended with 3: no luck"),
            ("echo p-secret", "no ExecCredential"),
            (
                "echo '{\"apiVersion\": \"other\", \"kind\": \"ExecCredential\", \"status\": {\"token\": \"p-secret\"}}'",
                "answers with other"
            ),
            (
                "echo '{\"apiVersion\": \"client.authentication.k8s.io/v1beta1\", \"kind\": \"ExecCredential\"}'",
                "neither a token"
            ),
        ])
    func failures(script: String, words: String) async throws {
        try await withTemporaryFolder { folder in
            let credentials = credentials(try plugin(script, in: folder), folder)
            let error = await #expect(throws: KubernetesError.self) { _ = try await credentials.pass() }
            #expect(error?.kind == .credentials && error?.message.contains(words) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("p-secret") == false)
        }
    }

    @Test("one that is not there says how to get it; one that must ask a person is not started")
    func impossible() async throws {
        try await withTemporaryFolder { folder in
            var missing = try plugin("", in: folder)
            (missing.command, missing.hint) = ("\(folder)/none", "Install it from there.")
            let error = await #expect(throws: KubernetesError.self) {
                _ = try await credentials(missing, folder).pass()
            }
            #expect(error?.message.contains("Install it from there.") == true)
            let asking = try plugin("", in: folder, isAlwaysInteractive: true)
            await #expect(throws: KubernetesError.self) { _ = try await credentials(asking, folder).pass() }
            #expect(try runs(folder) == 0)
        }
    }
}
