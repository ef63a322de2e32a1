import SkyHTTP

/// One thing that somebody may or may not do in a cluster.
public struct ClusterRight: Hashable, Sendable, CustomStringConvertible {
    public var verb: String
    public var resource: String
    public var subresource: String?
    /// Nil for things that belong to no namespace.
    public var namespace: String?

    public init(_ verb: String, _ resource: String, _ subresource: String? = nil, in namespace: String?) {
        self.verb = verb
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
    }

    public var description: String { "\(verb) \(resource)\(subresource.map { "/\($0)" } ?? "")" }
}

extension KubernetesClient {
    private struct AccessReview: Codable, Sendable {
        struct Attributes: Codable, Sendable {
            var namespace: String?
            var verb: String
            var resource: String
            var subresource: String?
        }

        struct Spec: Codable, Sendable {
            var resourceAttributes: Attributes
        }

        struct Status: Codable, Sendable {
            var allowed: Bool?
        }

        var apiVersion = "authorization.k8s.io/v1"
        var kind = "SelfSubjectAccessReview"
        var spec: Spec?
        var status: Status?
    }

    /// Whether we may.
    public func may(_ right: ClusterRight) async throws(KubernetesError) -> Bool {
        let review = AccessReview(
            spec: .init(
                resourceAttributes: .init(
                    namespace: right.namespace, verb: right.verb, resource: right.resource,
                    subresource: right.subresource)))
        let answer = try await create(
            review, answer: AccessReview.self,
            KubernetesPath(["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]), "ask what we may do")
        return answer.status?.allowed ?? false
    }

    private struct IdentityReview: Codable, Sendable {
        struct Status: Codable, Sendable {
            struct User: Codable, Sendable {
                var username: String?
            }

            var userInfo: User?
        }

        var apiVersion: String
        var kind = "SelfSubjectReview"
        var status: Status?
    }

    /// Who we are to the cluster: its own word for us, or where it is too old to say (before 1.26), the name in our certificate, or
    /// what the kubeconfig calls us.
    public func identity() async -> String {
        for version in ["v1", "v1beta1"] {
            let answer = try? await create(
                IdentityReview(apiVersion: "authentication.k8s.io/\(version)"), answer: IdentityReview.self,
                KubernetesPath(["apis", "authentication.k8s.io", version, "selfsubjectreviews"]), "ask who we are")
            if let name = answer?.status?.userInfo?.username { return name }
        }
        let certificate = try? await credentials.pass().route.certificate
        return certificate.flatMap(CertificateName.init(pem:))?.commonName ?? access.userName
    }
}
