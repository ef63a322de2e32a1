import ArgumentParser
import Glibc
import SkyCore
import SkyStorage

struct StorageCopyCommand: SkySubcommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy files to a bucket, from one, or from one to another.",
        discussion: """
            Long files go in parts side by side, with a checksum for each part and for the whole. Stopped or killed at \
            any point, the same command goes on with what had arrived. From bucket to bucket of one service the service copies \
            by itself; from one service to another the bytes come by way of this machine. https:// is read only.

            EXAMPLES
              sky storage cp model.bin s3://my-bucket/models/
              sky storage cp s3://my-bucket/models/model.bin .
              sky storage cp --recursive data/ s3://my-bucket/data --no-clobber
              sky storage cp -r s3://my-bucket/data/ gs://other/data/
              sky storage cp model.bin az://account/container/models/
              sky storage cp big.tar s3://my-bucket/ --parallel 16 --endpoint http://127.0.0.1:9000
            """)

    @Argument(
        help: "A file or folder of this machine, or s3://bucket/key, gs://…, az://…, https://….", completion: .file())
    var source: String

    @Argument(
        help: "Where it is to be. With a / at the end, or where there is such a folder, the source keeps its name.",
        completion: .file())
    var destination: String

    @Flag(name: .shortAndLong, help: "Copy a folder, or all keys that begin so, with all that is in it.")
    var recursive = false

    @Flag(name: .shortAndLong, help: "Leave alone what is there already.")
    var noClobber = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Calls at once; without it 16: four parts of each of four files.", valueName: "number"))
    var parallel: Int?

    @OptionGroup var storage: StorageOptions
    @OptionGroup var options: OutputOptions

    func execute(in context: CommandContext) throws -> ExitStatus {
        if let parallel, !(1...256).contains(parallel) {
            throw CommandFailure(.wrongRequest, "--parallel \(parallel): expected 1 to 256", hints: ["--parallel 16"])
        }
        let stores = try storage.stores(context, calls: parallel ?? 16)
        let state = "\(try context.paths().state)/transfers"
        let (source, destination, recursive) = (source, destination, recursive)
        let interruptions = context.interruptions()
        let plan = try AsyncWork.run(interruptions: interruptions) {
            try await CopyPlan(from: source, to: destination, recursive: recursive, stores)
        }
        let (out, err) = (context.console.out, context.console.err)
        for name in plan.leftOut { try err.line("\(name): no file, and a link to a folder is not followed: left out") }
        let meter = CopyMeter(total: plan.size, count: plan.items.count, on: err)
        let work = CopyWork(
            stores: stores, state: state, files: parallel ?? 4, parts: parallel ?? usualTransferWidth,
            existing: noClobber ? .keep : .replace, meter: meter)
        do {
            defer { meter.end() }
            try AsyncWork.run(interruptions: interruptions) { try await work.run(plan.items) }
        } catch is AsyncWork.Interrupted {
            try err.line("stopped; the same command goes on with what has arrived")
            return .interrupted
        }
        let result = meter.result
        switch options.output {
        case .json: try out.write(try JSONText.encode(result))
        case .text: try err.line("\(Self.words(result))")
        }
        return .done
    }

    private static func words(_ result: CopyMeter.Result) -> String {
        var words = "copied \(Figures.count(result.files, "file")), \(DataSize(bytes: result.moved))"
        if result.resumed > 0 { words += ", and \(DataSize(bytes: result.resumed)) that had arrived before" }
        if result.skipped > 0 { words += "; \(Figures.count(result.skipped, "file")) there already" }
        let rate = result.moved * 1000 / max(result.milliseconds, 1)
        return words + " (\(DataSize(bytes: rate))/s)"
    }
}

/// Whether there is anything at the path, a broken link too.
func isThere(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}
