import SkyCore

/// All offers of one provider where they lie in an image. Rows that differ in their place and price only share a
/// *shape*; they stand together, so a filter judges each shape once and then looks at the rows of those that fit.
struct OfferTable: Sendable {
    static let noPrice = OfferRows.noPrice

    /// Keeps the columns' memory alive.
    private let image: ImageBytes
    let types: MappedNames
    let regions: [String]
    /// `a;b;c`, by number.
    private let zoneTexts: MappedNames
    let accelerators: [Accelerator]
    /// Sorted.
    let capabilitySets: [[String]]
    let sourcePairs: [SourcePair]
    let sources: [PriceSource]
    let notes: [String]

    struct Accelerator: Hashable, Sendable {
        var wanted: AcceleratorCount
        /// Of each; nil when unknown.
        var memoryGB: Double?
        /// The name that is meant when somebody does not say which build of it: `H100` for `H100-SXM`.
        var family: String?
    }

    // By shape.
    let shapeType: Column<Int32>
    /// -1: none.
    let shapeAccelerator: Column<Int32>
    let shapeCapabilities: Column<Int32>
    let shapeCPUs: Column<Double>
    let shapeMemory: Column<Double>
    /// The first row of each shape, and at last the number of all rows.
    private let shapeStart: Column<Int32>

    // By row.
    let shape: Column<Int32>
    let region: Column<Int32>
    private let zoneList: Column<Int32>
    let sourcePair: Column<Int32>
    private let flagBits: Column<Int32>
    let note: Column<Int32>
    let available: Column<Int32>
    let interruptions: Column<Float>
    let onDemand: Column<Int64>
    let spot: Column<Int64>
    /// Rows that may be had for a limited time only, rising, and their limits in seconds.
    let limitedRows: Column<Int32>
    private let limits: Column<Int32>

    /// By type: it is sold without accelerators (too).
    private let soldBare: Column<UInt8>

    var count: Int { region.count }
    var shapeCount: Int { shapeType.count }

    func rows(ofShape shape: Int) -> Range<Int> {
        let (start, end) = (Int(shapeStart[shape]), Int(shapeStart[shape + 1]))
        return start..<max(start, end)
    }

    func isSoldBare(_ type: Int32) -> Bool { soldBare[type] != 0 }

    func zones(_ row: Int) -> [String] { zoneTexts[zoneList[row]].split(separator: ";").map(String.init) }

    /// Rows with one number have the same zones.
    func zoneNumber(_ row: Int) -> Int32 { zoneList[row] }

    func flags(_ row: Int) -> RowFlags { RowFlags(rawValue: flagBits[row]) }

    /// Seconds; -1 for no limit.
    @inline(__always) func timeLimit(_ row: Int) -> Int32 {
        limitedRows.count == 0 ? -1 : listedTimeLimit(row)
    }

    private func listedTimeLimit(_ row: Int) -> Int32 {
        var (low, high) = (0, limitedRows.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(limitedRows[middle]) < row { low = middle + 1 } else { high = middle }
        }
        return low < limitedRows.count && Int(limitedRows[low]) == row ? limits[low] : -1
    }

    @inline(__always) func price(_ row: Int, _ market: Offer.Market) -> Int64 {
        market == .spot ? spot[row] : onDemand[row]
    }

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        image = reader.bytes
        types = try MappedNames(&reader)
        regions = try reader.texts()
        zoneTexts = try MappedNames(&reader)
        accelerators = try reader.list { (reader) throws(DamagedImage) in
            let wanted = AcceleratorCount(name: try reader.text(), count: try reader.number())
            let memory = try reader.optional { (reader) throws(DamagedImage) in try reader.number() }
            let family = try reader.optional { (reader) throws(DamagedImage) in try reader.text() }
            return Accelerator(wanted: wanted, memoryGB: memory, family: family)
        }
        capabilitySets = try reader.list { (reader) throws(DamagedImage) in try reader.texts() }
        sourcePairs = try reader.list { (reader) throws(DamagedImage) in
            SourcePair(
                onDemand: Int32(truncatingIfNeeded: try reader.integer()),
                spot: Int32(truncatingIfNeeded: try reader.integer()))
        }
        sources = try reader.list { (reader) throws(DamagedImage) in try PriceSource(&reader) }
        notes = try reader.texts()
        shapeType = try reader.column(of: Int32.self)
        shapeAccelerator = try reader.column(of: Int32.self)
        shapeCapabilities = try reader.column(of: Int32.self)
        shapeCPUs = try reader.column(of: Double.self)
        shapeMemory = try reader.column(of: Double.self)
        shapeStart = try reader.column(of: Int32.self)
        shape = try reader.column(of: Int32.self)
        region = try reader.column(of: Int32.self)
        zoneList = try reader.column(of: Int32.self)
        sourcePair = try reader.column(of: Int32.self)
        flagBits = try reader.column(of: Int32.self)
        note = try reader.column(of: Int32.self)
        available = try reader.column(of: Int32.self)
        interruptions = try reader.column(of: Float.self)
        onDemand = try reader.column(of: Int64.self)
        spot = try reader.column(of: Int64.self)
        limitedRows = try reader.column(of: Int32.self)
        limits = try reader.column(of: Int32.self)
        soldBare = try reader.column(of: UInt8.self)
        guard shapeStart.count == shapeType.count + 1, soldBare.count == types.count,
            limits.count == limitedRows.count
        else { throw DamagedImage() }
    }
}
