import SkyCore
import SkyYAML

/// `spot`: what becomes of a stage on machines that may be taken away.
enum SpotFields {
    static let section = Section<SpotDraft>(
        name: "spot", phrase: "'spot'", summary: "What becomes of a stage on machines that may be taken away.",
        fields: [
            Field(
                "fallback", .text(.oneOf(["on-demand"])), required: true, "What it goes on with.", example: "on-demand"
            ) { _, draft, _ in
                draft.isGiven = true
            },
            Field("after", .wholeNumber, "After how many interruptions; 1 when left out.", example: "3") {
                entry, draft, reading in
                draft.interruptions = Amounts.readCount(entry.value, what: "interruptions", reading) ?? 1
            },
        ])

    static func text(_ interruptions: Int) -> String {
        interruptions == 1 ? "{fallback: on-demand}" : "{fallback: on-demand, after: \(interruptions)}"
    }
}

struct SpotDraft {
    var isGiven = false
    var interruptions = 1
}
