/// What an agent runs for one attempt on its node.
public struct JobSpec: Hashable, Sendable, Codable {
    /// Submitting a job twice under one id is submitting it once. The attempt's token.
    public var id: String
    /// Shell, run by `/bin/sh` in `workingDirectory`; `setup` first, and `run` only if it ended with 0.
    public var setup: String?
    /// What `setup` makes of the node depends on this alone, so that it need not run where it has ended with 0 under the same
    /// key before. 1…64 of `a-z 0-9`; nil: it always runs.
    public var setupKey: String?
    /// Names what was brought into `workingDirectory`. A setup that changed something there is run again where something else is
    /// there now. 1…200 characters, no line breaks; nil: always the same.
    public var workID: String?
    public var run: String
    /// The container image that it runs in, as docker and podman name it; nil: on the node itself.
    public var image: String?
    /// Relative to the node's directory; made if missing.
    public var workingDirectory: String
    public var environment: [String: String]
    /// More variables, whose values are kept apart: on the node's disk in a file of their own that goes when the job has ended well.
    /// Nil: none. Where `environment` has the same name, that counts.
    public var secrets: [String: String]?
    /// What it finds at other paths than its node has it. Nil: nothing.
    public var mounts: [JobMount]?
    /// Nil: none.
    public var limits: JobLimits?
    /// Nil: nothing for itself.
    public var needs: JobNeeds?
    /// A job that has ended, and of which nobody will ask anything any more: the agent forgets it, if it likes, and uses its
    /// files again.
    public var successorOf: String?

    public init(
        id: String, setup: String? = nil, run: String, workingDirectory: String = "work",
        environment: [String: String] = [:], limits: JobLimits? = nil, setupKey: String? = nil,
        workID: String? = nil, needs: JobNeeds? = nil, secrets: [String: String]? = nil,
        image: String? = nil, mounts: [JobMount]? = nil, successorOf: String? = nil
    ) {
        self.id = id
        self.setup = setup
        self.run = run
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.secrets = secrets
        self.image = image
        self.mounts = mounts
        self.limits = limits
        self.setupKey = setupKey
        self.workID = workID
        self.needs = needs
        self.successorOf = successorOf
    }
}

/// Where a job is in its life, as its node's disk says.
public enum JobState: Hashable, Sendable, Codable {
    case running
    /// It waits for what others have; it begins by itself.
    case queued
    /// `code`: 0…255 as `exit` gave it, or 128 + the signal that ended it; never 0 of a job that was ended because it
    /// `exceeded` a limit.
    case exited(code: Int, exceeded: JobLimit? = nil)
}
