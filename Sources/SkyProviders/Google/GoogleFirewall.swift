import SkyCore
import SkyHTTP

/// Rules that let people and gangs in: made once for each network, and kept, as they cost nothing and let into nothing but
/// machines with Sky's tags.
struct GoogleFirewall {
    let compute: ComputeEngine

    private static let tag = "sky"

    private struct Rule: Encodable {
        struct Allowed: Encodable {
            var IPProtocol: String
            var ports: [String]?
        }
        var name: String
        var description = "made by sky"
        var network: String
        var direction = "INGRESS"
        var allowed: [Allowed]
        var sourceRanges: [String]?
        var sourceTags: [String]?
        var targetTags: [String]
    }

    /// What machines are marked with.
    static func tags(for request: NodeGroupRequest) -> [String] {
        [tag] + (request.servicePort.map { ["\(tag)-port-\($0)"] } ?? [])
    }

    /// Whoever may not make rules has made their own, or machines will say that they cannot be reached.
    func open(for request: NodeGroupRequest) async throws(ProviderError) {
        for rule in rules(for: request) {
            do throws(GoogleFailure) { try await make(rule) } catch {
                guard error.isForbidden, error.error.kind == .credentials else { throw error.error }
            }
        }
    }

    private func rules(for request: NodeGroupRequest) -> [Rule] {
        let named = compute.settings["network"]
        // Where only a subnetwork is named, its network is not known, and is a person's own affair.
        guard named != nil || compute.settings["subnetwork"] == nil else { return [] }
        let short = ComputeEngine.last(named ?? "default")
        let link = named.map { $0.contains("/") ? $0 : "projects/\(compute.project)/global/networks/\($0)" }
        let network = link ?? "projects/\(compute.project)/global/networks/default"
        func name(_ what: String) -> String { "sky-\(GoogleNames.label(short, limit: 30))-\(what)" }
        var rules: [Rule] = []
        if !compute.settings.isReachedPrivately {
            rules.append(
                Rule(
                    name: name("ssh"), network: network, allowed: [.init(IPProtocol: "tcp", ports: ["22"])],
                    sourceRanges: ["0.0.0.0/0"], targetTags: [Self.tag]))
        }
        if request.numNodes > 1 || TPUType(request.instanceType) != nil {
            rules.append(
                Rule(
                    name: name("peers"), network: network, allowed: [.init(IPProtocol: "all")],
                    sourceTags: [Self.tag], targetTags: [Self.tag]))
        }
        if let port = request.servicePort {
            rules.append(
                Rule(
                    name: name("port-\(port)"), network: network,
                    allowed: [.init(IPProtocol: "tcp", ports: [String(port)])], sourceRanges: ["0.0.0.0/0"],
                    targetTags: ["\(Self.tag)-port-\(port)"]))
        }
        return rules
    }

    private func make(_ rule: Rule) async throws(GoogleFailure) {
        do throws(GoogleFailure) {
            try await compute.api.send(compute.call(.get, "/global/firewalls/\(rule.name)"))
            return
        } catch { guard error.isNotFound else { throw error } }
        do throws(GoogleFailure) {
            try await compute.api.send(compute.call(.post, "/global/firewalls", body: GoogleAPI.body(rule)))
        } catch { guard error.isConflict else { throw error } }
    }
}
