public import SkyCore

/// How the prices of a row are known.
public struct PriceProvenance: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// Stands in a source, or is the sum of two figures that do.
        case observed
        /// Computed from an observed figure by a ratio or a saving.
        case derived
        /// Agreed with the provider, or one's own: somebody wrote it into their own files.
        case agreed
        /// There is no such price.
        case none
    }

    public var onDemand: Kind
    public var spot: Kind

    public init(onDemand: Kind, spot: Kind) {
        self.onDemand = onDemand
        self.spot = spot
    }
}

/// Where a provider's figures come from, as its `provider.yaml` lists it.
public struct PriceSource: Hashable, Sendable, Codable {
    /// What `offers.csv` calls it.
    public var key: String
    public var kind: PriceProvenance.Kind
    /// Of the figures; nil when nobody knows.
    public var date: CalendarDay?
    /// For people.
    public var what: String
    public var licence: String

    public init(
        key: String, kind: PriceProvenance.Kind, date: CalendarDay? = nil, what: String = "", licence: String = ""
    ) {
        self.key = key
        self.kind = kind
        self.date = date
        self.what = what
        self.licence = licence
    }

    /// Words that stand for themselves where a profile lists no source of that name.
    static let plain: [PriceSource] = [
        PriceSource(key: "observed", kind: .observed), PriceSource(key: "derived", kind: .derived),
        PriceSource(key: "none", kind: .none), PriceSource(key: "agreed", kind: .agreed, what: "your own files"),
    ]
}

/// The sources of a row's two prices, as positions in a table's list of sources.
struct SourcePair: Hashable, Sendable {
    var onDemand: Int32
    var spot: Int32
}
