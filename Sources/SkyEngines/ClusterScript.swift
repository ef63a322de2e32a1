import FoundationEssentials
import SkyCore
import SkySpec

/// Shell that puts the programs of a cluster's node and the command into the engine's folder, and becomes the first of them.
struct ClusterScript {
    let engine: StageEngine
    let command: String
    let memoryLimit: DataSize?

    static let usualStartTimeout = TimeSpan.seconds(900)

    var text: String {
        let python = engine.options.python ?? "python3"
        let files = Self.programs + [("engine.json", settings), ("command.sh", command)]
        return """
            # Brings up \(engine.name.rawValue) with the other nodes, and runs the stage's command on rank 0.
            umask 077
            mkdir -p "$SKY_ENGINE_DIR/programs" && cd "$SKY_ENGINE_DIR/programs" || exit \(unavailable)
            \(files.map { Self.writing($0.name, $0.text) }.joined())cd "$OLDPWD" && umask 022
            command -v \(python) >/dev/null || {
                echo "[\(engine.name.rawValue)] this node has no \(python), which \(engine.name.rawValue) needs: install it in \
            the image or in 'setup' (on Debian and Ubuntu: apt-get install -y python3 python3-venv)"
                exit \(unavailable)
            }
            exec \(python) -B "$SKY_ENGINE_DIR/programs/launch.py"

            """
    }

    private var unavailable: Int { EngineFailure.unavailable.exitCode }

    static let programs: [(name: String, text: String)] = [
        ("launch.py", PackageResources.launch_py), ("meeting.py", PackageResources.meeting_py),
        ("processes.py", PackageResources.processes_py), ("environment.py", PackageResources.environment_py),
        ("ray_engine.py", PackageResources.ray_engine_py), ("ray_cli.py", PackageResources.ray_cli_py),
        ("ray_nodes.py", PackageResources.ray_nodes_py), ("spark_engine.py", PackageResources.spark_engine_py),
    ].map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }

    /// What the shell writes is just the text, with a line break at its end: the mark is no line of it.
    private static func writing(_ name: String, _ text: String) -> String {
        let lines = Set(text.split(separator: "\n", omittingEmptySubsequences: false))
        var mark = "SKY_END"
        while lines.contains(mark[...]) { mark += "_" }
        return "cat > \(name) <<'\(mark)' || exit \(EngineFailure.unavailable.exitCode)\n"
            + text + (text.hasSuffix("\n") ? "" : "\n") + mark + "\n"
    }

    private var settings: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = (try? encoder.encode(ClusterSettings(engine, memoryLimit: memoryLimit))) ?? Data()
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }
}

/// What `launch.py` reads of the engine. Sizes in bytes, times in seconds.
private struct ClusterSettings: Encodable {
    struct Options: Encodable {
        let cpus: Int?
        let memory: Int64?
        let objectStore: Int64?
        let conf: [String: String]
        let packages: [String]
        let startTimeout: Double

        private enum CodingKeys: String, CodingKey {
            case cpus, memory, conf, packages
            case objectStore = "object_store"
            case startTimeout = "start_timeout"
        }
    }

    let name: StageEngine.Name
    let version: String?
    let options: Options
    let memoryLimit: Int64?

    private enum CodingKeys: String, CodingKey {
        case name, version, options
        case memoryLimit = "memory_limit"
    }

    init(_ engine: StageEngine, memoryLimit: DataSize?) {
        name = engine.name
        version = engine.version
        self.memoryLimit = memoryLimit?.bytes
        let options = engine.options
        self.options = Options(
            cpus: options.cpus, memory: options.memory?.bytes, objectStore: options.objectStore?.bytes,
            conf: options.conf, packages: options.packages,
            startTimeout: Double((options.startTimeout ?? ClusterScript.usualStartTimeout).milliseconds) / 1000)
    }
}
