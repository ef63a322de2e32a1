// The simulator alone, on one core: how many events of runs' cores it lives through in a second, and whether every invariant
// holds on the way. Ends badly when one falls; without arguments also when it is slower than its bound.
//
//     swift run -c release simulator-bench [SEEDS [FIRST [RUNS]]] [punctual]
import Glibc
import SkyBroker
import SkyCore
import SkySimulator

@main
struct SimulatorBench {
    /// Events a second that cores take in.
    static let bound = 200_000

    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let seeds = numbers.first ?? 2000
        let first = numbers.count > 1 ? numbers[1] : 1
        let runs = numbers.count > 2 ? Int(numbers[2]) : 4
        let isPunctual = CommandLine.arguments.contains("punctual")
        let scenario = Scenario(pipelines: isPunctual ? [MadeUpPipelines.punctual] : MadeUpPipelines.all, runs: runs)
        var sweep = Sweep()
        let begin = processorTime()
        for seed in first..<first + seeds {
            guard let fall = sweep.run(SeedRun(scenario, seed: seed)) else { continue }
            tell(seed, fall, scenario)
        }
        let seconds = processorTime() - begin
        let speed = Int(Double(sweep.events + sweep.folded) / seconds)
        print(
            "\(sweep.seeds) seeds, \(sweep.runs) runs, \(sweep.events) events, \(sweep.crashes) deaths of brokers, "
                + "\(sweep.faults.values.reduce(0, +)) faults in \(seconds) s")
        print(
            "in the simulator: \(Int(Double(sweep.events) / seconds)) events a second lived through for the first time; with "
                + "those that cores fold again after deaths and at the end, \(speed)")
        let alone = coreAlone(scenario)
        print("the bound of the core alone, and of all that cores take in in the simulator, is \(bound)")
        if min(speed, alone) < bound, numbers.isEmpty { exit(1) }
    }

    /// The core alone: how often in a second it takes an event in, and says what should be under way then. The events are
    /// those of whole runs, as the simulator has lived through them.
    static func coreAlone(_ scenario: Scenario, seeds: Range<UInt64> = 1..<101) -> Int {
        let journals = seeds.flatMap { SeedRun(scenario, seed: $0).journals() }
        var (wanted, count, described) = (WantedEffects(), 0, 0)
        let begin = processorTime()
        while processorTime() - begin < 2 {
            for journal in journals {
                guard let first = journal.first, var state = RunState(first) else { continue }
                var underWay = Array(repeating: [Effect.ID](), count: state.stages.count + 1)
                count += journal.count
                for event in journal.dropFirst() {
                    for stage in [-1] + state.apply(event) {
                        wanted.begin(beside: underWay[stage + 1])
                        state.gatherEffects(of: stage, in: &wanted)
                        underWay[stage + 1] = wanted.ids
                        described += wanted.new.count
                    }
                }
            }
        }
        let speed = Int(Double(count) / (processorTime() - begin))
        print("the core alone: \(speed) events a second, \(described * 100 / max(1, count)) effects begun per 100")
        return speed
    }

    /// Seconds of this process's own, so that others on the machine change nothing.
    static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    static func tell(_ seed: UInt64, _ fall: Fall, _ scenario: Scenario) -> Never {
        print("seed \(seed): \(fall)")
        let clock = ContinuousClock()
        let end = clock.now + .seconds(20)
        if let shortest = ShrunkHistory(SeedRun(scenario, seed: seed), isTimeUp: { clock.now >= end }) {
            print(shortest.lines.joined(separator: "\n"))
            print("\(shortest.fall)\n\(shortest.options.joined(separator: " "))")
        }
        exit(1)
    }
}
