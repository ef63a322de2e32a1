import FoundationEssentials
import SkyCore
import SkyProcess
import SkySpec
import SkyStorage
import SkyTestSupport
import Testing

@testable import SkyBroker

@Suite("Purging", .timeLimit(.minutes(1)))
struct PurgeTests {
    @Test("artifacts go when nothing names them, and stay while a run or a finished stage does")
    func artifacts() async throws {
        try await withTemporaryFolder { path in
            let folder = StateFolder(path: path)
            let journal = try Journal(path: folder.journal)
            let store = LocalArtifactStore(root: "\(folder.stores)/aws/r")
            func artifact(_ text: String) async throws -> StoredArtifact {
                let file = "\(path)/file"
                try Data(text.utf8).write(to: URL(filePath: file))
                return StoredArtifact(
                    name: "out", artifact: try await store.put(path: file),
                    location: Location(provider: "aws", region: "r"))
            }
            let (gone, live, kept) = (try await artifact("a"), try await artifact("b"), try await artifact("c"))
            let (old, open) = (try #require(RunID("old")), try #require(RunID("open")))
            let attempt = AttemptID(run: old, stage: "one", number: 1)
            for (run, outputs, ended) in [(old, [gone, kept], true), (open, [live], false)] {
                #expect(try journal.begin(.launch, run: run))
                try await journal.append(
                    [RecordedEvent(.collected(attempt, outputs), at: .start)], to: run, after: 1, runEnded: ended)
            }
            let stage = Launch.chain().pipeline.stages[0]
            let key = try #require(StageKey(stage: stage, inputs: [], code: nil))
            try journal.remember(Reuse(run: old, outputs: [kept]), under: key)
            let purge = RunPurge(folder: folder, journal: journal)
            func has(_ one: StoredArtifact) -> Bool {
                Files.exists("\(folder.stores)/aws/r/blobs/\(one.artifact.digest.hex)")
            }

            // Nothing is older than a day by this clock: it may belong to a launch that is under way.
            _ = try await purge.remove([], withResults: false, at: .start)
            #expect(has(gone))

            let later = Instant(millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000) + 3 * 86_400_000)
            let removed = try await purge.remove([old, open], withResults: false, at: later)
            #expect(removed.runs == [old] && removed.artifacts > .zero)
            #expect(try journal.runs() == [open])
            #expect(!has(gone))
            #expect(has(live))
            #expect(has(kept))
            #expect(try journal.finishedStage(under: key)?.run == old)
            #expect(Journal.check(folder.journal).isSound)
        }
    }

    @Test("results are forgotten when that is asked for, and what plans have learnt is not")
    func results() async throws {
        try await JournalFixture.use { fixture in
            let run = try fixture.begin("old")
            try await fixture.journal.append(JournalFixture.events([1]), to: run, after: 1, runEnded: true)
            let key = try #require(StageKey(stage: Launch.chain().pipeline.stages[0], inputs: [], code: nil))
            try fixture.journal.remember(Reuse(run: run, outputs: []), under: key)
            try fixture.journal.remove([run], withResults: true)
            #expect(try fixture.journal.finishedStage(under: key) == nil)
            #expect(try fixture.journal.runs().isEmpty)
        }
    }

    @Test("digests are found wherever they stand, and nothing else is taken for one")
    func digests() {
        let digest = String(repeating: "0a", count: 32)
        #expect(Journal.digests(in: #"{"digest":"\#(digest)","x":"\#(digest)0","y":"cafe"}"#).map(\.hex) == [digest])
    }
}
