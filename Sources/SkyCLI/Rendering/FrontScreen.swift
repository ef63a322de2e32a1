import SkyCatalog
import SkyCore
import SkyPlacement

/// What can be had between cheapest and fastest, numbered.
struct FrontScreen: Sendable {
    let pipeline: String
    let front: ParetoFront
    /// In the pipeline's order.
    let stages: [String]

    func lines(width: Int?) -> [StyledText] {
        var table = Table(
            [
                .init("#", .right), .init("COST", .right), .init("TIME", .right),
                .init("WHERE, AND WHAT CHANGES", shrinksTo: 20),
            ], indent: 2)
        table.addHeader()
        var before: Placement?
        for (index, point) in front.points.enumerated() {
            let mark = point.isProven ? "" : "~"
            table.addRow([
                StyledText("\(index + 1)", bold: true), "\(mark)\(point.cost.formatted(decimals: 2))", "\(point.time)",
                places(of: point.placement, since: before),
            ])
            before = point.placement
        }
        let what =
            front.points.count == 1
            ? "the cheapest plan is the fastest too"
            : "\(front.points.count) plans, none of which is both cheaper and faster than another"
        let title: StyledText = "\(pipeline, .none, bold: true) \("· \(what)", .dim)"
        return [title, .empty] + table.lines(width: width) + [.empty] + notes
    }

    private var notes: [StyledText] {
        let unproven = front.points.contains { !$0.isProven }
        var notes: [StyledText] = []
        if front.isComplete {
            notes.append(
                "  \("✓ complete", .green): no other plan is a cent cheaper or a second faster without being worse (proven)"
            )
        } else {
            notes.append("  \("! there are more in between", .yellow)")
        }
        if unproven { notes.append("  \("~ the best found, not proven", .dim)") }
        return notes + ["  \("→", .green) choose one: --pick <number>"]
    }

    /// Of the first plan every place, of the next ones what is different from the one before.
    private func places(of placement: Placement, since before: Placement?) -> StyledText {
        let changed = stages.filter { stage in
            before.map { $0[stage]?.offer != placement[stage]?.offer } ?? true
        }
        let texts: [StyledText] = changed.map { stage in
            guard let offer = placement[stage]?.offer else { return .empty }
            let spot = offer.market == .spot ? " spot" : ""
            return "\(stage, .cyan) \(offer.location.description) \(offer.instanceType)\(spot)"
        }
        guard let first = texts.first else { return "\("as before", .dim)" }
        return texts.dropFirst().reduce(first) { "\($0)\(" · ", .dim)\($1)" }
    }
}
