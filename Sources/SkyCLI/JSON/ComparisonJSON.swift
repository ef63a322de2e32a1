import SkyCore
import SkyPlacement

/// `sky plan --diff … --output json`.
struct ComparisonJSON: Encodable {
    struct Side: Encodable {
        let place: String
        let costUsd: Dollars
        let timeSeconds: Double

        init(_ side: PlanComparison.Line.Side) {
            place = side.place
            costUsd = Dollars(side.cost)
            timeSeconds = Double(side.time.milliseconds) / 1000
        }
    }

    struct Line: Encodable {
        let name: String
        let isChanged: Bool
        @Nullable var old: Side?
        @Nullable var new: Side?

        init(_ line: PlanComparison.Line) {
            name = line.name
            isChanged = line.isChanged
            _old = Nullable(wrappedValue: line.old.map(Side.init))
            _new = Nullable(wrappedValue: line.new.map(Side.init))
        }
    }

    let version = 1
    let isDifferent: Bool
    let lines: [Line]
    let total: Line

    init(_ comparison: PlanComparison) {
        isDifferent = comparison.isDifferent
        lines = comparison.lines.map(Line.init)
        total = Line(comparison.total)
    }

    func text() throws -> String { try JSONText.encode(self) }
}
