/// What of a part may belong to a plan, for one pair of places after the other.
struct PartGate {
    private let prices: [Double]
    private let outside: [Double]
    private let cap: Double
    private let limit: Double
    /// Where the pair's figures begin.
    private var first = 0
    /// No way that takes longer is in time.
    private var latest: Int64 = -1
    private var dearest: Int64 = -1
    /// The price that says most about ways as long as the last one.
    private var price = 0

    init(_ bounds: PartBounds, _ part: Int, cap: Int64) {
        prices = bounds.grid(part).prices
        outside = bounds.outside[part]
        limit = Double(bounds.limit)
        self.cap = Double(cap)
    }

    mutating func move(to pair: Int) {
        first = pair * (prices.count + 1)
        price = 0
        let time = limit - outside[first + prices.count]
        latest = time < 0 ? -1 : Int64(min(time, 4e18))
        let cost = cap - outside[first]
        dearest = cost < 0 ? -1 : Int64(min(cost, 4e18)) + 1
    }

    var isOpen: Bool { latest >= 0 && dearest >= 0 }

    /// Quickest for ways that come in the order of their delays.
    mutating func admits(_ way: PartFronts.Way) -> Bool {
        guard way.delay <= latest, way.cost <= dearest else { return false }
        let (cost, delay) = (Double(way.cost), Double(way.delay))
        func bound(_ price: Int) -> Double { cost + prices[price] * delay + outside[first + price] }
        var most = bound(price)
        while price + 1 < prices.count {
            let next = bound(price + 1)
            guard next >= most else { break }
            (most, price) = (next, price + 1)
        }
        while price > 0 {
            let next = bound(price - 1)
            guard next > most else { break }
            (most, price) = (next, price - 1)
        }
        return most <= cap
    }

    /// Lets in what `head` and each of a front come to together. Returns how many were looked at.
    mutating func `let`(
        _ ways: ArraySlice<PartFronts.Way>, after head: PartFronts.Way, into result: inout [PartFronts.Way]
    ) -> Int {
        var low = ways.startIndex
        var high = ways.endIndex
        while low < high {
            let middle = (low + high) / 2
            if ways[middle].cost + head.cost <= dearest { high = middle } else { low = middle + 1 }
        }
        let begin = low
        while low < ways.endIndex {
            let way = PartFronts.Way(cost: ways[low].cost + head.cost, delay: ways[low].delay + head.delay)
            guard way.delay <= latest else { break }
            if admits(way) { result.append(way) }
            low += 1
        }
        return low - begin + 4
    }
}

extension [PartFronts.Way] {
    /// Appends those that no other one beats, in the order of their delays.
    mutating func keepUnbeaten(into result: inout [PartFronts.Way]) {
        sort { ($0.delay, $0.cost) < ($1.delay, $1.cost) }
        var least = Int64.max
        for way in self where way.cost < least {
            least = way.cost
            result.append(way)
        }
    }
}

extension ArraySlice<PartFronts.Way> {
    func firstIndex(laterThan delay: Int64) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].delay <= delay { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Of those that cost no more, the one that is done first.
    func firstIndex(costing most: Int64) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].cost <= most { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
