import SkyAzure
import SkyCore
import SkyHTTP

/// The names of what is made for a group of machines: they follow from the run, the token and the rank, so that whoever makes
/// something twice makes it once.
struct AzureNames: Hashable {
    /// What all names of a token begin with.
    let prefix: String

    init(token: String) { prefix = "sky-\(String(AzureNames.digest(token).prefix(12)))-" }

    func machine(_ rank: Int) -> String { "\(prefix)\(rank)" }
    func interface(_ rank: Int) -> String { "\(prefix)\(rank)-nic" }
    func address(_ rank: Int) -> String { "\(prefix)\(rank)-ip" }
    func disk(_ rank: Int) -> String { "\(prefix)\(rank)-os" }
    var securityGroup: String { "\(prefix)nsg" }
    var placementGroup: String { "\(prefix)ppg" }
    var availabilitySet: String { "\(prefix)set" }

    /// What begins the name of everything that Sky makes.
    static let allPrefix = "sky-"
    static let network = "sky-network"
    static let subnet = "nodes"

    /// One for each run and region. Names of groups have up to 90 letters, and ours 89.
    static func resourceGroup(run: RunID, region: String) -> String { "\(allPrefix)\(run)-\(region)" }

    /// FNV-1a, in hexadecimal: names only have to differ, and nobody gains from making two alike.
    private static func digest(_ text: String) -> String {
        func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
            bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
        }
        let hex = String(hash(text.utf8), radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }
}

/// Where things are in Azure Resource Manager, and which versions of its APIs are spoken.
struct AzurePaths: Hashable {
    static let groups = "2021-04-01"
    static let compute = "2024-03-01"
    static let disks = "2023-10-02"
    static let network = "2023-09-01"
    static let sizes = "2021-07-01"

    let subscription: String
    private var root: String { "/subscriptions/\(subscription)" }

    var resourceGroups: String { "\(root)/resourcegroups" }
    func resourceGroup(_ name: String) -> String { "\(root)/resourceGroups/\(name)" }
    func resources(in group: String) -> String { "\(resourceGroup(group))/resources" }

    /// One of ours, or with no name all of a kind; without a group those of the whole subscription.
    func compute(_ kind: String, in group: String?, _ name: String? = nil) -> String {
        path("Microsoft.Compute/\(kind)", group, name)
    }

    func network(_ kind: String, in group: String?, _ name: String? = nil) -> String {
        path("Microsoft.Network/\(kind)", group, name)
    }

    var sizes: String { "\(root)/providers/Microsoft.Compute/skus" }
    func usages(_ region: String) -> String { "\(root)/providers/Microsoft.Compute/locations/\(region)/usages" }

    private func path(_ kind: String, _ group: String?, _ name: String?) -> String {
        (group.map { resourceGroup($0) } ?? root) + "/providers/\(kind)" + (name.map { "/\($0)" } ?? "")
    }

    /// `sky-run-eastus`, of the id of something in it.
    static func group(ofID id: String) -> String? {
        let parts = id.split(separator: "/")
        guard let index = parts.firstIndex(where: { $0.lowercased() == "resourcegroups" }), index + 1 < parts.count
        else { return nil }
        return String(parts[index + 1])
    }

    static func name(ofID id: String) -> String { id.split(separator: "/").last.map(String.init) ?? id }
}

/// Tags as Azure allows them.
enum AzureTag {
    /// Of machines that have to be what Azure calls confidential.
    static let confidential = "sky-confidential"

    /// Names have no `<>%&\\?/` in them and up to 512 letters, values up to 256.
    static func allowed(_ tags: [String: String]) -> [String: JSONValue] {
        let pairs = tags.map { name, value in
            (
                String(name.map { "<>%&\\?/".contains($0) ? "-" : $0 }.prefix(512)),
                JSONValue.string(String(value.prefix(256)))
            )
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

extension JSONValue {
    /// `{"id": …}`, as Azure's resources name one another.
    static func reference(_ id: String) -> JSONValue { ["id": .string(id)] }
}
