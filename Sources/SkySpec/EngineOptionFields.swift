import SkyCore
import SkyYAML

/// `options` of `engine`: those of all engines in one table.
enum EngineOptionFields {
    /// The options that an engine has.
    static func names(of engine: StageEngine.Name) -> [String] {
        switch engine {
        case .ray: ["cpus", "memory", "object_store", "packages", "python", "start_timeout"]
        case .spark: ["cpus", "memory", "conf", "packages", "python", "start_timeout"]
        case .torchrun, .mpi: ["port", "processes"]
        }
    }

    private static let package = TextForm("a package such as numpy or pandas==2.3", pattern: "^[A-Za-z0-9]")
    private static let python = TextForm("a program such as python3.12", pattern: "^[A-Za-z0-9/._+-]+$")

    static let section = Section<EngineOptions>(
        name: "engineOptions", phrase: "'options'", summary: "How an engine is to run.",
        fields: sizes + software + gangs)

    private static let sizes: [Field<EngineOptions>] = [
        Field("cpus", .wholeNumber, "Ray, Spark: processors of each node.", example: "4") { entry, options, reading in
            options.cpus = Amounts.readCount(entry.value, what: "processors", reading)
        },
        Field(
            "memory", .text(Amounts.size), "Ray, Spark: memory of each node for tasks, or for the executor.",
            example: "8GB"
        ) { entry, options, reading in
            options.memory = readSize(entry, least: 512_000_000, reading)
        },
        Field(
            "object_store", .text(Amounts.size), "Ray: memory of each node for objects.", example: "2GB"
        ) { entry, options, reading in
            options.objectStore = readSize(entry, least: 80_000_000, reading)
        },
        Field(
            "conf", .map(keys: TextForm("a setting of Spark's"), values: .plainText), "Spark: its own settings.",
            example: "{spark.sql.shuffle.partitions: 16}"
        ) { entry, options, reading in
            options.conf = readSettings(entry, reading)
        },
    ]

    private static let software: [Field<EngineOptions>] = [
        Field(
            "packages", .anyOf([.text(package), .list(.text(package))]),
            "Ray, Spark: what is installed beside it, as pip takes it.", example: "[numpy, pandas==2.3]"
        ) { entry, options, reading in
            options.packages = readPackages(entry, reading)
        },
        Field(
            "python", .text(python), "Ray, Spark: the Python that it is installed for.", example: "python3.12"
        ) { entry, options, reading in
            options.python = readPython(entry, reading)
        },
        Field(
            "start_timeout", .text(Amounts.duration),
            "Ray, Spark: how long it may take until it is up on all nodes, installation included.", example: "15m"
        ) { entry, options, reading in
            options.startTimeout = Amounts.readDuration(entry.value, reading)
        },
    ]

    private static let gangs: [Field<EngineOptions>] = [
        Field("port", .wholeNumber, "torchrun, mpi: where rank 0 listens.", example: "29500") {
            entry, options, reading in
            options.port = Ports.readOne(entry.value, reading)
        },
        Field("processes", .wholeNumber, "torchrun, mpi: processes on each node.", example: "8") {
            entry, options, reading in
            options.processes = Amounts.readCount(entry.value, what: "processes", reading)
        },
    ]

    private static func readSize(_ entry: YAMLNode.Entry, least: Int64, _ reading: Reading) -> DataSize? {
        guard let size = Amounts.readSize(entry.value, reading) else { return nil }
        if size.bytes >= least { return size }
        reading.error(
            "spec.impossible", at: entry.value.range, "\(size) are too little for '\(entry.key)'",
            expected: "at least \(least / 1_000_000)MB")
        return nil
    }

    private static func readSettings(_ entry: YAMLNode.Entry, _ reading: Reading) -> [String: String] {
        var settings: [String: String] = [:]
        for setting in reading.entries(of: entry.value) {
            let isName = setting.key.hasPrefix("spark.") && setting.key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            guard isName, !setting.key.contains("="), !setting.key.contains(":") else {
                reading.error(
                    "spec.bad-name", at: setting.keyRange, "'\(setting.key)' is no setting of Spark's",
                    expected: "one such as spark.sql.shuffle.partitions")
                continue
            }
            settings[setting.key] = setting.value.scalar ?? ""
        }
        return settings
    }

    /// What begins with a dash would be an option of pip's.
    private static func readPackages(_ entry: YAMLNode.Entry, _ reading: Reading) -> [String] {
        reading.elements(of: entry.value).compactMap { node in
            let name = node.scalar ?? ""
            let isPackage =
                name.first?.isASCII == true && (name.first?.isLetter == true || name.first?.isNumber == true)
            if isPackage, !name.contains("\n") { return name }
            reading.error(
                "spec.bad-name", at: node.range, "'\(name)' is no package", expected: package.phrase,
                help: name.hasPrefix("-") ? "options of pip's belong in its settings, or in 'envs' as PIP_…" : nil)
            return nil
        }
    }

    private static func readPython(_ entry: YAMLNode.Entry, _ reading: Reading) -> String? {
        let name = entry.value.scalar ?? ""
        let isProgram = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "/._+-".utf8.contains(byte)
        }
        if isProgram, let first = name.first, first != "-" { return name }
        reading.error(
            "spec.bad-name", at: entry.value.range, "'\(name)' is no program", expected: python.phrase)
        return nil
    }

    /// Each option that is given, as a line of a file.
    static func texts(_ options: EngineOptions) -> [String] {
        let settings = options.conf.sorted { $0.key < $1.key }.map {
            "\(YAMLText.quoted($0.key)): \(YAMLText.quoted($0.value))"
        }
        return [
            options.cpus.map { "cpus: \($0)" }, options.memory.map { "memory: \($0.exactText)" },
            options.objectStore.map { "object_store: \($0.exactText)" },
            settings.isEmpty ? nil : "conf: {\(settings.joined(separator: ", "))}",
            options.packages.isEmpty
                ? nil : "packages: [\(options.packages.map(YAMLText.quoted).joined(separator: ", "))]",
            options.python.map { "python: \(YAMLText.inline($0))" },
            options.startTimeout.map { "start_timeout: \($0.exactText)" }, options.port.map { "port: \($0)" },
            options.processes.map { "processes: \($0)" },
        ].compactMap { $0 }
    }
}
