public import SkyCore

/// Makes a snapshot in the project's own format from a folder of tables in SkyPilot's (version 8), with capabilities,
/// tariffs, throughput and spot statistics beside them. docs/catalog.md describes both.
public struct SkyPilotImport {
    /// What was written.
    public struct Report: Hashable, Sendable {
        public struct Cloud: Hashable, Sendable {
            public var name: String
            /// Of the source.
            public var rowsRead: Int
            /// Of the snapshot, where zones of one price share a row.
            public var rowsWritten: Int
            public var regions: Int
            /// Rows whose price is ten times that of the last snapshot, or a tenth.
            public var jumps: Int
        }

        public var clouds: [Cloud] = []
        public var tariffs = 0
        public var throughputs = 0
        /// Of all files written.
        public var bytes = 0
    }

    var tables: SkyPilotTables
    let target: String
    private let acceptsJumps: Bool
    private(set) var kinds = MachineKinds()
    private(set) var facts = AcceleratorFacts()
    private var profiles: [String: ProviderProfile] = [:]
    var report = Report()
    /// Of the cloud that is being read.
    var rowsRead = 0
    private var diagnostics: [Diagnostic] = []
    private var sources: [SourceFile] = []

    /// - Parameters:
    ///   - source: the folder that holds `skypilot-v8/`.
    ///   - target: the folder of providers. Each cloud's `provider.yaml` has to be there already: it says where its
    ///     regions are.
    ///   - acceptsJumps: prices that are ten times those of the last snapshot, or a tenth, are not marked: somebody has
    ///     looked at them.
    /// - Returns: what was written. Tables of clouds that the source does not have stay as they are.
    /// - Throws: everything wrong with the source or the profiles, before anything is written.
    public static func run(
        from source: String, into target: String, acceptsJumps: Bool = false
    ) throws(DiagnosticsError) -> Report {
        var run = SkyPilotImport(
            tables: SkyPilotTables(folder: source), target: target, acceptsJumps: acceptsJumps)
        return try run.run()
    }

    private init(tables: SkyPilotTables, target: String, acceptsJumps: Bool) {
        self.acceptsJumps = acceptsJumps
        self.tables = tables
        self.target = target
    }

    private mutating func run() throws(DiagnosticsError) -> Report {
        var files: [(path: String, text: String)] = []
        readFacts()
        readProfiles()
        if tables.clouds.isEmpty {
            diagnostics.append(
                Diagnostic(
                    code: "catalog.no-tables", path: tables.folder, message: "the folder holds no tables to import",
                    expected: "skypilot-v8/<cloud>/vms.csv"))
        }
        var kinds = MachineKinds()
        tables.forEach("capabilities.csv", ["cloud", "instance_type", "capability"], optional: true) { row in
            kinds.add(row[2], cloud: row[0], type: row[1])
        }
        self.kinds = kinds
        for cloud in tables.clouds {
            guard let profile = profiles[cloud] else { continue }
            let sheet = sheet(of: cloud)
            check(sheet, profile)
            let (text, jumps) = sheet.text(
                previous: acceptsJumps ? [:] : PreviousPrices.read("\(target)/\(cloud)"))
            report.clouds.append(
                Report.Cloud(
                    name: cloud, rowsRead: rowsRead, rowsWritten: sheet.count, regions: sheet.regions.count,
                    jumps: jumps))
            files.append(("\(target)/\(cloud)/offers.csv", text))
        }
        files += tariffFiles() + throughputFile()
        diagnostics += tables.diagnostics
        guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics, sources: sources) }
        for file in files { report.bytes += try Self.write(file.text, to: file.path) }
        return report
    }

    private mutating func readFacts() {
        let path = "\(target)/accelerators.csv"
        do throws(DiagnosticsError) {
            let (read, problems) = AcceleratorFacts.read(try fileBytes(path), path: path)
            facts = read
            diagnostics += problems
        } catch {
            diagnostics += error.diagnostics
        }
    }

    private mutating func readProfiles() {
        for cloud in tables.clouds {
            let path = "\(target)/\(cloud)/provider.yaml"
            do throws(DiagnosticsError) {
                let bytes = try fileBytes(path)
                var reader = ProfileReader(path: path)
                profiles[cloud] = reader.read(bytes)
                diagnostics += reader.diagnostics
                if !reader.diagnostics.isEmpty {
                    sources.append(SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self)))
                }
            } catch {
                diagnostics += error.diagnostics.map { problem in
                    var problem = problem
                    problem.help = "write the profile first: it says in which country each region is"
                    return problem
                }
            }
        }
    }

    private mutating func check(_ sheet: OfferSheet, _ profile: ProviderProfile) {
        let unknown = sheet.regions.subtracting(profile.regions.map(\.name)).sorted()
        guard !unknown.isEmpty else { return }
        diagnostics.append(
            Diagnostic(
                code: "catalog.unknown-region", path: "\(target)/\(profile.name)/provider.yaml",
                message: "there are offers in regions that are not listed: \(unknown.joined(separator: ", "))",
                expected: "each under regions, with its country and continent"))
    }

    /// Long tables are packed. The other form of the same file goes away.
    ///
    /// - Returns: how many bytes were written.
    private static func write(_ text: String, to path: String) throws(DiagnosticsError) -> Int {
        var bytes = Array(text.utf8)
        var (path, other) = (path, "\(path).gz")
        if bytes.count > 64 * 1024, let packed = Gzip.packed(bytes) {
            (path, other) = (other, path)
            bytes = packed
        }
        guard replaceFile(path, with: bytes) else {
            throw DiagnosticsError(
                [Diagnostic(code: "catalog.unwritable", path: path, message: "the file cannot be written")],
                sources: [])
        }
        removeFile(other)
        return bytes.count
    }

}
