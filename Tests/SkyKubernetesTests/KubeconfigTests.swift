import SkyCore
import SkyHTTP
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyKubernetes

@Suite("Kubeconfigs")
struct KubeconfigTests {
    /// A kubeconfig with one context `c`, of these fields.
    private func config(cluster: String = #"server: "https://h:6443/""#, user: String = "token: t-secret") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: c
        clusters: [{name: k, cluster: {\(cluster)}}]
        users: [{name: u, user: {\(user)}}]
        contexts: [{name: c, context: {cluster: k, user: u, namespace: ml}}]
        """
    }

    private func read(_ text: String) async throws -> Result<ClusterAccess, KubernetesError> {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/config", Array(text.utf8))
            for name in ["ca", "crt", "key"] { try Files.put("\(folder)/\(name)", Array("PEM of \(name)".utf8)) }
            do throws(KubernetesError) {
                return .success(try Kubeconfig.read(["\(folder)/config"]).access(to: nil))
            } catch { return .failure(error) }
        }
    }

    @Test("a token, a certificate in the file or beside it, and a namespace are found")
    func found() async throws {
        let token = try await read(config()).get()
        #expect(token.server == "https://h:6443" && token.namespace == "ml")
        #expect(token.credentials == .token(Secret("t-secret")))
        let files = try await read(
            config(
                cluster: "server: 'https://h', certificate-authority: ca",
                user: "client-certificate: crt, client-key: key")
        ).get()
        #expect(files.route.authorities == Array("PEM of ca".utf8))
        #expect(files.route.certificate == Array("PEM of crt".utf8) && files.route.key == Secret("PEM of key"))
        let data = try await read(config(user: "client-certificate-data: UEVN, client-key-data: S0VZ")).get()
        #expect(data.route.certificate == Array("PEM".utf8) && data.route.key == Secret("KEY"))
    }

    @Test("another name than the URL's is asked for, at the URL's place; a proxy is the cluster's own")
    func names() async throws {
        let text = config(cluster: "server: 'https://10.0.0.1:6443', tls-server-name: kube, proxy-url: 'http://p:1'")
        let access = try await read(text).get()
        #expect(access.server == "https://kube:6443")
        #expect(access.route.address == "10.0.0.1:6443" && access.route.proxy == "http://p:1")
    }

    @Test(
        "what is insecure, unknown or half is refused in words, and no secret is in them",
        arguments: [
            ("server: 'https://h', insecure-skip-tls-verify: true", "token: t-secret", "insecure-skip-tls-verify"),
            ("server: 'http://h'", "token: t-secret", "no https://"),
            ("server: 'https://h'", "username: me, password: t-secret", "a password"),
            (
                "server: 'https://h'", "auth-provider: {name: oidc, config: {id-token: t-secret}}",
                "auth provider 'oidc'"
            ),
            ("server: 'https://h'", "client-certificate: crt", "half of a certificate"),
            ("server: 'https://h', certificate-authority: none", "token: t-secret", "there is no file"),
            ("server: 'https://h'", "client-key-data: '%t-secret%'", "not in Base64"),
            (
                "server: 'https://h'", "exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}",
                "v1alpha1"
            ),
        ])
    func refused(cluster: String, user: String, words: String) async throws {
        guard case .failure(let error) = try await read(config(cluster: cluster, user: user)) else {
            Issue.record("it was taken")
            return
        }
        #expect(error.message.contains(words), "\(error)")
        #expect(!error.message.contains("t-secret"))
    }

    @Test("of many files the first that says something counts, and a name that is not there has a neighbour")
    func merging() async throws {
        try await withTemporaryFolder { folder in
            try Files.put("\(folder)/a", Array(config().utf8))
            let other = config(user: "token: other").replacing("name: c,", with: "name: d,")
            try Files.put("\(folder)/b", Array(other.utf8))
            let all = try Kubeconfig.read(["\(folder)/none", "\(folder)/a", "\(folder)/b"])
            #expect(all.contextNames == ["c", "d"] && all.currentContext == "c")
            #expect(try all.access(to: "d").credentials == .token(Secret("t-secret")))
            let error = #expect(throws: KubernetesError.self) { try all.access(to: "cc") }
            #expect(error?.message.contains("did you mean 'c'?") == true)
        }
        #expect(Kubeconfig.paths(environment: [:], home: "/h") == ["/h/.kube/config"])
        #expect(Kubeconfig.paths(environment: ["KUBECONFIG": "/a::/b"], home: "/h") == ["/a", "/b"])
    }

    @Test("within a pod its service account is found")
    func inCluster() async throws {
        try await withTemporaryFolder { folder in
            for (name, text) in [("token", "t-secret\n"), ("ca.crt", "PEM"), ("namespace", "ml")] {
                try Files.put("\(folder)/\(name)", Array(text.utf8))
            }
            let environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
            let access = try #require(try ClusterAccess.inCluster(environment: environment, folder: folder))
            #expect(access.server == "https://10.0.0.1:443" && access.namespace == "ml")
            let pass = try await ClusterCredentials(access, environment: [:], cacheFolder: nil).pass()
            #expect(pass.token == Secret("t-secret") && pass.route.authorities == Array("PEM".utf8))
            #expect(try ClusterAccess.inCluster(environment: [:], folder: folder) == nil)
        }
    }

    @Test(
        "amounts are read as Kubernetes writes them",
        arguments: [
            ("250m", 0.25), ("4", 4), ("15890m", 15.89), ("16Gi", 17_179_869_184), ("129e6", 129_000_000), ("1k", 1000),
            ("2Ki", 2048), ("100n", 1e-7), ("1.5", 1.5),
        ])
    func quantities(text: String, value: Double) throws {
        #expect(abs(try #require(Quantity.value(text)) - value) < 1e-9)
    }

    @Test("what is no amount is none", arguments: ["", "x", "Gi", "0x10", "inf", "4 Gi"])
    func noQuantities(text: String) { #expect(Quantity.value(text) == nil) }
}
