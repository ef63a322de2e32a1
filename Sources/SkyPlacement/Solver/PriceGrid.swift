/// The prices of a millisecond, rising from nothing, at which what a part costs is known. In between, and for what is told
/// by two grids together, anything on the straight line between two prices is a bound as well: what something costs at
/// least is a concave function of the price.
struct PriceGrid: Sendable {
    /// In nanodollars.
    let prices: [Double]

    var last: Double { prices[prices.count - 1] }

    private static let coarse = [0.25, 0.5, 0.75, 0.875, 1, 1.125, 1.25, 1.5, 2]
    private static let fine = [-1, -0.25, 0.25, 1]
    private static let rough = [0.5, 0.8, 1, 1.25, 2]
    private static let shares = [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 16]

    /// Prices that are close to each other near `centre`, within `spread` of it.
    ///
    /// - Parameters:
    ///   - whole: some prices are near this too.
    ///   - most: there are no higher ones.
    ///   - isRough: a few prices are enough.
    init(around centre: Double, spread: Double, whole: Double, most: Double = .infinity, isRough: Bool) {
        var wanted = Self.rough.map { $0 * centre }
        if !isRough {
            wanted = Self.coarse.map { $0 * centre } + Self.fine.map { centre * (1 + $0 * spread) }
            wanted += Self.shares.map { $0 * whole }
        } else if centre < whole {
            wanted += Self.rough.map { $0 * whole }
        }
        wanted.sort()
        var prices = [0.0]
        for price in wanted where price > 0 && price < most {
            let isDistinct = price - prices[prices.count - 1] > max(abs(price - centre), spread * centre) / 32
            if isDistinct || price == centre {
                if !isDistinct, prices.count > 1 { prices.removeLast() }
                prices.append(price)
            }
        }
        if most < .infinity, most > 0 { prices.append(most) }
        if prices.count == 1 { prices.append(1) }
        self.prices = prices
    }

    /// A place between two prices: that many of the way from the one at `index` to the next.
    struct Position {
        var index: Int
        var part: Double

        func value(_ values: UnsafePointer<Double>) -> Double {
            part == 0 ? values[index] : values[index] + part * (values[index + 1] - values[index])
        }
    }

    /// Of a price that is not above the last one.
    func position(_ price: Double) -> Position {
        var index = 0
        while index + 2 < prices.count, prices[index + 1] <= price { index += 1 }
        let width = prices[index + 1] - prices[index]
        let part = min(max((price - prices[index]) / width, 0), 1)
        return part == 1 ? Position(index: index + 1, part: 0) : Position(index: index, part: part)
    }
}

/// The ways to share a price between two things that are worth trying.
struct PriceShares {
    struct Share {
        var one: PriceGrid.Position
        var other: PriceGrid.Position
    }

    /// Per price of a grid.
    let shares: [[Share]]

    /// Those in which the prices of the two add up to each of `grid`'s.
    init(of grid: PriceGrid, one: PriceGrid, other: PriceGrid) {
        shares = grid.prices.map { Self.sharing($0, one: one, other: other) }
    }

    /// Those in which each price of `grid` and the one's add up to the other's.
    init(adding grid: PriceGrid, one: PriceGrid, sum: PriceGrid) {
        shares = grid.prices.map { price in
            let ones = one.prices.filter { price + $0 <= sum.last }
                .map { Share(one: one.position($0), other: sum.position(price + $0)) }
            let sums = sum.prices.filter { $0 >= price && $0 - price <= one.last }
                .map { Share(one: one.position($0 - price), other: sum.position($0)) }
            return ones + sums
        }
    }

    static func sharing(_ price: Double, one: PriceGrid, other: PriceGrid) -> [Share] {
        let ones = one.prices.filter { $0 <= price && price - $0 <= other.last }
            .map { Share(one: one.position($0), other: other.position(price - $0)) }
        let others = other.prices.filter { $0 <= price && price - $0 <= one.last }
            .map { Share(one: one.position(price - $0), other: other.position($0)) }
        return ones + others
    }

    /// The most that any way to share comes to, price by price.
    func most(_ one: UnsafePointer<Double>, _ other: UnsafePointer<Double>, into result: UnsafeMutablePointer<Double>) {
        for (price, ways) in shares.enumerated() {
            var most = -PartBounds.never
            for way in ways { most = max(most, way.one.value(one) + way.other.value(other)) }
            result[price] = most
        }
    }
}
