// Many runs in one driver process: what a stage costs it, how much memory it needs, and how soon one that takes over
// from a killed one has all of its runs. Their cloud is nothing but a table; journal, locks and logs are real.
//
//     swift run -c release fleet-bench [scale PERCENT]
import FoundationEssentials
import Glibc
import SkyBroker
import SkyCore
import SkyProcess

@main
struct FleetBench {
    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "drive", arguments.count == 4, let job = Int64(arguments[2]),
            let start = Int64(arguments[3])
        {
            return try await FleetFolder(arguments[1]).drive(
                jobTime: TimeSpan(milliseconds: job), slowStart: TimeSpan(milliseconds: start))
        }
        let percent = arguments.first == "scale" ? arguments.dropFirst().first.flatMap(Int.init) ?? 100 : 100
        let bench = FleetBench(percent: percent)
        var isFine = try await bench.processorTime()
        isFine = try await bench.memory() && isFine
        isFine = try await bench.adoption() && isFine
        isFine = try await bench.manyRuns() && isFine
        exit(isFine ? 0 : 1)
    }

    let percent: Int

    private func scaled(_ count: Int) -> Int { max(1, count * percent / 100) }

    /// 1,000 runs of three stages: processor time of a stage, and memory.
    func processorTime() async throws -> Bool {
        let (runs, stages) = (scaled(1000), 3)
        return try await withFolder { folder in
            try await folder.launch(runs, named: "quick", stages: stages)
            let usage = try await drive(folder, jobTime: 50, slowStart: 0)
            try checkEnd(of: folder, runs: runs, stages: stages)
            let each = usage.seconds * 1000 / Double(runs * stages)
            print("\(runs) runs of \(stages) stages: \(usage.wall.formatted) s, \(usage.mebibytes) MiB at most")
            let isQuick = report("processor time of a stage, ms", each, atMost: 2)
            return report("resident memory, MiB", Double(usage.mebibytes), atMost: 200) && isQuick
        }
    }

    /// 2,000 runs that run and 512 whose machines are being made.
    func memory() async throws -> Bool {
        let (running, launching) = (scaled(2000), scaled(512))
        return try await withFolder { folder in
            try await folder.launch(running, named: "running", stages: 1)
            try await folder.launch(launching, named: "launching", stages: 1, region: "slow")
            let child = try start(folder, jobTime: 30_000, slowStart: 20_000)
            try await wait { try folder.count("job") >= running }
            let (jobs, groups) = (try folder.count("job"), try folder.count("group"))
            let usage = try await child.usage()
            print("\(jobs) running and \(running + launching - groups) launching at once")
            try checkEnd(of: folder, runs: running + launching, stages: 1)
            let areAtOnce = jobs == running && groups == running
            return report("resident memory, MiB", Double(usage.mebibytes), atMost: 512) && areAtOnce
        }
    }

    /// 2,000 runs in flight, their driver killed, and another one started.
    func adoption() async throws -> Bool {
        let runs = scaled(2000)
        return try await withFolder { folder in
            try await folder.launch(runs, named: "adopted", stages: 1)
            let first = try start(folder, jobTime: 40_000, slowStart: 0)
            try await wait { try folder.count("job") == runs }
            kill(first.pid, SIGKILL)
            _ = try await first.usage()
            let begin = ContinuousClock.now
            let second = try start(folder, jobTime: 40_000, slowStart: 0)
            try await wait { try folder.count("found") == runs }
            let seconds = (ContinuousClock.now - begin).seconds
            _ = try await second.usage()
            try checkEnd(of: folder, runs: runs, stages: 1)
            print("\(runs) runs in flight when their driver was killed; none of their jobs was started twice")
            return report("adopted by the next one after, s", seconds, atMost: 5)
        }
    }

    /// 10,000 runs.
    func manyRuns() async throws -> Bool {
        let runs = scaled(10_000)
        return try await withFolder { folder in
            try await folder.launch(runs, named: "many", stages: 1)
            let usage = try await drive(folder, jobTime: 1000, slowStart: 0)
            try checkEnd(of: folder, runs: runs, stages: 1)
            print("\(runs) runs of one stage: \(usage.wall.formatted) s, \(usage.mebibytes) MiB at most")
            return true
        }
    }

    private func report(_ what: String, _ value: Double, atMost bound: Double) -> Bool {
        print("\(what): \(value.formatted) (at most \(bound.formatted))\(value > bound ? "  OUT OF BOUNDS" : "")")
        return value <= bound
    }

    /// Every run succeeded, each of its stages ran once, and nothing is rented.
    private func checkEnd(of folder: FleetFolder, runs: Int, stages: Int) throws {
        let journal = try Journal(path: folder.state.journal)
        let succeeded = try journal.list().count { $0.summary?.status == .succeeded }
        let (jobs, groups, gone) = (try folder.count("job"), try folder.count("group"), try folder.count("gone"))
        guard succeeded == runs, jobs == runs * stages, groups == jobs, gone == jobs else {
            print("of \(runs) runs \(succeeded) succeeded; \(jobs) jobs, \(groups) groups, \(gone) given back")
            exit(1)
        }
    }
}
