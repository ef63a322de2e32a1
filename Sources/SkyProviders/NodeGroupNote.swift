import SkyCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is said of a group where its machines are, for brokers that know nothing of it.
struct NodeGroupNote: Hashable, Sendable, Codable {
    var request: NodeGroupRequest

    func node(_ rank: Int, host: String, address: String) -> Node {
        Node(id: host, rank: rank, address: address, endpointPort: rank == 0 ? request.servicePort : nil)
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Texts and numbers only: it can always be encoded.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    init(request: NodeGroupRequest) { self.request = request }

    init?(_ text: String) {
        guard let note = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return nil }
        self = note
    }
}
