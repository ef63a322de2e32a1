import SkyAzure

/// What is read of Azure's answers.
enum AzureAnswer {
    struct Group: Decodable {
        struct Properties: Decodable { let provisioningState: String? }
        let name: String
        let location: String
        let tags: [String: String]?
        let properties: Properties?

        var isGoing: Bool { properties?.provisioningState == "Deleting" }
    }

    /// Anything that has a name.
    struct Thing: Decodable {
        let id: String
        let name: String
        let location: String?
        let tags: [String: String]?
    }

    struct Machine: Decodable {
        struct Properties: Decodable {
            struct Hardware: Decodable { let vmSize: String? }
            struct Security: Decodable {
                struct Firmware: Decodable {
                    let secureBootEnabled: Bool?
                    let vTpmEnabled: Bool?
                }
                let securityType: String?
                let uefiSettings: Firmware?
            }
            let provisioningState: String?
            let hardwareProfile: Hardware?
            let securityProfile: Security?
            let priority: String?
            let timeCreated: String?
        }
        let id: String
        let name: String
        let location: String
        let zones: [String]?
        let tags: [String: String]?
        let properties: Properties
    }

    /// What the host says of a machine, rather than what was asked for.
    struct View: Decodable {
        struct Status: Decodable {
            let code: String
            let displayStatus: String?
            let message: String?
        }
        let statuses: [Status]?

        /// `running`, `deallocated`; nil before there is any.
        var power: String? { word(after: "PowerState/") }
        /// `AllocationFailed`, when it has not come to be.
        var failureCode: String? { word(after: "ProvisioningState/failed/") }
        var failureMessage: String? {
            statuses?.first { $0.code.hasPrefix("ProvisioningState/failed") }.flatMap { $0.message ?? $0.displayStatus }
        }

        private func word(after prefix: String) -> String? {
            statuses?.lazy.map(\.code).first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
        }
    }

    struct Interface: Decodable {
        struct Properties: Decodable {
            struct Configuration: Decodable {
                struct Properties: Decodable {
                    struct Reference: Decodable { let id: String }
                    let privateIPAddress: String?
                    let publicIPAddress: Reference?
                }
                let properties: Properties
            }
            let ipConfigurations: [Configuration]?
        }
        let id: String
        let name: String
        let location: String?
        let tags: [String: String]?
        let properties: Properties
    }

    struct Address: Decodable {
        struct Properties: Decodable { let ipAddress: String? }
        let id: String
        let name: String
        let properties: Properties
    }

    struct Usage: Decodable {
        struct Name: Decodable {
            let value: String
            let localizedValue: String?
        }
        let name: Name
        let currentValue: Int
        let limit: Int
    }

    struct Diagnostics: Decodable { let serialConsoleLogBlobUri: String? }
}
