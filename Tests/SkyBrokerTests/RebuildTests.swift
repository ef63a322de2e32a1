import SkyCore
import SkyProviders
import SkyRuntime
import SkyTestSupport
import Synchronization
import Testing

@testable import SkyBroker

@Suite struct RebuildTests {
    private static let live = "chain-live", ended = "chain-over", foreign = "other-7k2m"

    private static func group(_ run: String, _ stage: String, _ number: Int = 1, provider: String = "aws") throws
        -> NodeGroup
    {
        let run = try #require(RunID(run))
        return NodeGroup(
            token: AttemptID(run: run, stage: stage, number: number).token, run: run, provider: provider, region: "r",
            instanceType: "t", state: .running, createdAt: .start,
            nodes: [Node(id: "n", rank: 0, address: "127.0.0.1")])
    }

    @Test("a token names its attempt, whatever the stage is called", arguments: ["train", "a--b", "x-1", "--"])
    func attempts(stage: String) throws {
        #expect(try Self.group(Self.live, stage, 12).attempt?.stage == stage)
        #expect(try Self.group(Self.live, stage, 12).attempt?.number == 12)
        var other = try Self.group(Self.live, stage)
        other.token = "made-by-hand"
        #expect(other.attempt == nil)
        other.token = "\(Self.live)--only"
        #expect(other.attempt == nil)
    }

    @Test("what belongs to a live run is no stray, from the run's first event on")
    func strays() async throws {
        try await withTemporaryFolder { folder in
            let journal = try Journal(path: "\(folder)/journal.sqlite")
            for run in [Self.live, Self.ended] {
                let id = try #require(RunID(run))
                var launch = Launch.chain()
                launch.run = id
                #expect(try journal.begin(RecordedEvent(.launched(launch), at: .start), run: id))
            }
            // Told its end by another: all that counts is that the journal says so.
            let over = try #require(RunID(Self.ended))
            let stop = RecordedEvent(.stopRequested(.cancel), at: .start)
            try journal.append([stop], to: over, after: 1, runEnded: true)

            let survey = Survey(groups: [
                try Self.group(Self.live, "a"), try Self.group(Self.live, "never-heard-of"),
                try Self.group(Self.ended, "a"), try Self.group(Self.foreign, "b"),
            ])
            let strays = try journal.strays(in: survey, rebuilt: [], at: .start + .hour)
            #expect(strays.map(\.group.run.text) == [Self.ended, Self.foreign])
            #expect(strays.map(\.standing) == [.ended, .unknown])
            #expect(strays.map(\.since) == [.start, .start])
            let known = try #require(RunID(Self.foreign))
            #expect(try journal.strays(in: survey, rebuilt: [known], at: .start).map(\.standing) == [.ended])
            #expect(try journal.isLive(try #require(RunID(Self.live))))
            #expect(try !journal.isLive(known))
        }
    }

    @Test("a rebuilt run is what the providers hold, however often it is rebuilt, and a silent provider's share stays")
    func rebuilt() async throws {
        try await withTemporaryFolder { folder in
            let journal = try Journal(path: "\(folder)/journal.sqlite")
            let runs = RebuiltRuns(StateFolder(path: folder))
            let (here, there) = (try Self.group("a-1", "x"), try Self.group("a-1", "y", provider: "gcp"))
            let gone = try Self.group("b-1", "x")
            let first = try runs.rebuild(
                from: Survey(groups: [here, there, gone]), journal: journal, at: .start)
            #expect(first.map(\.run.text) == ["a-1", "b-1"])
            #expect(first.first?.groups == [here, there])
            let again = try runs.rebuild(from: Survey(groups: [here, there]), journal: journal, at: .start + .hour)
            #expect(again.map(\.run.text) == ["a-1"])
            #expect(again.first?.foundAt == .start)
            let silent = ProviderError(.transient, provider: "gcp", "no answer")
            let partly = try runs.rebuild(
                from: Survey(groups: [], failures: [silent]), journal: journal, at: .start)
            #expect(partly.first?.groups == [there])
            try runs.forget(there.run)
            try runs.forget(there.run)
            #expect(runs.all().isEmpty)
        }
    }

    @Test("giving back goes on through passing trouble and a list that lags, and says when it was in vain")
    func givingBack() async throws {
        let run = try #require(RunID("a-1"))
        let group = try Self.group("a-1", "x")
        let cloud = LaggingCloud(group, troubles: 3, lag: 2)
        try await GivingBack(cloud, pause: { _ in }).giveBack(group.token, of: run)
        #expect(cloud.calls == ["terminate", "terminate", "terminate", "terminate", "list", "list", "list"])
        let lasting = try await #require(throws: ProviderError.self) {
            try await GivingBack(LaggingCloud(group, troubles: 0, lag: .max), pause: { _ in })
                .giveBack(group.token, of: run)
        }
        #expect(lasting.message.contains("still listed"))
        let refused = try await #require(throws: ProviderError.self) {
            try await GivingBack(LaggingCloud(group, troubles: .max, lag: 0), pause: { _ in })
                .giveBack(group.token, of: run)
        }
        #expect(refused.kind == .transient)
    }

    @Test("a provider that does not answer is named, and the others are heard all the same")
    func survey() async throws {
        let group = try Self.group("a-1", "x")
        let survey = await Survey.of([
            LaggingCloud(group, troubles: 0, lag: .max),
            LaggingCloud(
                group, troubles: 0, lag: .max, listFailure: ProviderError(.credentials, provider: "b", "who?")),
        ])
        #expect(survey.groups == [group])
        #expect(survey.failures.map(\.kind) == [.credentials])
    }
}

/// Holds one group, fails a number of times to give it back, and goes on listing it for a while.
private final class LaggingCloud: ProviderAdapter {
    let provider = "aws"
    let isStandIn = true
    private let group: NodeGroup
    private let listFailure: ProviderError?
    private let state: Mutex<(troubles: Int, lag: Int, calls: [String])>

    init(_ group: NodeGroup, troubles: Int, lag: Int, listFailure: ProviderError? = nil) {
        self.group = group
        self.listFailure = listFailure
        state = Mutex((troubles, lag, []))
    }

    var calls: [String] { state.withLock { $0.calls } }

    func terminate(token: String) async throws(ProviderError) {
        let isTrouble = state.withLock { state in
            state.calls.append("terminate")
            defer { state.troubles -= 1 }
            return state.troubles > 0
        }
        if isTrouble { throw ProviderError(.transient, provider: provider, "try again") }
    }

    func list(run: RunID?) async throws(ProviderError) -> [NodeGroup] {
        if let listFailure { throw listFailure }
        let isThere = state.withLock { state in
            state.calls.append("list")
            defer { state.lag -= 1 }
            return state.lag > 0
        }
        return isThere ? [group] : []
    }

    func provision(_ request: NodeGroupRequest) async throws(ProviderError) -> NodeGroup { group }
    func describe(token: String) async throws(ProviderError) -> NodeGroup? { group }
    func channel(to node: Node, of group: NodeGroup) async throws(ProviderError) -> any NodeChannel {
        throw ProviderError(.lost, provider: provider, "a fake has no machines")
    }
}
