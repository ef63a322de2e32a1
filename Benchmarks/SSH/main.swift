import Glibc
import SkyCore
import SkyProcess
import SkyProviders
import SkyRuntime

// Measures hosts by OpenSSH alone; Benchmarks/ssh.py starts the sshd, calls this and judges.
//
//     ssh-bench SSH_YAML STATE_FOLDER AGENT ready         one group from nothing to an agent that has answered
//     ssh-bench SSH_YAML STATE_FOLDER AGENT jobs COUNT    jobs one after the other over one warm channel
//     ssh-bench SSH_YAML STATE_FOLDER AGENT files FOLDER  a folder to the node, again, after ten files have changed, and back
//
// Prints a figure in milliseconds a line, with its name before it.

let arguments = CommandLine.arguments
guard arguments.count >= 5, let run = RunID("bench-abcd") else {
    print("ssh-bench SSH_YAML STATE_FOLDER AGENT ready|jobs COUNT|files FOLDER")
    exit(2)
}
let pools = try SSHPools.read(arguments[1], home: "/")
var environment: [String: String] = [:]
if let runtime = getenv("XDG_RUNTIME_DIR") { environment["XDG_RUNTIME_DIR"] = String(cString: runtime) }
let adapter = SSHAdapter(
    pools: pools, stateDirectory: arguments[2], agentExecutable: arguments[3], environment: environment)
let pool = pools.pools[0]
let clock = ContinuousClock()

func tell(_ name: String, _ span: Duration) {
    let milliseconds = Double(span.components.seconds) * 1000 + Double(span.components.attoseconds) * 1e-15
    print(name, milliseconds)
}

let token = "bench-abcd--\(getpid())--1"
let began = clock.now
let group = try await adapter.provision(
    NodeGroupRequest(
        token: token, run: run, region: pool.name, instanceType: pool.hosts[0].shape.machineType, lease: .hour))
let channel = try await adapter.channel(to: group.nodes[0], of: group)
let agent = try await channel.connect()
tell("ready", clock.now - began)

switch arguments[4] {
case "jobs":
    for number in 0..<(arguments.count > 5 ? Int(arguments[5]) ?? 100 : 100) {
        let job = JobSpec(id: "job-\(number)", run: "echo started")
        let submitted = clock.now
        _ = try await agent.submit(job)
        tell("accepted", clock.now - submitted)
        for try await chunk in agent.logs(ofJob: job.id, from: 0, follow: true) where !chunk.bytes.isEmpty { break }
        tell("started", clock.now - submitted)
        _ = try await agent.waitForExit(ofJob: job.id)
    }
case "files":
    let folder = arguments[5]
    for name in ["push", "push-again", "push-touched"] {
        if name == "push-touched" {
            for file in Files.names(in: folder).prefix(10) {
                let bytes = (try Files.read("\(folder)/\(file)") ?? []).map { $0 &+ 1 }
                try Files.put("\(folder)/\(file)", bytes)
            }
        }
        tell(name, try await clock.measure { try await channel.push(from: folder, to: "work/tree") })
    }
    tell("pull", try await clock.measure { try await channel.pull(from: "work/tree", to: "\(folder).back") })
default: break
}
await agent.close()
tell("given-back", try await clock.measure { try await adapter.terminate(token: token) })
