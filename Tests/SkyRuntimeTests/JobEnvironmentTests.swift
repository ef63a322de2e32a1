import SkyCore
import Testing

@testable import SkyRuntime

@Suite("what a job finds in its environment")
struct JobEnvironmentTests {
    private func attempt() throws -> AttemptID {
        AttemptID(run: try #require(RunID("tickets-7k2m")), stage: "train", number: 2)
    }

    @Test("a rank of a gang knows itself, its peers, its artifacts and its accelerators, under both families of names")
    func full() throws {
        let environment = JobEnvironment(
            attempt: try attempt(), rank: 1, nodeAddresses: ["10.0.0.1", "10.0.0.2"],
            inputs: ["clean-text": "/n/in/clean"], outputs: ["model": "/n/out/model"], servicePort: 8080,
            accelerator: AcceleratorCount(name: "A100", count: 8), userVariables: ["SEED": "7"])
        #expect(
            environment.variables == [
                "SEED": "7",
                "SKY_RUN_ID": "tickets-7k2m",
                "SKY_STAGE": "train",
                "SKY_ATTEMPT": "2",
                "SKY_NODE_RANK": "1",
                "SKY_NUM_NODES": "2",
                "SKY_NODE_IPS": "10.0.0.1\n10.0.0.2",
                "SKY_INPUT_CLEAN_TEXT": "/n/in/clean",
                "SKY_OUTPUT_MODEL": "/n/out/model",
                "SKY_SERVICE_PORT": "8080",
                "SKY_ACCELERATOR": "A100",
                "SKY_NUM_ACCELERATORS_PER_NODE": "8",
                "SKYPILOT_TASK_ID": "tickets-7k2m--train--2",
                "SKYPILOT_NODE_RANK": "1",
                "SKYPILOT_NUM_NODES": "2",
                "SKYPILOT_NODE_IPS": "10.0.0.1\n10.0.0.2",
                "SKYPILOT_NUM_GPUS_PER_NODE": "8",
                "SKYPILOT_SETUP_NODE_RANK": "1",
                "SKYPILOT_SETUP_NODE_IPS": "10.0.0.1\n10.0.0.2",
                "SKYPILOT_SETUP_NUM_GPUS_PER_NODE": "8",
            ])
    }

    @Test("what is not there has no variable, and no accelerators are none")
    func bare() throws {
        let variables = JobEnvironment(attempt: try attempt(), nodeAddresses: ["127.0.0.1"]).variables
        #expect(variables["SKY_NUM_ACCELERATORS_PER_NODE"] == "0")
        #expect(variables["SKY_ACCELERATOR"] == nil)
        #expect(variables["SKY_SERVICE_PORT"] == nil)
        #expect(!variables.keys.contains { $0.hasPrefix("SKY_INPUT_") || $0.hasPrefix("SKY_OUTPUT_") })
    }

    @Test("a pipeline's own variables never hide what the runtime says")
    func precedence() throws {
        let variables = JobEnvironment(
            attempt: try attempt(), nodeAddresses: ["127.0.0.1"],
            userVariables: ["SKY_NODE_RANK": "9", "SKYPILOT_NODE_RANK": "9", "MINE": "yes"]
        ).variables
        #expect(variables["SKY_NODE_RANK"] == "0")
        #expect(variables["SKYPILOT_NODE_RANK"] == "0")
        #expect(variables["MINE"] == "yes")
    }

    @Test("a job's commands get the usual few variables of the agent, the job's own before them, and the mark")
    func commandVariables() {
        let folder = JobFolder(path: "/n/jobs/j")
        let agent = ["PATH": "/p", "HOME": "/h", "LANG": "C", "TMPDIR": "/t", "SECRET": "s", "USER": "u"]
        let job = JobSpec(id: "j", run: "true", environment: ["HOME": "/mine", "SKY_JOB_DIR": "/false"])
        #expect(
            JobVariables.of(job, in: folder, agent: agent) == [
                "PATH": "/p", "HOME": "/mine", "LANG": "C", "TMPDIR": "/t", "SKY_JOB_DIR": "/n/jobs/j",
            ])
        let bare = JobVariables.of(JobSpec(id: "j", run: "true"), in: folder, agent: [:])
        #expect(bare.keys.sorted() == ["PATH", "SKY_JOB_DIR"])
        #expect(bare["PATH"]?.hasSuffix(":/usr/bin:/sbin:/bin") == true)
    }
}
