extension TimeGrid.Layer {
    /// Takes a way for a better one of the same places, which is cheaper, ends sooner and needs less in reduced costs at all prices:
    /// whatever can follow on the one can follow on the better one, and what bounds say of that holds for both.
    ///
    /// - Parameters:
    ///   - slots: nodes of the frontier per way.
    ///   - prices: reduced costs per way.
    /// - Returns: per way the number of the one that stands for it now, and how many pairs were compared.
    mutating func keepBest(slots: Int, prices: Int) -> (standsFor: [Int32], compared: Int) {
        var compared = 0
        let order = sortedByPlacesAndCost(slots: slots)
        var better = [Int](0..<count)
        var kept: [Int] = []
        var groupStart = 0
        for way in order {
            if let last = kept.last, !isSamePlaces(last, way, slots: slots) { groupStart = kept.count }
            let rival = kept[groupStart...].prefix(Self.mostRivals).first { rival in
                compared += 1
                return isAsGood(rival, as: way, slots: slots, prices: prices)
            }
            if let rival { better[way] = rival } else { kept.append(way) }
        }
        guard kept.count < count else { return (better.map { Int32($0) }, compared) }
        kept.sort()
        var number = [Int32](repeating: -1, count: count)
        for (new, old) in kept.enumerated() { number[old] = Int32(new) }
        keep(kept, slots: slots, prices: prices)
        return (better.map { number[$0] }, compared)
    }

    private static let mostRivals = 100

    private func sortedByPlacesAndCost(slots: Int) -> [Int] {
        (0..<count).sorted { a, b in
            for slot in 0..<slots where places[a * slots + slot] != places[b * slots + slot] {
                return places[a * slots + slot] < places[b * slots + slot]
            }
            return (cost[a], a) < (cost[b], b)
        }
    }

    private func isSamePlaces(_ a: Int, _ b: Int, slots: Int) -> Bool {
        (0..<slots).allSatisfy { places[a * slots + $0] == places[b * slots + $0] }
    }

    private func isAsGood(_ rival: Int, as way: Int, slots: Int, prices: Int) -> Bool {
        (0..<slots).allSatisfy { finish[rival * slots + $0] <= finish[way * slots + $0] }
            && (0..<prices).allSatisfy { sums[rival * prices + $0] <= sums[way * prices + $0] }
    }

    private mutating func keep(_ kept: [Int], slots: Int, prices: Int) {
        func picked<Value>(_ values: [Value], _ each: Int) -> [Value] {
            kept.flatMap { values[($0 * each)..<(($0 + 1) * each)] }
        }
        (cost, coarse) = (picked(cost, 1), picked(coarse, 1))
        (places, finish, sums) = (picked(places, slots), picked(finish, slots), picked(sums, prices))
    }
}
