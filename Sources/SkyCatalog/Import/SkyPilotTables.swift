import SkyCore

/// The folder that is imported, table by table, as rows of texts.
struct SkyPilotTables {
    let folder: String
    private(set) var diagnostics: [Diagnostic] = []

    init(folder: String) { self.folder = folder }

    /// Clouds with a table of machines, sorted.
    var clouds: [String] {
        folderEntries("\(folder)/skypilot-v8").filter { cloud in
            cloud != "common" && fileExists("\(folder)/skypilot-v8/\(cloud)/vms.csv")
        }
    }

    /// Calls `body` with the columns of each row, in the order of `names`; a column that is not there is empty. Lines that
    /// begin with `#` are comments.
    mutating func forEach(_ path: String, _ names: [String], optional: Bool = false, _ body: ([String]) -> Void) {
        let path = "\(folder)/\(path)"
        if optional, !fileExists(path) { return }
        let bytes: [UInt8]
        do throws(DiagnosticsError) {
            bytes = Self.withoutComments(try fileBytes(path))
        } catch {
            diagnostics += error.diagnostics
            return
        }
        var complaints = CSVComplaints(path: path, bytes: bytes)
        var table = CSVTable(bytes, required: [], optional: names, allowsOthers: true, &complaints)
        while let row = table.next(&complaints) { body(names.indices.map { row.text($0) ?? "" }) }
        diagnostics += complaints.all
    }

    private static func withoutComments(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.first == UInt8(ascii: "#") else { return bytes }
        var rest = bytes[...]
        while rest.first == UInt8(ascii: "#") {
            rest = rest.drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        }
        return Array(rest)
    }
}

/// A row of `vms.csv`.
struct SkyPilotRow {
    static let columns = [
        "InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "SpotPrice", "Region",
        "AvailabilityZone",
    ]

    var type: String
    var acceleratorName: String
    var acceleratorCount: String
    var cpus: String
    var memory: String
    /// Billionths of a dollar; nil: not sold so.
    var price: Int64?
    var spot: Int64?
    var region: String
    var zone: String

    init(_ fields: [String]) {
        type = fields[0]
        acceleratorName = fields[1]
        acceleratorCount = fields[2]
        cpus = fields[3]
        memory = fields[4]
        price = DecimalBytes(fields[5])?.billionths
        spot = DecimalBytes(fields[6])?.billionths
        region = fields[7]
        zone = fields[8]
    }
}
