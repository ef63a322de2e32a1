extension CostSweep {
    /// Goes along the order and back.
    mutating func pass() {
        sweep(onwards: true)
        sweep(onwards: false)
    }

    private mutating func sweep(onwards: Bool) {
        var sum: Int128 = 0
        if onwards {
            for v in network.order { sum += visit(v, onwards: true) }
        } else {
            for v in network.order.reversed() { sum += visit(v, onwards: false) }
        }
        reference = sum
        bound = max(bound, Self.clamped(sum - saving))
    }

    private static func clamped(_ sum: Int128) -> Int64 { Int64(clamping: min(sum, Int128(Int64.max / 4))) }

    /// Shares what a node costs among its chains and tells the next nodes on them. Returns its part of the bound.
    private mutating func visit(_ v: Int, onwards: Bool) -> Int128 {
        let places = start[v + 1] - start[v]
        let share = Int64(share(v))
        scratch.theta.removeAll(keepingCapacity: true)
        scratch.theta += unary[start[v]..<start[v + 1]]
        for link in linksInto[v] {
            let first = links[link].forward
            for place in 0..<places { scratch.theta[place] += forward[first + place] }
        }
        for link in linksFrom[v] {
            let first = links[link].backward
            for place in 0..<places { scratch.theta[place] += backward[first + place] }
        }
        let least = scratch.theta.min() ?? 0
        var sum = Int128(least)
        for place in 0..<places { scratch.theta[place] -= least }
        if let reference { noteBounds(of: v, above: reference - saving - Int128(slack)) }
        for place in 0..<places { scratch.theta[place] /= share }
        for link in onwards ? linksFrom[v] : linksInto[v] { sum += Int128(tell(links[link], onwards: onwards)) }
        return sum
    }

    /// Both ends' messages being made with the same prices, what a place costs more than the node's cheapest is what
    /// every assignment with it costs more than the bound.
    private mutating func noteBounds(of v: Int, above bound: Int128) {
        let base = Self.clamped(bound)
        let node = network.nodes[v]
        for option in node.options.indices {
            let more = scratch.theta[node.options[option].place] + extra[firstOption[v] + option]
            let index = firstOption[v] + option
            optionBounds[index] = max(optionBounds[index], min(base, Int64.max / 4) + more)
        }
    }

    /// Sends what the visited node costs along one edge. Returns what was taken off the message.
    private mutating func tell(_ link: Link, onwards: Bool) -> Int64 {
        guard let ways = network.edges[link.edge].table?.ways else { return 0 }
        let senders = onwards ? ways.rows : ways.columns
        let receivers = onwards ? ways.columns : ways.rows
        let (heard, told) = onwards ? (link.backward, link.forward) : (link.forward, link.backward)
        for place in 0..<senders {
            scratch.sent[place] = scratch.theta[place] - (onwards ? backward[heard + place] : forward[heard + place])
        }
        let least = scratch.cheapest(ways, link.values, values, isClassed: link.isClassed, onwards: onwards)
        for place in 0..<receivers {
            if onwards {
                forward[told + place] = scratch.received[place] - least
            } else {
                backward[told + place] = scratch.received[place] - least
            }
        }
        return least
    }
}

/// Room for one message, kept between messages.
struct MessageRoom: Sendable {
    var theta: [Int64] = []
    var sent: [Int64]
    var received: [Int64]
    private var perClass: [Int64]
    private var perOtherClass: [Int64]

    init(places: Int) {
        sent = [Int64](repeating: 0, count: places)
        received = sent
        perClass = sent
        perOtherClass = sent
    }

