import SkyCore
import SkyRuntime
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("What nodes use")
struct TopTests {
    private func stats(_ at: Int64, busy: Int64, jobs: [NodeStats.Job], written: Int64, sent: Int64) -> NodeStats {
        NodeStats(
            at: at, cpus: 4, busy: busy, memoryTotal: 16_000_000_000, memoryAvailable: 12_000_000_000,
            diskTotal: 100_000_000_000, diskFree: 60_000_000_000, diskRead: 0, diskWritten: written, received: 5,
            sent: sent, jobs: jobs,
            gpus: [
                NodeStats.GPU(
                    index: 0, name: "A100", utilization: 87, memoryUsed: 10_000_000_000, memoryTotal: 40_000_000_000)
            ])
    }

    private func job(_ id: String, _ busy: Int64) -> NodeStats.Job {
        NodeStats.Job(id: id, busy: busy, memory: 1_000_000_000, processes: 3)
    }

    private var use: NodeUse {
        let before = stats(1000, busy: 10_000, jobs: [job("a", 500), job("gone", 9000)], written: 1_000_000, sent: 0)
        let now = stats(3000, busy: 14_000, jobs: [job("a", 2500), job("new", 1000)], written: 5_000_000, sent: 100)
        return NodeUse(stage: "train", rank: 1, now, since: before)
    }

    @Test("two samples make rates; jobs that have come or gone in between are counted for what they are")
    func rates() {
        #expect(use.jobCPUs == 1.5 && use.cpuShare == 0.5 && use.processes == 6)
        #expect(use.diskWritten == DataSize(bytes: 2_000_000) && use.sent == DataSize(bytes: 50))
        #expect(use.received == .zero && use.jobMemory == DataSize(bytes: 2_000_000_000))
    }

    @Test("a screen and JSON of it")
    func screen() throws {
        try expectGolden(plainText(TopScreen(nodes: [use]).lines(width: nil)), "top.txt")
        try expectGolden(try JSONText.encode(TopJSON(run: "tune-7k2m", [use])), "top.json")
    }
}
