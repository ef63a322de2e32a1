/// What Cloud TPU's API (v2) is told and answers, as far as it is used.
enum TPU {
    struct Node: Codable, Sendable {
        struct Network: Codable, Sendable {
            var network: String?
            var subnetwork: String?
            var enableExternalIps: Bool?
        }
        struct Account: Codable, Sendable {
            var email: String
            var scope: [String]?
        }
        struct Endpoint: Codable, Sendable {
            struct Access: Codable, Sendable { var externalIp: String? }
            var ipAddress: String?
            var accessConfig: Access?
        }

        /// The whole one.
        var name: String?
        var acceleratorType: String?
        var runtimeVersion: String?
        var networkConfig: Network?
        var serviceAccount: Account?
        var labels: [String: String]?
        var metadata: [String: String]?
        var tags: [String]?
        var state: String?
        var healthDescription: String?
        var networkEndpoints: [Endpoint]?
    }

    struct NodeSpec: Codable, Sendable {
        struct Slices: Codable, Sendable {
            var nodeCount: Int
            var nodeIdPrefix: String
        }
        var parent: String
        var nodeId: String?
        var multisliceParams: Slices?
        var node: Node
    }

    struct Request: Codable, Sendable {
        struct Tpu: Codable, Sendable { var nodeSpec: [NodeSpec] }
        struct Spot: Codable, Sendable {}
        struct Policy: Codable, Sendable { var validUntilDuration: String? }
        struct Status: Codable, Sendable {
            var code: Int?
            var message: String?
        }
        struct Failed: Codable, Sendable { var error: Status? }
        struct State: Codable, Sendable {
            var state: String?
            var stateInitiator: String?
            var failedData: Failed?
        }

        /// The whole one.
        var name: String?
        var createTime: String?
        var tpu: Tpu
        var spot: Spot?
        var queueingPolicy: Policy?
        var state: State?
    }

    struct RequestList: Decodable, Sendable {
        let queuedResources: [Request]?
        let nextPageToken: String?
        let unreachable: [String]?
    }

    struct Question: Encodable, Sendable {
        let queryPath: String
        let workerIds: [String]
    }

    struct GuestAttributes: Decodable, Sendable { let guestAttributes: [Compute.GuestAttributes]? }
}
