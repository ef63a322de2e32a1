/// Cost and time of one edge's artifacts for every pair of places: rows are where they come from.
///
/// There are far fewer kinds of ways between places than pairs of places, so a table says what each kind comes to,
/// and shares with other edges which kind each pair has. A class, so that handing it on does not count a reference per
/// column.
final class TransferTable: Sendable {
    let ways: Ways
    /// Per kind of way, in nanodollars and milliseconds.
    let costs: [Int64]
    let times: [Int64]
    let isFree: Bool
    let isInstant: Bool
    /// Whether the cheapest ways can be found by classes with less work.
    let isClassed: Bool

    init(ways: Ways, costs: [Int64], times: [Int64]) {
        self.ways = ways
        self.costs = costs
        self.times = times
        isFree = costs.allSatisfy { $0 == 0 }
        isInstant = times.allSatisfy { $0 == 0 }
        isClassed =
            ways.isClassed
            && (0..<ways.rows).allSatisfy { row in
                let own = Int(ways.sameColumn[row])
                guard own >= 0 else { return true }
                let usual = ways.kindOfClasses[
                    Int(ways.rowClass[row]) * ways.columnClasses + Int(ways.columnClass[own])]
                return costs[Int(ways.kinds[row * ways.columns + own])] <= costs[Int(usual)]
            }
    }

    /// From cost and time of every pair of places, row by row.
    convenience init(columns: Int, cost: [Int64], time: [Int64]) {
        var number: [[Int64]: Int32] = [:]
        var kinds: [Int32] = []
        var (costs, times): ([Int64], [Int64]) = ([], [])
        kinds.reserveCapacity(cost.count)
        for (cost, time) in zip(cost, time) {
            let kind = number[[cost, time]] ?? Int32(costs.count)
            if kind == costs.count {
                number[[cost, time]] = kind
                costs.append(cost)
                times.append(time)
            }
            kinds.append(kind)
        }
        let rows = columns == 0 ? 0 : kinds.count / columns
        let ways = Ways(
            columns: columns, kinds: kinds, prices: costs, sameColumn: [Int32](repeating: -1, count: rows))
        self.init(ways: ways, costs: costs, times: times)
    }

    /// Of every pair of places, row by row.
    var cost: [Int64] { ways.kinds.map { costs[Int($0)] } }
    var time: [Int64] { ways.kinds.map { times[Int($0)] } }

    var columns: Int { ways.columns }

    func index(from: Int, to: Int) -> Int { from * ways.columns + to }
    func cost(at index: Int) -> Int64 { costs[Int(ways.kinds[index])] }
    /// The same as `cost(at:)`; by classes if there are any, which stay in the processor's cache.
    func cost(from row: Int, to column: Int) -> Int64 {
        guard isClassed else { return cost(at: index(from: row, to: column)) }
        if ways.sameColumn[row] == column { return costs[Int(ways.sameKind[row])] }
        let cell = Int(ways.rowClass[row]) * ways.columnClasses + Int(ways.columnClass[column])
        return costs[Int(ways.kindOfClasses[cell])]
    }

    func time(at index: Int) -> Int64 { times[Int(ways.kinds[index])] }

    /// The table for some of the rows and columns, both rising.
    func restricted(rows: [Int], columns: [Int]) -> TransferTable {
        let smaller = Ways(ways, rows: rows, columns: columns)
        guard smaller.kinds.count + smaller.kindOfClasses.count < costs.count else {
            return TransferTable(ways: smaller, costs: costs, times: times)
        }
        let (renumbered, used) = smaller.withKindsRenumbered(costs.count)
        return TransferTable(ways: renumbered, costs: used.map { costs[$0] }, times: used.map { times[$0] })
    }
}

/// Which kind of way lies between two places of two stages.
///
/// Rows that cost the same to every column but their own place make a class, and so do columns. Cheapest ways from all
/// rows to all columns then need a look at pairs of classes, and at the pairs that are one place: those ways are the
/// exceptions, never dearer than what the classes say.
final class Ways: Sendable {
    let rows: Int
    let columns: Int
    /// Row-major.
    let kinds: [Int32]
    let rowClass: [Int32]
    let columnClass: [Int32]
    let columnClasses: Int
    /// Per class of rows and class of columns: a kind that costs as much as all those between them.
    let kindOfClasses: [Int32]
    /// Per row: the column that is the same place, or -1.
    let sameColumn: [Int32]
    /// Per row: the kind of staying there, or -1.
    let sameKind: [Int32]

    var rowClasses: Int { columnClasses == 0 ? 0 : kindOfClasses.count / columnClasses }
    /// Whether going by classes is less work than looking at all pairs.
    var isClassed: Bool { (kindOfClasses.count + rows + columns) * 3 < 2 * kinds.count }

    /// Elementary steps of finding all cheapest ways in one direction.
    func steps(isClassed: Bool) -> Int {
        isClassed ? kindOfClasses.count + 2 * (rows + columns) : kinds.count + rows + columns
    }

