/// The product of two matrices with sums for products and the least for the sum, at several prices at once: what each way
/// through the middle costs at least.
struct MinPlus {
    let rows: Int
    let middle: Int
    let columns: Int
    /// How many figures each entry has, one after the other.
    let width: Int

    /// It is not worth while to prepare for fewer sums than this.
    private static let few = 200

    /// - Parameters:
    ///   - isLeftTransposed: the left matrix is given column by column.
    ///   - isRightTransposed: the right one is.
    func of(
        _ left: [Double], _ right: [Double], isLeftTransposed: Bool = false, isRightTransposed: Bool = false
    ) -> [Double] {
        var result = [Double](repeating: PartBounds.never, count: rows * columns * width)
        guard rows * middle * columns > Self.few else {
            for row in 0..<rows {
                for step in 0..<middle {
                    let a = (isLeftTransposed ? step * rows + row : row * middle + step) * width
                    guard left[a] < PartBounds.never else { continue }
                    for column in 0..<columns {
                        let b = (isRightTransposed ? column * middle + step : step * columns + column) * width
                        let to = (row * columns + column) * width
                        for k in 0..<width { result[to + k] = min(result[to + k], left[a + k] + right[b + k]) }
                    }
                }
            }
            return result
        }
        var (a, b) = ([Double](repeating: 0, count: rows * middle), [Double](repeating: 0, count: middle * columns))
        var sums = [Double](repeating: 0, count: rows * columns)
        for figure in 0..<width {
            copy(left, figure, rows, middle, isLeftTransposed, into: &a)
            copy(right, figure, middle, columns, isRightTransposed, into: &b)
            multiply(a, b, into: &sums)
            for (entry, sum) in sums.enumerated() { result[entry * width + figure] = sum }
        }
        return result
    }

    /// One figure of each entry, row by row.
    private func copy(
        _ all: [Double], _ figure: Int, _ rows: Int, _ columns: Int, _ isTransposed: Bool, into plane: inout [Double]
    ) {
        for row in 0..<rows {
            for column in 0..<columns {
                let entry = isTransposed ? column * rows + row : row * columns + column
                plane[row * columns + column] = all[entry * width + figure]
            }
        }
    }

    private func multiply(_ a: [Double], _ b: [Double], into sums: inout [Double]) {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                sums.withUnsafeMutableBufferPointer { sums in
                    guard let b = b.baseAddress, let sums = sums.baseAddress else { return }
                    for entry in 0..<rows * columns { sums[entry] = PartBounds.never }
                    for row in 0..<rows {
                        let to = sums + row * columns
                        for step in 0..<middle {
                            let head = a[row * middle + step]
                            guard head < PartBounds.never else { continue }
                            let from = b + step * columns
                            for column in 0..<columns { to[column] = min(to[column], head + from[column]) }
                        }
                    }
                }
            }
        }
    }
}
