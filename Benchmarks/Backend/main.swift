import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import SkyProviders

// What a trivial stage costs on nodes that are processes of this machine, beside bare posix_spawn in the same run.
//
//     backend-bench [STAGES [AT-ONCE]]        1,000 and 8 if left out; the agent is the `sky-agent` beside this program

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let count = arguments.first ?? 1000
let atOnce = arguments.count > 1 ? arguments[1] : 8
let rounds = 5
let bound = 0.15

guard let own = Files.absolutePath("/proc/self/exe"), let run = RunID("bench") else { exit(2) }
let agent = "\(own.split(separator: "/").dropLast().map { "/\($0)" }.joined())/sky-agent"
let state = "/tmp/sky-bench-\(getpid())"
try Files.makeFolder(state)

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

var (stages, shells, trues) = ([Cost](), [Cost](), [Cost]())
var total = Stages.Times()
let bench = Stages(adapter: LocalAdapter(stateDirectory: state, agentExecutable: agent), run: run)
for round in 0..<rounds {
    let part = max(1, count / rounds)
    shells.append(try BareSpawns.rate(of: ["/bin/sh", "-c", "true"], count: part, atOnce: atOnce))
    trues.append(try BareSpawns.rate(of: ["/bin/true"], count: part, atOnce: atOnce))
    do {
        let (cost, times) = try await bench.rate(count: part, atOnce: atOnce, from: round * part)
        stages.append(cost)
        total = total + times
    } catch {
        print("a stage failed: \(error)")
        exit(1)
    }
}
try FileManager.default.removeItem(atPath: state)

func median(_ costs: [Cost]) -> Cost {
    func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    var cost = costs[0]
    cost.rate = middle(costs.map(\.rate))
    cost.processor = middle(costs.map(\.processor))
    return cost
}
func show(_ what: String, _ cost: Cost) {
    print("\(what)  \(rounded(cost.rate)) a second, \(rounded(cost.processor)) ms of processor time each")
}
let (stage, shell, bare) = (median(stages), median(shells), median(trues))
show("stages, \(atOnce) at once       ", stage)
show("posix_spawn /bin/true  ", bare)
show("posix_spawn sh -c true ", shell)
let n = Double(count)
print(
    "milliseconds a stage: provision \(rounded(total.provision.milliseconds / n)),"
        + " connect \(rounded(total.connect.milliseconds / n)), job \(rounded(total.job.milliseconds / n)),"
        + " terminate \(rounded(total.terminate.milliseconds / n))")
print("of the rate of sh -c true \(rounded(stage.rate / shell.rate))")
let ratio = stage.rate / bare.rate
print("\(ratio >= bound ? "kept" : "BROKEN"): \(rounded(ratio)) of the bare rate of /bin/true, bound \(bound)")
exit(ratio >= bound ? 0 : 1)
