/// Where something is: a provider's region. Data moves between locations, and costs what the tariff says.
public struct Location: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let provider: String
    public let region: String

    public init(provider: String, region: String) {
        self.provider = provider
        self.region = region
    }

    /// The machine that `sky` is typed on.
    public static let here = Location(provider: "local", region: "local")

    public var description: String { "\(provider)/\(region)" }

    public static func < (a: Location, b: Location) -> Bool { (a.provider, a.region) < (b.provider, b.region) }
}
