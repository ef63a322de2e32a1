import SkyCore
import SkySpec
import Testing

@Suite("What a stage's commands may take and use")
struct LimitTests {
    @Test("a stage says how long its commands may take, and how much memory and how many files")
    func all() throws {
        let stage = try stage("run: x\ntimeout: 90m\nlimits: {memory: 8GiB, files: 65536, log: 100MB}\n")
        #expect(stage.timeout == TimeSpan("90m"))
        #expect(stage.limits == StageLimits(memory: DataSize("8GiB"), files: 65536, log: DataSize("100MB")))
    }

    @Test("one that says nothing has no limits", arguments: ["", "limits: {}\n", "limits: {memory: , files: }\n"])
    func silence(text: String) throws {
        let stage = try stage("run: x\n\(text)")
        #expect(stage.timeout == nil && stage.limits == nil)
    }
}
