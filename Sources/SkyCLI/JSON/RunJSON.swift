import SkyCore

/// `sky status --output json`: runs, and of each its stages.
struct RunListJSON: Encodable {
    let version = 1
    let runs: [RunJSON]
}

struct RunJSON: Encodable {
    let run: String
    let pipeline: String
    let state: String
    let startedAt: Timestamp
    @Nullable var endedAt: Timestamp?
    let costUsd: Dollars
    @Nullable var plannedCostUsd: Dollars?
    let standIns: [String]
    @Nullable var failure: String?
    let stages: [StageJSON]

    init(_ row: RunRow) {
        run = row.id
        pipeline = row.pipeline
        state = row.state.text
        startedAt = Timestamp(row.startedAt)
        endedAt = row.endedAt.map(Timestamp.init)
        costUsd = Dollars(row.cost)
        plannedCostUsd = row.plannedCost.map(Dollars.init)
        standIns = row.standIns
        failure = row.failure
        stages = row.stages.map(StageJSON.init)
    }
}

struct StageJSON: Encodable {
    let stage: String
    let state: String
    @Nullable var provider: String?
    @Nullable var region: String?
    @Nullable var instanceType: String?
    @Nullable var nodes: Int?
    @Nullable var spot: Bool?
    @Nullable var startedAt: Timestamp?
    @Nullable var endedAt: Timestamp?
    let costUsd: Dollars
    let attempts: Int
    @Nullable var message: String?
    @Nullable var why: String?
    @Nullable var url: String?
    @Nullable var heldUntil: Timestamp?
    @Nullable var reusedFrom: String?

    init(_ row: StageRow) {
        stage = row.name
        state = row.state.text
        provider = row.place?.provider
        region = row.place?.region
        instanceType = row.place?.instanceType
        nodes = row.place?.numNodes
        spot = row.place?.isSpot
        startedAt = row.startedAt.map(Timestamp.init)
        endedAt = row.endedAt.map(Timestamp.init)
        costUsd = Dollars(row.cost)
        attempts = row.attempts
        message = row.note
        why = row.why
        url = row.url
        heldUntil = row.heldUntil.map(Timestamp.init)
        reusedFrom = row.reusedFrom
    }
}
