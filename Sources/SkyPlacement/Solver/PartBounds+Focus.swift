extension PartBounds {
    private static let mostRounds = 8
    private static let roughRounds = 2
    private static let nearness = 1e-6

    /// Works the insides out at prices that are dense near those that say most.
    ///
    /// - Parameters:
    ///   - cap: nil for the most that can be said of the cost of plans that keep the limit; else for the most that
    ///   can be said of the time of plans that cost no more.
    ///   - enough: to say that it costs more, or takes longer, than this.
    ///   - isRough: it is only to be found out what need not be looked at.
    ///   - most: about as many steps may be taken.
    mutating func focus(
        cap: Int64?, enough: Int64, isRough: Bool = false, steps most: Int = .max, _ meter: inout Meter
    ) {
        let rounds = isRough ? Self.roughRounds : Self.mostRounds
        var spread = 0.5
        var spent = 0
        for round in 1...rounds {
            tell(spread: spread, isRough: isRough)
            let steps = steps
            meter.spend(steps)
            spent += steps
            let prices = grid(root).prices
            let costs = inside[root]
            let time = cap.map { soonest(cap: $0) } ?? Double(limit)
            let values = worth == nil ? zip(prices, costs).map { $1 - $0 * time } : Array(costs.dropLast())
            guard let best = values.indices.max(by: { values[$0] < values[$1] }) else { return }
            guard (cap == nil ? values[best] : time) <= Double(enough) else { return }
            aim(at: prices[best])
            // Prices that are all too low say next to nothing.
            let isTooLow = worth == nil && best + 1 == prices.count
            guard spent < most || isTooLow else { return }
            guard worth == nil else {
                spread /= 4
                guard round < min(rounds, 4), !isOneGrid, !meter.isOver else { return }
                continue
            }
            var peak = Self.peak(prices, values, best)
            if isTooLow, isRough { peak.price *= 4 }
            guard round < rounds, !meter.isOver else { return }
            if peak.value - values[best] <= Self.nearness * abs(values[best]), isOneGrid || round > 3 { return }
            spread = min(0.5, max(1.5 * abs(peak.price - prices[best]) / peak.price, 1e-6))
            recentre(peak.price)
        }
    }

    /// No plan that ends by the limit costs less, as far as bounds tell; nil if there is none.
    var leastCost: Int64? {
        guard inside[root][width(root) - 1] <= Double(limit) else { return nil }
        let values = zip(grid(root).prices, whole).map { worth == nil ? $1 - $0 * Double(limit) : $1 }
        guard let most = values.max(), most < 4e18 else { return nil }
        return max(Int64(most.rounded(.up)), 0)
    }

    /// No plan that costs no more ends sooner, as far as bounds tell; nil if none ends by the time.
    func earliestEnd(cap: Int64, by time: Int64) -> Int64? {
        let soonest = soonest(cap: cap)
        return soonest <= Double(time) ? Int64(soonest.rounded(.up)) : nil
    }

    private func soonest(cap: Int64) -> Double {
        let bounds = zip(grid(root).prices, whole).lazy.filter { $0.0 > 0 }.map { ($1 - Double(cap)) / $0 }
        return max(bounds.max() ?? 0, inside[root][width(root) - 1])
    }

    /// Where the highest point of a concave function can be at most, which is known at some prices and highest at `best`.
    private static func peak(_ prices: [Double], _ values: [Double], _ best: Int) -> (price: Double, value: Double) {
        guard best + 1 < prices.count else { return (prices[best] * 4, .infinity) }
        var peak = (price: best > 0 ? prices[best] : prices[1] / 4, value: best > 0 ? values[best] : .infinity)
        for left in [best - 1, best] where left >= 1 && left + 2 < prices.count {
            func slope(_ k: Int) -> Double { (values[k + 1] - values[k]) / (prices[k + 1] - prices[k]) }
            let (rise, fall) = (slope(left - 1), slope(left + 1))
            guard rise > fall else { continue }
            let width = prices[left + 1] - prices[left]
            let part = (values[left + 1] - values[left] - fall * width) / (rise - fall)
            let value = values[left] + rise * part
            if value > peak.value, part >= 0, part <= width { peak = (prices[left] + part, value) }
        }
        if best == 1 || best + 2 == prices.count {
            // Too near the end to tell.
            peak.value = .infinity
        }
        return peak
    }
}

// MARK: - The prices of parts

extension PartBounds {
    /// Puts the centre of every part's prices where the best sharing of the whole's price has it.
    private mutating func aim(at price: Double) {
        var open = [(part: root, row: 0, column: 0, price: price)]
        while let (index, row, column, price) = open.popLast() {
            func figures(_ part: Int, _ row: Int, _ column: Int) -> Int { (row * columns(part) + column) * width(part) }
            func value(_ part: Int, _ row: Int, _ column: Int, at price: Double) -> Double {
                let first = figures(part, row, column)
                let position = grid(part).position(price)
                return inside[part].withUnsafeBufferPointer { all in
                    all.baseAddress.map { position.value($0 + first) } ?? 0
                }
            }
            centre(of: index, price)
            switch plan.parts[index].made {
            case .edge, .entry, .exit: break
            case .series(let first, let v, let second):
                let least = (0..<placeCount(v)).min { a, b in
                    func sum(_ place: Int) -> Double {
                        value(first, row, place, at: price) + value(second, place, column, at: price)
                            + own(v, place, price)
                    }
                    return sum(a) < sum(b)
                }
                open.append((first, row, least ?? 0, price))
                open.append((second, least ?? 0, column, price))
            case .parallel(let one, let other):
                let prices =
                    grid(one).prices.filter { $0 <= price }
                    + grid(other).prices.filter { $0 <= price }.map { price - $0 }
                let share = prices.max { a, b in
                    func sum(_ share: Double) -> Double {
                        value(one, row, column, at: share) + value(other, row, column, at: price - share)
                    }
                    return sum(a) < sum(b)
                }
                open.append((one, row, column, share ?? price))
                open.append((other, row, column, price - (share ?? price)))
            case .sided(let stem, let v, let arm, let side, let isExit):
                var best = (cost: Double.infinity, place: 0, extra: 0.0)
                for place in 0..<placeCount(v) {
                    let (from, to) = isExit ? (0, place) : (place, 0)
                    let beyond = isExit ? value(arm, place, column, at: price) : value(arm, row, place, at: price)
                    var most = (value: -Double.infinity, extra: 0.0)
                    for extra in grid(side).prices where price + extra <= grid(stem).last {
                        let sum =
                            value(stem, from, to, at: price + extra) + own(v, place, price + extra)
                            + value(side, isExit ? place : 0, isExit ? 0 : place, at: extra) - extra * Double(limit)
                        if sum > most.value { most = (sum, extra) }
                    }
                    if most.value + beyond < best.cost { best = (most.value + beyond, place, most.extra) }
                }
                open.append((stem, isExit ? 0 : best.place, isExit ? best.place : 0, price + best.extra))
                open.append((side, isExit ? best.place : 0, isExit ? 0 : best.place, best.extra))
                open.append((arm, isExit ? best.place : row, isExit ? column : best.place, price))
            }
        }
    }

    private func own(_ v: Int, _ place: Int, _ price: Double) -> Double {
        let node = network.nodes[v]
        return node.options[node.first[place]..<node.first[place + 1]].reduce(Self.never) {
            min($0, Double($1.cost) + price * Double($1.time))
        } + Double(node.entryCost[place])
    }
}
