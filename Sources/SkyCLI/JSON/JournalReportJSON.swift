import SkyBroker
import SkyCore

/// `sky state check --output json`
struct JournalReportJSON: Encodable {
    let version = 1
    let path: String
    let isSound: Bool
    let problems: [String]
    let runs: Int
    let unfinished: [String]
    let events: Int
    let damaged: [Damage]

    struct Damage: Encodable {
        let run: String
        let readableEvents: Int
        let reason: String
    }

    init(_ report: JournalReport) {
        path = report.path
        isSound = report.isSound
        problems = report.problems
        runs = report.runs
        unfinished = report.unfinished.map(\.text)
        events = report.events
        damaged = report.damaged.map { Damage(run: $0.run.text, readableEvents: $0.readable, reason: $0.reason) }
    }
}
