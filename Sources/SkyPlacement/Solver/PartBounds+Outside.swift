extension PartBounds {
    /// Works out what is around the parts.
    mutating func tellOutside() {
        outside = inside.map { [Double](repeating: Self.never, count: $0.count) }
        let prices = grid(root).prices
        outside[root] =
            zip(prices, inside[root]).map { price, cost in
                (worth == nil ? -price * Double(limit) : 0) - margin(price, cost)
            } + [0]
        for index in plan.parts.indices.reversed() {
            let around = outside[index]
            switch plan.parts[index].made {
            case .edge, .entry, .exit: break
            case .series(let first, let v, let second):
                let own = own(v, grid(index).prices)
                let (rows, columns) = (rows(first), columns(second))
                outside[first] = aroundFirst(around, own, inside[second], rows, columns, width(index))
                outside[second] = aroundSecond(around, inside[first], own, rows, columns, width(index))
            case .parallel(let one, let other):
                for (part, beside) in [(one, other), (other, one)] {
                    let shares = PriceShares(adding: grid(part), one: grid(beside), sum: grid(index))
                    outside[part] = combined(part, beside, inside[beside], index, around, shares) { $1 }
                }
            case .sided: tellAroundSided(index)
            }
        }
    }

    private func aroundFirst(
        _ around: [Double], _ own: [Double], _ second: [Double], _ rows: Int, _ columns: Int, _ width: Int
    ) -> [Double] {
        let product = MinPlus(rows: rows, middle: columns, columns: own.count / width, width: width)
        var result = product.of(around, second, isRightTransposed: true)
        for row in 0..<rows { for cell in own.indices { result[row * own.count + cell] += own[cell] } }
        return result
    }

    private func aroundSecond(
        _ around: [Double], _ first: [Double], _ own: [Double], _ rows: Int, _ columns: Int, _ width: Int
    ) -> [Double] {
        let places = own.count / width
        let product = MinPlus(rows: places, middle: rows, columns: columns, width: width)
        var result = product.of(first, around, isLeftTransposed: true)
        for pair in 0..<places * columns {
            for k in 0..<width { result[pair * width + k] += own[pair / columns * width + k] }
        }
        return result
    }

    private mutating func tellAroundSided(_ index: Int) {
        guard case .sided(let stem, let v, let arm, let side, let isExit) = plan.parts[index].made else { return }
        let (around, places, width) = (outside[index], placeCount(v), width(index))
        let free = [Double](repeating: 0, count: places * width)
        let stemAndSide = stemFigures(index)
        let beyond: [Double]
        if isExit {
            outside[arm] = aroundSecond(around, stemAndSide, free, 1, columns(arm), width)
            beyond = aroundFirst(around, free, inside[arm], 1, columns(arm), width)
        } else {
            outside[arm] = aroundFirst(around, free, stemAndSide, rows(arm), 1, width)
            beyond = aroundSecond(around, inside[arm], free, rows(arm), 1, width)
        }
        let shares = PriceShares(of: grid(stem), one: grid(side), other: grid(index))
        var aroundStem = combined(stem, side, kept(side), index, beyond, shares) { max($0, $1) }
        for (cell, figure) in own(v, grid(stem).prices).enumerated() { aroundStem[cell] += figure }
        outside[stem] = aroundStem
        let sums = PriceShares(adding: grid(side), one: grid(index), sum: grid(stem))
        var beside = combined(side, index, beyond, stem, passed(stem, v), sums) { $1 }
        for place in 0..<places {
            for (k, price) in grid(side).prices.enumerated() {
                beside[place * self.width(side) + k] -= price * Double(limit)
            }
        }
        outside[side] = beside
    }
}
