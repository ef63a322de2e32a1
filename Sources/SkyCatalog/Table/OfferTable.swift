import SkyCore

/// All offers of one provider, a column per attribute: a filter touches only the columns it needs, and no `Offer`
/// or `String` exists until a row matches. One row holds the on-demand and the spot price of a machine in one region.
struct OfferTable: Sendable {
    /// Stands in the price columns for "not sold so".
    static let noPrice: Int64 = -1

    var types = NameTable()
    var regions = NameTable()
    /// Distinct zone lists, accelerators and capability lists; rows hold their numbers.
    var zoneLists: [[String]] = []
    var accelerators: [AcceleratorCount] = []
    /// Sorted.
    var capabilitySets: [[String]] = []

    var type: [Int32] = []
    var region: [Int32] = []
    var zoneList: [Int32] = []
    /// -1: none.
    var accelerator: [Int32] = []
    var cpus: [Double] = []
    var memoryGiB: [Double] = []
    /// Nanodollars per hour, or `noPrice`.
    var onDemand: [Int64] = []
    var spot: [Int64] = []
    var capabilitySet: [Int32] = []
    var provenance: [PriceProvenance] = []
    /// By type: it is sold without accelerators (too).
    var isSoldBare: [Bool] = []

    var count: Int { type.count }

    struct Row {
        var type: Int32
        var region: Int32
        var zoneList: Int32
        var accelerator: Int32
        var cpus: Double
        var memoryGiB: Double
        var onDemand: Int64
        var spot: Int64
        var capabilitySet: Int32
        var provenance: PriceProvenance
    }

    mutating func append(_ row: Row) {
        type.append(row.type)
        region.append(row.region)
        zoneList.append(row.zoneList)
        accelerator.append(row.accelerator)
        cpus.append(row.cpus)
        memoryGiB.append(row.memoryGiB)
        onDemand.append(row.onDemand)
        spot.append(row.spot)
        capabilitySet.append(row.capabilitySet)
        provenance.append(row.provenance)
        while isSoldBare.count < types.count { isSoldBare.append(false) }
        if row.accelerator < 0 { isSoldBare[Int(row.type)] = true }
    }

    /// Room for rows of a file of `bytes` bytes, so that columns do not grow while it is read.
    mutating func reserve(rows: Int) {
        type.reserveCapacity(rows)
        region.reserveCapacity(rows)
        zoneList.reserveCapacity(rows)
        accelerator.reserveCapacity(rows)
        cpus.reserveCapacity(rows)
        memoryGiB.reserveCapacity(rows)
        onDemand.reserveCapacity(rows)
        spot.reserveCapacity(rows)
        capabilitySet.reserveCapacity(rows)
        provenance.reserveCapacity(rows)
    }

    @inline(__always) func price(_ row: Int, _ market: Offer.Market) -> Int64 {
        market == .spot ? spot[row] : onDemand[row]
    }
}

/// How the prices of a row are known.
public struct PriceProvenance: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable {
        /// Stands in a source, or is the sum of two figures that do.
        case observed
        /// Computed from an observed figure by a ratio or a saving.
        case derived
        /// There is no such price.
        case none
    }

    public var onDemand: Kind
    public var spot: Kind

    public init(onDemand: Kind, spot: Kind) {
        self.onDemand = onDemand
        self.spot = spot
    }

    /// Reads `observed` (both) or `observed/derived` (on-demand, then spot).
    init?(_ text: String) {
        let words = text.split(separator: "/", omittingEmptySubsequences: false).map { Kind(rawValue: String($0)) }
        guard let first = words.first, let onDemand = first, let last = words.last, let spot = last, words.count <= 2
        else { return nil }
        self.init(onDemand: onDemand, spot: spot)
    }
}
