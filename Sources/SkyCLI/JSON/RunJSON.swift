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
    let endedAt: Timestamp?
    let cost: Dollars
    let standIns: [String]
    let failure: String?
    let stages: [StageJSON]

    init(_ row: RunRow) {
        run = row.id
        pipeline = row.pipeline
        state = row.state.text
        startedAt = Timestamp(row.startedAt)
        endedAt = row.endedAt.map(Timestamp.init)
        cost = Dollars(row.cost)
        standIns = row.standIns
        failure = row.failure
        stages = row.stages.map(StageJSON.init)
    }
}

struct StageJSON: Encodable {
    let stage: String
    let state: String
    let provider: String?
    let region: String?
    let instanceType: String?
    let nodes: Int?
    let spot: Bool?
    let startedAt: Timestamp?
    let endedAt: Timestamp?
    let cost: Dollars
    let attempts: Int
    let message: String?
    let url: String?
    let reusedFrom: String?

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
        cost = Dollars(row.cost)
        attempts = row.attempts
        message = row.note
        url = row.url
        reusedFrom = row.reusedFrom
    }
}
