/// What Compute Engine answers, as far as it is read.
enum Compute {
    struct Instance: Decodable, Sendable {
        struct Interface: Decodable, Sendable {
            struct Access: Decodable, Sendable { let natIP: String? }
            let networkIP: String?
            let accessConfigs: [Access]?
        }
        struct Metadata: Decodable, Sendable {
            struct Item: Decodable, Sendable {
                let key: String
                let value: String?
            }
            let items: [Item]?
        }
        struct Scheduling: Decodable, Sendable { let provisioningModel: String? }

        let name: String
        let status: String
        let statusMessage: String?
        let zone: String
        let machineType: String
        let creationTimestamp: String?
        let labels: [String: String]?
        let metadata: Metadata?
        let scheduling: Scheduling?
        let networkInterfaces: [Interface]?
    }

    struct InstanceList: Decodable, Sendable {
        let items: [Instance]?
        let nextPageToken: String?
    }

    /// By `zones/us-central1-a`.
    struct AggregatedList: Decodable, Sendable {
        struct Scope: Decodable, Sendable { let instances: [Instance]? }
        let items: [String: Scope]?
        let nextPageToken: String?
        let unreachables: [String]?
    }

    struct Operation: Decodable, Sendable {
        struct Errors: Decodable, Sendable {
            struct Entry: Decodable, Sendable {
                let code: String
                let message: String?
            }
            let errors: [Entry]?
        }
        let name: String
        let status: String
        let operationType: String?
        let targetLink: String?
        /// The request's id.
        let clientOperationId: String?
        let insertTime: String?
        let statusMessage: String?
        let error: Errors?
        let httpErrorStatusCode: Int?
        let httpErrorMessage: String?

        var isDone: Bool { status == "DONE" }
    }

    struct OperationList: Decodable, Sendable {
        let items: [Operation]?
        let nextPageToken: String?
    }

    struct AggregatedOperations: Decodable, Sendable {
        struct Scope: Decodable, Sendable { let operations: [Operation]? }
        let items: [String: Scope]?
        let nextPageToken: String?
    }

    struct Quota: Decodable, Sendable {
        let metric: String
        let limit: Double
        let usage: Double
    }

    struct Region: Decodable, Sendable {
        let quotas: [Quota]?
        /// Links.
        let zones: [String]?
    }

    struct Regions: Decodable, Sendable {
        struct Name: Decodable, Sendable { let name: String }
        let items: [Name]?
        let nextPageToken: String?
    }

    struct MachineType: Decodable, Sendable {
        struct Accelerator: Decodable, Sendable {
            let guestAcceleratorType: String
            let guestAcceleratorCount: Int
        }
        let guestCpus: Int
        let accelerators: [Accelerator]?
    }

    struct GuestAttributes: Decodable, Sendable {
        struct Value: Decodable, Sendable { let items: [Item]? }
        struct Item: Decodable, Sendable {
            let key: String
            let value: String
        }
        let queryValue: Value?
    }

    struct SerialPort: Decodable, Sendable { let contents: String? }
}