    /// For each receiver the least of what is sent and the way from there, into `received`. Returns the least of all.
    mutating func cheapest(
        _ ways: Ways, _ firstValue: Int, _ values: [Int64], isClassed: Bool, onwards: Bool
    ) -> Int64 {
        values.withUnsafeBufferPointer { all in
            let value = all.baseAddress.map { $0 + firstValue }
            guard let value else { return 0 }
            return sent.withUnsafeBufferPointer { sent in
                received.withUnsafeMutableBufferPointer { received in
                    if isClassed {
                        return perClass.withUnsafeMutableBufferPointer { perClass in
                            perOtherClass.withUnsafeMutableBufferPointer { other in
                                Self.byClasses(ways, value, sent, received, perClass, other, onwards)
                            }
                        }
                    }
                    return onwards
                        ? Self.downRows(ways, value, sent, received) : Self.alongRows(ways, value, sent, received)
                }
            }
        }
    }

    private typealias Values = UnsafePointer<Int64>
    private typealias Costs = UnsafeBufferPointer<Int64>
    private typealias Room = UnsafeMutableBufferPointer<Int64>

    private static func downRows(_ ways: Ways, _ value: Values, _ sent: Costs, _ received: Room) -> Int64 {
        let (rows, columns) = (ways.rows, ways.columns)
        return ways.kinds.withUnsafeBufferPointer { kinds in
            for column in 0..<columns { received[column] = .max }
            for row in 0..<rows {
                let cost = sent[row]
                let first = row * columns
                for column in 0..<columns {
                    let sum = cost + value[Int(kinds[first + column])]
                    received[column] = min(received[column], sum)
                }
            }
            var least = Int64.max
            for column in 0..<columns { least = min(least, received[column]) }
            return least
        }
    }

    private static func alongRows(_ ways: Ways, _ value: Values, _ sent: Costs, _ received: Room) -> Int64 {
        let (rows, columns) = (ways.rows, ways.columns)
        return ways.kinds.withUnsafeBufferPointer { kinds in
            var least = Int64.max
            for row in 0..<rows {
                let first = row * columns
                var best = Int64.max
                for column in 0..<columns { best = min(best, sent[column] + value[Int(kinds[first + column])]) }
                received[row] = best
                least = min(least, best)
            }
            return least
        }
    }

    private static func byClasses(
        _ ways: Ways, _ value: Values, _ sent: Costs, _ received: Room, _ own: Room, _ other: Room, _ onwards: Bool
    ) -> Int64 {
        let (rowClasses, columnClasses) = (ways.rowClasses, ways.columnClasses)
        let (senders, receivers) = onwards ? (ways.rows, ways.columns) : (ways.columns, ways.rows)
        let (senderClass, receiverClass) =
            onwards ? (ways.rowClass, ways.columnClass) : (ways.columnClass, ways.rowClass)
        for number in 0..<(onwards ? rowClasses : columnClasses) { own[number] = .max / 2 }
        for place in 0..<senders {
            let number = Int(senderClass[place])
            own[number] = min(own[number], sent[place])
        }
        ways.kindOfClasses.withUnsafeBufferPointer { kinds in
            if onwards {
                for column in 0..<columnClasses { other[column] = .max }
                for row in 0..<rowClasses {
                    for column in 0..<columnClasses {
                        other[column] = min(other[column], own[row] + value[Int(kinds[row * columnClasses + column])])
                    }
                }
            } else {
                for row in 0..<rowClasses {
                    var best = Int64.max
                    for column in 0..<columnClasses {
                        best = min(best, own[column] + value[Int(kinds[row * columnClasses + column])])
                    }
                    other[row] = best
                }
            }
        }
        for place in 0..<receivers { received[place] = other[Int(receiverClass[place])] }
        ways.sameColumn.withUnsafeBufferPointer { same in
            for row in 0..<ways.rows where same[row] >= 0 {
                let column = Int(same[row])
                let way = value[Int(ways.kinds[row * ways.columns + column])]
                if onwards {
                    received[column] = min(received[column], sent[row] + way)
                } else {
                    received[row] = min(received[row], sent[column] + way)
                }
            }
        }
        var least = Int64.max
        for place in 0..<receivers { least = min(least, received[place]) }
        return least
    }
}
