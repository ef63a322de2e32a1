import SkyCore
import SkyYAML

/// A file's content with every unit read and every name still to be looked up.
struct PipelineDraft {
    var name: String?
    var objective = ObjectiveDraft()
    var policy: String?
    /// Where stages and outputs that say nothing else must stay; nil: anywhere.
    var areas: [String]?
    var variables = VariablesDraft()
    var rules = RunRulesDraft()
    var budget: Budget?
    var stages: [StageDraft] = []
    /// Stages of a chain wait for the one before; those of a parallel group do not.
    var isParallel = false
}

struct ObjectiveDraft {
    var objective = Objective.cost
    /// Where each goal was given; more than one is a contradiction.
    var goals: [Located<String>] = []
}

/// `envs` and `secrets` of a pipeline or a stage.
struct VariablesDraft {
    struct Variable {
        let name: Located<String>
        /// Nil: whoever launches must give it.
        let value: String?
    }

    var envs: [Variable] = []
    var secrets: [Variable] = []
}

struct StageDraft {
    var name: Located<String>
    /// The combination that it stands for, of the `matrix` of a stage in the file.
    var cell: MatrixCell?
    /// It is no mapping, so nothing is known about it but its name.
    var isBroken = false
    /// Fields that are given but wrong: that is said, and nothing else is to be concluded from it.
    var wrongFields: Set<String> = []
    /// The name that a task file gives itself; stages of a pipeline are named by their key.
    var taskName: String?
    /// Of a task file that is a pipeline of its own.
    var objective = ObjectiveDraft()
    var policy: String?
    var areas: [String]?
    var rules = RunRulesDraft()
    /// A task of SkyPilot's form, for which doing nothing is no mistake: SkyPilot starts its machines all the same.
    var mayDoNothing = false
    var resources = ResourcesDraft()
    var numNodes = 1
    var engine: Located<StageEngine>?
    var inputs: [InputDraft] = []
    var outputs: [OutputDraft] = []
    var estimate = EstimateDraft()
    var deadline: TimeSpan?
    var timeout: Located<TimeSpan>?
    var limits: StageLimits?
    var checkpointInterval: TimeSpan?
    var checkpointPath: String?
    var retries: Located<JobRecovery>?
    var budget: Budget?
    /// After how many interruptions it goes on with on-demand machines.
    var onDemandAfter: Located<Int>?
    var variables = VariablesDraft()
    var setup: Located<String>?
    var run: Located<String>?
    var workdir: Located<String>?
    var repository: RepositoryDraft?
    var mounts: [MountDraft] = []
    var service: ServiceDraft?
    var after: [Located<String>] = []

    init(name: Located<String>) { self.name = name }
}

struct InputDraft {
    let name: Located<String>
    /// More than one: a folder with something from each.
    var sources: [Located<String>] = []
    /// Whether the sources stand in a list, even of one.
    var isList = false
    var size: DataSize?
}

struct OutputDraft {
    let name: Located<String>
    var size: Estimate<DataSize>?
    /// Nil: it says nothing of its own.
    var areas: [String]?
}

struct EstimateDraft {
    struct Shape {
        let accelerator: Located<AcceleratorCount>
        /// Whether the file says the number, or only the name.
        let hasCount: Bool
        let duration: Estimate<TimeSpan>
    }

    var general: Estimate<TimeSpan>?
    var perAccelerator: [Shape] = []
}

/// SkyPilot's `workdir: {url: …, ref: …}`.
struct RepositoryDraft {
    var url: Located<String>?
    var ref: Located<String>?
}

struct MountDraft {
    let target: Located<String>
    var sources: [Located<String>] = []
    var mode: Located<String>?
    /// SkyPilot's bucket, where no source is given, and the store that it is in; with the places of their keys.
    var name: Located<String>?
    var store: Located<String>?
}

struct ServiceDraft {
    let place: SourceRange
    var port: Int?
    var readinessPath: String?
    var initialDelay: TimeSpan?
    var replicas: Int?
}

struct ResourcesDraft {
    /// What it was read from; nil when the file does not say anything.
    var node: YAMLNode?
    var request = ResourceRequest()
    /// Of which any one will do, or in this order.
    var wishes: [AcceleratorWish] = []
    var wishesAreOrdered = false
    /// Where `accelerators` or `gpus` is given.
    var wishesKey: SourceRange?
    /// SkyPilot's `4x`: GiB of memory for each CPU.
    var memoryPerCPU: Located<Double>?
    /// Capabilities of which any one will do, as `local_disk` asks for them; empty: none.
    var localDisks: [String] = []
    /// Images by region; empty: the request's own.
    var images: [(region: Located<String>, image: String)] = []
    var infra: [PlaceConstraint] = []
    /// Where `infra` is given.
    var placeKey: SourceRange?
    var provider: String?
    var region: String?
    var zone: String?
    /// Nil: it says nothing of its own.
    var areas: [String]?
    /// Some were complained about, so what else depends on them cannot be judged.
    var hasBrokenAccelerators = false
    /// SkyPilot's `job_recovery`: of the stage, though it stands in what one node must have.
    var recovery: Located<JobRecovery>?
    /// Whole requests of which any one will do; each starts from the fields beside them.
    var alternatives: [YAMLNode] = []
    /// Where `alternatives` is given: `any_of` and `ordered` exclude each other.
    var alternativesKey: Located<String>?

    /// Whether any request of these says by itself which part of the world it must stay in.
    var namesAreas: Bool { areas != nil || alternatives.contains { $0["regions"]?.isNull == false } }
}
