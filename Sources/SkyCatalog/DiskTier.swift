public import SkyCore

/// A class of disks that a provider sells, and what one costs.
public struct DiskTier: Hashable, Sendable, Codable {
    /// From slow to fast, as requests name them.
    public static let names = ["low", "medium", "high", "ultra"]

    public var name: String
    public var pricePerGBHour: Money
    /// For the whole disk beside its size: what its speed costs.
    public var pricePerHour: Money
    /// Patterns of the machine types that it can be attached to; empty: all.
    public var types: [String]

    public init(name: String, pricePerGBHour: Money, pricePerHour: Money = .zero, types: [String] = []) {
        self.name = name
        self.pricePerGBHour = pricePerGBHour
        self.pricePerHour = pricePerHour
        self.types = types
    }

    func fits(_ type: String) -> Bool { types.isEmpty || types.contains { TypePattern(text: $0).matches(type) } }
}

extension RentalTerms {
    /// Whether a machine of this type can have such a disk. `best` is the fastest that there is, so it always can.
    public func offersDisk(_ tier: String?, on type: String) -> Bool {
        guard let tier, tier != "best" else { return true }
        return diskTiers.contains { $0.name == tier && $0.fits(type) }
    }

    /// What one disk of so many GB costs per hour.
    ///
    /// - Parameter tier: nil for whatever the provider gives; one that it does not have counts as that.
    public func diskPrice(_ gigabytes: Int, tier: String?, on type: String) -> Money {
        guard let tier, let found = disk(tier, on: type) else { return diskPricePerGBHour * gigabytes }
        return found.pricePerGBHour * gigabytes + found.pricePerHour
    }

    private func disk(_ tier: String, on type: String) -> DiskTier? {
        let fitting = diskTiers.filter { $0.fits(type) }
        if tier != "best" { return fitting.first { $0.name == tier } }
        return fitting.max {
            (DiskTier.names.firstIndex(of: $0.name) ?? 0) < (DiskTier.names.firstIndex(of: $1.name) ?? 0)
        }
    }
}

extension DiskTier {
    func write(to image: inout ImageWriter) {
        image.text(name)
        image.integer(pricePerGBHour.nanodollars)
        image.integer(pricePerHour.nanodollars)
        image.texts(types)
    }

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        self.init(
            name: try reader.text(), pricePerGBHour: Money(nanodollars: Int64(try reader.integer())),
            pricePerHour: Money(nanodollars: Int64(try reader.integer())), types: try reader.texts())
    }
}
