import Glibc
import SkyAWS
import SkyCore
import SkyHTTP
import SkyProviders

// Measures renting from EC2 alone, without what happens on machines; Benchmarks/ec2.py starts moto, calls this and judges.
//
//     ec2-bench ENDPOINT PROVIDERS gang COUNT      one group of so many machines
//     ec2-bench ENDPOINT PROVIDERS groups COUNT    so many groups of one machine, all at once
//
// Prints a figure a line, in milliseconds, with its name before it: from the order until all run, until they are given back, and the
// processor's time of this process for the first.

let arguments = CommandLine.arguments
guard arguments.count == 5, let count = Int(arguments[4]), let run = RunID("bench-abcd") else {
    print("ec2-bench ENDPOINT PROVIDERS gang|groups COUNT")
    exit(2)
}
var environment: [String: String] = [:]
for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
    if let value = getenv(name) { environment[name] = String(cString: value) }
}
var settings = CloudSection(name: "aws")
settings.endpoint = arguments[1]
settings.regions = ["us-east-1"]
let surroundings = AWSSurroundings(
    environment: environment, caller: HTTPCaller(),
    now: { Instant(millisecondsSince1970: Int64(time(nil)) * 1000) })
let cloud = EC2Cloud(
    provider: "aws", settings: settings, identity: try AWSSettings(in: surroundings),
    errors: try ErrorTable.read("aws", in: arguments[2]))
let sizes = arguments[3] == "gang" ? [count] : Array(repeating: 1, count: count)
let nonce = getpid()
let orders = sizes.enumerated().map { number, size in
    MachineOrder(
        request: NodeGroupRequest(
            token: "bench-\(nonce)-\(number)", run: run, region: "us-east-1", instanceType: "m5.large",
            numNodes: size),
        publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2U bench", settings: settings)
}

func processorTime() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Double(seconds) * 1000 + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000
}

func milliseconds(_ span: Duration) -> Double {
    Double(span.components.seconds) * 1000 + Double(span.components.attoseconds) * 1e-15
}

@Sendable func name(_ order: MachineOrder) -> MachineGroupName {
    MachineGroupName(token: order.request.token, region: order.request.region)
}

func forEach(_ body: @escaping @Sendable (MachineOrder) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        for order in orders { tasks.addTask { try await body(order) } }
        try await tasks.waitForAll()
    }
}

let clock = ContinuousClock()
let cloudOfAll = cloud
let before = processorTime()
let made = try await clock.measure {
    try await forEach { order in
        try await cloudOfAll.create(order)
        while try await cloudOfAll.machines(of: name(order)).count(where: { $0.state == .running })
            < order.request.numNodes
        {
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
print("processor", processorTime() - before)
print("made", milliseconds(made))
let givenBack = try await clock.measure {
    try await forEach { order in
        while try await !cloudOfAll.remove(name(order)) { try await Task.sleep(for: .milliseconds(50)) }
    }
}
print("given-back", milliseconds(givenBack))
