import SkyCore

/// What a person's own `provider.yaml` says about prices beside the tables: agreements with the provider, and machines
/// of one's own.
struct UserRules: Sendable {
    /// A percentage off, for all machines of some types.
    struct Discount: Sendable {
        var types: TypePattern
        var regions: [String]
        /// Nil: both.
        var market: Offer.Market?
        /// In billionths of a percent.
        var share: Int64
        var range: SourceRange
    }

    /// So many machines at a price of their own: reserved, or committed to.
    struct Commitment: Sendable {
        enum Price: Sendable {
            case perHour(Money)
            /// Billionths of a percent off the on-demand price.
            case off(Int64)
        }

        var types: TypePattern
        var region: String
        var zones: [String]
        var count: Int32
        var price: Price
        var range: SourceRange
    }

    var discounts: [Discount] = []
    var commitments: [Commitment] = []
    var hosts: [OwnHost] = []
    var quotas: [Quota] = []
    /// Traffic from anywhere to anywhere, where there is no egress.csv.
    var egressPerGigabyte: Money?
    /// Zero prices and tenfold jumps in these files are meant.
    var isTrusted = false
}

/// A machine of one's own, with what it really costs per hour.
struct OwnHost: Sendable {
    var name: String
    var region: String
    var count: Int32
    var cpus: Double
    var memoryGiB: Double
    var accelerator: AcceleratorCount?
    var capabilities: [String]
    var pricePerHour: Money
    var range: SourceRange

    /// The price paid, spread over the hours of its life that it is used, and the power it draws in each.
    ///
    /// - Parameters:
    ///   - lifetimeHours: from purchase to scrap; at least 1.
    ///   - used: billionths of the hours that it works.
    ///   - watts, perKilowattHour: while it works.
    static func perHour(
        price: Money, lifetimeHours: Int64, used: Int64, watts: Int64, perKilowattHour: Money
    ) -> Money {
        let worked = max(Int64(clamping: Int128(lifetimeHours) * Int128(used) / 1_000_000_000), 1)
        return price.scaled(by: 1, over: worked) + perKilowattHour.scaled(by: watts, over: 1000)
    }
}

/// `m6i.*`, `Standard_D?s_v5` or a plain prefix `p4`: a family of machine types.
struct TypePattern: Hashable, Sendable {
    let text: String

    /// A pattern without `*` and `?` means the type of that name, or the family that begins with it and a dot or dash.
    func matches(_ name: String) -> Bool {
        if !text.contains("*"), !text.contains("?") {
            return name == text || name.hasPrefix("\(text).") || name.hasPrefix("\(text)-")
        }
        return Self.matches(Array(text.utf8)[...], Array(name.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var (pattern, name) = (pattern, name)
        while let first = pattern.first {
            if first == UInt8(ascii: "*") {
                let rest = pattern.dropFirst()
                if rest.isEmpty { return true }
                while !name.isEmpty {
                    if matches(rest, name) { return true }
                    name = name.dropFirst()
                }
                return matches(rest, name)
            }
            guard let letter = name.first, first == UInt8(ascii: "?") || first == letter else { return false }
            (pattern, name) = (pattern.dropFirst(), name.dropFirst())
        }
        return name.isEmpty
    }
}
