import SkyCore

extension OfferRows {
    private struct Shape: Hashable {
        var type: Int32
        var accelerator: Int32
        var capabilities: Int32
        var cpus: Double
        var memory: Double

        init(_ row: Row) {
            (type, accelerator, capabilities) = (row.type, row.accelerator, row.capabilitySet)
            (cpus, memory) = (row.cpus, row.memoryGiB)
        }
    }

    /// What `OfferTable.init` reads.
    ///
    /// - Parameter facts: what is known about accelerators.
    func write(to image: inout ImageWriter, facts: AcceleratorFacts) {
        let (shapes, shapeOfRow) = numberedShapes()
        let (starts, order) = Self.grouped(shapeOfRow, count: shapes.count)
        types.write(to: &image)
        image.texts(regions.names)
        var zones = NameTable()
        let zoneIDs = zoneLists.map { zones.intern($0.joined(separator: ";")) }
        zones.write(to: &image)
        image.list(accelerators) { image, accelerator in
            image.text(accelerator.name)
            image.number(accelerator.count)
            image.optional(facts.memoryGB(of: accelerator)) { $0.number($1) }
            image.optional(facts.family(of: accelerator.name)) { $0.text($1) }
        }
        image.list(capabilitySets) { $0.texts($1) }
        image.list(sourcePairs) { image, pair in
            image.integer(pair.onDemand)
            image.integer(pair.spot)
        }
        image.list(sources) { $1.write(to: &$0) }
        image.texts(notes)
        image.column(shapes.map(\.type))
        image.column(shapes.map(\.accelerator))
        image.column(shapes.map(\.capabilities))
        image.column(shapes.map(\.cpus))
        image.column(shapes.map(\.memory))
        image.column(starts)
        image.column(order.map { shapeOfRow[$0] })
        image.column(order.map { rows[$0].region })
        image.column(order.map { zoneIDs[Int(rows[$0].zoneList)] })
        image.column(order.map { rows[$0].sourcePair })
        image.column(order.map { rows[$0].flags.rawValue })
        image.column(order.map { rows[$0].note })
        image.column(order.map { rows[$0].available })
        image.column(order.map { rows[$0].interruptions })
        image.column(order.map { rows[$0].onDemand })
        image.column(order.map { rows[$0].spot })
        // Few rows have any: a column of its own would be empty nearly everywhere.
        let limited = order.indices.filter { rows[order[$0]].timeLimit >= 0 }
        image.column(limited.map { Int32($0) })
        image.column(limited.map { rows[order[$0]].timeLimit })
        var soldBare = [UInt8](repeating: 0, count: types.count)
        for row in rows where row.accelerator < 0 { soldBare[Int(row.type)] = 1 }
        image.column(soldBare)
    }

    /// In the order of their first rows.
    private func numberedShapes() -> (shapes: [Shape], ofRow: [Int32]) {
        var numbers: [Shape: Int32] = [:]
        var shapes: [Shape] = []
        var ofRow: [Int32] = []
        ofRow.reserveCapacity(rows.count)
        for row in rows {
            let shape = Shape(row)
            // Tables are sorted by machine: it is mostly that of the row before.
            if let last = ofRow.last, shapes[Int(last)] == shape {
                ofRow.append(last)
                continue
            }
            let number = numbers[shape] ?? Int32(shapes.count)
            if Int(number) == shapes.count {
                numbers[shape] = number
                shapes.append(shape)
            }
            ofRow.append(number)
        }
        return (shapes, ofRow)
    }

    /// Rows by shape, each shape's in the order in which they came.
    private static func grouped(_ shapeOfRow: [Int32], count: Int) -> (starts: [Int32], order: [Int]) {
        var starts = [Int32](repeating: 0, count: count + 1)
        for shape in shapeOfRow { starts[Int(shape) + 1] += 1 }
        for shape in 0..<count { starts[shape + 1] += starts[shape] }
        var next = starts
        var order = [Int](repeating: 0, count: shapeOfRow.count)
        for (row, shape) in shapeOfRow.enumerated() {
            order[Int(next[Int(shape)])] = row
            next[Int(shape)] += 1
        }
        return (starts, order)
    }
}

extension PriceSource {
    func write(to image: inout ImageWriter) {
        image.text(key)
        image.text(kind.rawValue)
        image.optional(date) { $0.integer($1.number) }
        image.text(what)
        image.text(licence)
    }

    init(_ reader: inout ImageReader) throws(DamagedImage) {
        key = try reader.text()
        guard let kind = PriceProvenance.Kind(rawValue: try reader.text()) else { throw DamagedImage() }
        self.kind = kind
        date = try reader.optional { (reader) throws(DamagedImage) in CalendarDay(number: try reader.integer()) }
        what = try reader.text()
        licence = try reader.text()
    }
}