    /// - Parameters:
    ///   - prices: per kind, what decides its cost: kinds of one price cost the same on every edge.
    ///   - sameColumn: per row the column that is the same place, or -1. Staying is never dearer than moving.
    init(columns: Int, kinds: [Int32], prices: [Int64], sameColumn: [Int32]) {
        rows = sameColumn.count
        self.columns = columns
        self.kinds = kinds
        self.sameColumn = sameColumn
        sameKind = Self.sameKinds(sameColumn, kinds, columns)
        var usual = kinds
        var hashes = [UInt64](repeating: 0, count: rows)
        for row in 0..<rows {
            let own = Int(sameColumn[row])
            if own >= 0 { usual[row * columns + own] = Self.usualKind(row, own, columns, kinds, prices) }
            var hash: UInt64 = 0
            for cell in row * columns..<(row + 1) * columns {
                hash = (hash ^ UInt64(bitPattern: prices[Int(usual[cell])])) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 29
            }
            hashes[row] = hash
        }
        func price(_ row: Int, _ column: Int) -> Int64 { prices[Int(usual[row * columns + column])] }
        var representatives: [Int] = []
        var classOfHash: [UInt64: [Int]] = [:]
        var rowClass = [Int32](repeating: 0, count: rows)
        for row in 0..<rows {
            let alike = classOfHash[hashes[row]]?.first { number in
                (0..<columns).allSatisfy { price(representatives[number], $0) == price(row, $0) }
            }
            rowClass[row] = Int32(alike ?? representatives.count)
            guard alike == nil else { continue }
            classOfHash[hashes[row], default: []].append(representatives.count)
            representatives.append(row)
        }
        var columnNumbers: [[Int64]: Int32] = [:]
        var columnRepresentatives: [Int] = []
        columnClass = (0..<columns).map { column in
            let key = representatives.map { price($0, column) }
            if let known = columnNumbers[key] { return known }
            columnNumbers[key] = Int32(columnRepresentatives.count)
            columnRepresentatives.append(column)
            return Int32(columnRepresentatives.count - 1)
        }
        self.rowClass = rowClass
        columnClasses = columnRepresentatives.count
        kindOfClasses = representatives.flatMap { row in columnRepresentatives.map { usual[row * columns + $0] } }
    }

    /// What the ways to the neighbours in the list, which are mostly of the same provider, usually cost, if that is not
    /// cheaper than the place itself.
    private static func usualKind(
        _ row: Int, _ own: Int, _ columns: Int, _ kinds: [Int32], _ prices: [Int64]
    ) -> Int32 {
        let least = prices[Int(kinds[row * columns + own])]
        var best = (count: 0, price: least, kind: kinds[row * columns + own])
        let near = max(own - 3, 0)..<min(own + 4, columns)
        for column in near where column != own {
            let kind = kinds[row * columns + column]
            let price = prices[Int(kind)]
            guard price >= least else { continue }
            let count = near.count { prices[Int(kinds[row * columns + $0])] == price }
            if (count, price) > (best.count, best.price) { best = (count, price, kind) }
        }
        return best.kind
    }

    /// For some of the rows and columns, both rising.
    init(_ whole: Ways, rows keptRows: [Int], columns keptColumns: [Int]) {
        rows = keptRows.count
        columns = keptColumns.count
        var cells: [Int32] = []
        cells.reserveCapacity(keptRows.count * keptColumns.count)
        whole.kinds.withUnsafeBufferPointer { kinds in
            for row in keptRows {
                for column in keptColumns { cells.append(kinds[row * whole.columns + column]) }
            }
        }
        kinds = cells
        var newColumn = [Int32](repeating: -1, count: whole.columns)
        for (position, column) in keptColumns.enumerated() { newColumn[column] = Int32(position) }
        sameColumn = keptRows.map { whole.sameColumn[$0] < 0 ? -1 : newColumn[Int(whole.sameColumn[$0])] }
        sameKind = Self.sameKinds(sameColumn, kinds, columns)
        let (rowClass, rowClasses) = Self.renumbered(keptRows.map { whole.rowClass[$0] }, whole.rowClasses)
        let (columnClass, columnClasses) = Self.renumbered(
            keptColumns.map { whole.columnClass[$0] }, whole.columnClasses)
        (self.rowClass, self.columnClass) = (rowClass, columnClass)
        self.columnClasses = columnClasses.count
        kindOfClasses = rowClasses.flatMap { row in
            columnClasses.map { whole.kindOfClasses[Int(row) * whole.columnClasses + Int($0)] }
        }
    }

    private static func sameKinds(_ sameColumn: [Int32], _ kinds: [Int32], _ columns: Int) -> [Int32] {
        sameColumn.indices.map { sameColumn[$0] < 0 ? -1 : kinds[$0 * columns + Int(sameColumn[$0])] }
    }

    /// Numbers only the kinds that are there. Returns their old numbers too, of which there were `count`.
    fileprivate func withKindsRenumbered(_ count: Int) -> (ways: Ways, old: [Int]) {
        var number = [Int32](repeating: -1, count: count)
        var old: [Int] = []
        func renumbered(_ kinds: [Int32]) -> [Int32] {
            kinds.map { kind in
                if number[Int(kind)] < 0 {
                    number[Int(kind)] = Int32(old.count)
                    old.append(Int(kind))
                }
                return number[Int(kind)]
            }
        }
        let ways = Ways(self, kinds: renumbered(kinds), kindOfClasses: renumbered(kindOfClasses))
        return (ways, old)
    }

    /// With other numbers for the same kinds.
    private init(_ other: Ways, kinds: [Int32], kindOfClasses: [Int32]) {
        (rows, columns, columnClasses) = (other.rows, other.columns, other.columnClasses)
        (rowClass, columnClass, sameColumn) = (other.rowClass, other.columnClass, other.sameColumn)
        self.kinds = kinds
        self.kindOfClasses = kindOfClasses
        sameKind = Self.sameKinds(sameColumn, kinds, columns)
    }

    private static func renumbered(_ classes: [Int32], _ count: Int) -> (numbers: [Int32], old: [Int32]) {
        var number = [Int32](repeating: -1, count: count)
        var old: [Int32] = []
        let numbers = classes.map { old_ in
            if number[Int(old_)] < 0 {
                number[Int(old_)] = Int32(old.count)
                old.append(old_)
            }
            return number[Int(old_)]
        }
        return (numbers, old)
    }
}
