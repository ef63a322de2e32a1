import FoundationEssentials
import Glibc
import SkyCore
import SkyProcess
import Testing

/// Single commands of the built binary, each in a fresh home.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CommandTests {
    @Test("the plan's total is the sum of its parts, to the nanodollar")
    func planTotals() async throws {
        try await SkyUnderTest.use { sky in
            let answer = try await sky("plan", "pipelines/support-tickets/pipeline.yaml", "--output", "json")
            try #require(answer.exitCode == 0, "\(answer.errors)")
            let plan = try JSONDecoder().decode(PlanDocument.self, from: Data(answer.output.utf8))
            let parts = try (plan.stages.map(\.cost_usd) + plan.transfers.map(\.cost_usd)).map {
                try #require(Money($0))
            }
            #expect(parts.reduce(.zero, +) == Money(plan.total_cost_usd))
            #expect(parts.count == 6)
            let dryRun = try await sky(
                "launch", "pipelines/support-tickets/pipeline.yaml", "--dryrun", "--output", "json")
            #expect(dryRun.output == answer.output)
            #expect(sky.processes.isEmpty)
        }
    }

    @Test("a wrong file is answered with all its mistakes and exit code 2, and nothing is started")
    func mistakes() async throws {
        try await SkyUnderTest.use { sky in
            let folder = "\(sky.repository)/Tests/SkySpecTests/Fixtures/mistakes"
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }
            #expect(files.count >= 12)
            for file in files.sorted() {
                let answer = try await sky("launch", "\(folder)/\(file)", "--yes")
                #expect(answer.exitCode == 2, "\(file)")
                #expect(answer.errors.contains("\(file):"), "\(file): \(answer.errors)")
                #expect(answer.output.isEmpty, "\(file)")
            }
            #expect(sky.processes.isEmpty)
            let status = try await sky("status", "--output", "json")
            #expect(try JSONDecoder().decode(StatusList.self, from: Data(status.output.utf8)).runs.isEmpty)
        }
    }

    @Test("resources that nobody offers are answered before anything starts")
    func impossibleResources() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write("name: big\nstages:\n  a:\n    resources: {cpus: 9999+}\n    run: 'true'\n")
            let answer = try await sky("launch", file, "--yes")
            #expect(answer.exitCode == 2 || answer.exitCode == 3)
            #expect(answer.errors.contains("9999"), "\(answer.errors)")
        }
    }

    @Test("a run that is cancelled in the middle leaves no process behind")
    func cancel() async throws {
        try await SkyUnderTest.use { sky in
            let file = try sky.write(
                "name: slow\nstages:\n  a:\n    run: 'setsid sleep 1000 & trap \"\" TERM; sleep 1000; sleep 1000'\n")
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("slow", in: launch)
            try await sky.wait("it runs") { try await sky.status(of: run).stage("a").state == "running" }
            let cancel = try await sky("cancel", run)
            #expect(cancel.exitCode == 0, "\(cancel.errors)")
            try await sky.wait("it is cancelled") { try await sky.status(of: run).state == "cancelled" }
            try await sky.wait("no process is left") { sky.processes.isEmpty }
        }
    }

    @Test("any command that looks at a run picks it up when its driver has died")
    func pickUp() async throws {
        try await SkyUnderTest.use { sky in
            let go = "\(sky.home)/go"
            let file = try sky.write(
                "name: nap\nstages:\n  a:\n    run: 'until [ -e \(go) ]; do sleep 0.1; done; echo rested'\n")
            let launch = try await sky("launch", file, "--yes", "--detach")
            let run = try sky.runName("nap", in: launch)
            try await sky.wait("it runs") { try await sky.status(of: run).stage("a").state == "running" }
            for driver in sky.processes(whoseCommandHas: "driver \(run)") { _ = kill(driver, SIGKILL) }
            let status = try await sky("status")
            #expect((status.output + status.errors).contains("picked up \(run)"))
            try Files.put(go, [])
            try await sky.wait("it succeeds") { try await sky.status(of: run).state == "succeeded" }
            #expect(try await sky("logs", run, "a").output == "rested\n")
            #expect(try await sky.status(of: run).stage("a").attempts == 1)
        }
    }

    @Test("a provider that is out of stock and loses replies: the run moves on and finishes")
    func scriptedTrouble() async throws {
        try await SkyUnderTest.use { sky in
            let script = try sky.write(
                """
                seed: 1
                providers:
                  gcp:
                    stockouts: [{}]
                  aws:
                    lost_replies: [{first: 1}]
                """, as: "mock.yaml")
            let file = try sky.write(
                """
                name: stubborn
                stages:
                  a:
                    resources: {cpus: 2+, any_of: [{infra: gcp}, {infra: aws}]}
                    run: echo done
                """)
            let launch = try await sky.run("/usr/bin/env", ["SKY_MOCK=\(script)", sky.binary, "launch", file, "--yes"])
            #expect(launch.exitCode == 0, "\(launch.output)\(launch.errors)")
            let status = try await sky.status(of: try sky.runName("stubborn", in: launch))
            #expect(status.state == "succeeded")
            #expect(try status.stage("a").provider != "gcp")
            #expect(try status.stage("a").attempts > 1)
            #expect(sky.processes.isEmpty)
        }
    }
}

private struct PlanDocument: Decodable {
    struct Part: Decodable { let cost_usd: String }

    let stages: [Part]
    let transfers: [Part]
    let total_cost_usd: String
}
