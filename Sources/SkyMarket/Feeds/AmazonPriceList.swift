import SkyCatalog
import SkyCore
import SkyHTTP
import SkyProcess

/// A machine type in a region's list of AWS.
struct AmazonListing: Hashable, Sendable {
    var type: String
    var price: Money
    var cpus: String
    var memoryGiB: String
    var hasAccelerator: Bool
    var isArm: Bool

    /// `type,price,cpus,memory,accelerator,arm`: how an extract keeps it.
    var line: String {
        [type, price.exactDecimal, cpus, memoryGiB, hasAccelerator ? "1" : "", isArm ? "1" : ""]
            .joined(separator: ",")
    }

    init(
        type: String, price: Money, cpus: String, memoryGiB: String, hasAccelerator: Bool = false, isArm: Bool = false
    ) {
        (self.type, self.price, self.cpus, self.memoryGiB) = (type, price, cpus, memoryGiB)
        (self.hasAccelerator, self.isArm) = (hasAccelerator, isArm)
    }

    init?(line: String) {
        let parts = line.split(omittingEmptySubsequences: false) { $0 == "," }.map(String.init)
        guard parts.count == 6, let price = Money(listed: parts[1]) else { return nil }
        self.init(
            type: parts[0], price: price, cpus: parts[2], memoryGiB: parts[3], hasAccelerator: !parts[4].isEmpty,
            isArm: !parts[5].isEmpty)
    }
}

/// AWS's bulk price list of EC2: an index of regions, and a list of some hundred megabytes for each of them, of which the
/// on-demand prices of plain Linux machines are taken. The form is that of the AWS Billing user guide, "Reading the
/// service price list files".
struct AmazonPriceList: Sendable {
    let desk: PriceDesk
    private let origin: String

    init(_ desk: PriceDesk) {
        self.desk = desk
        origin = desk.origin("AWS", "https://pricing.us-east-1.amazonaws.com")
    }

    struct RegionIndex: Decodable {
        struct Region: Decodable {
            let regionCode: String
            let currentVersionUrl: String
        }
        let regions: [String: Region]
    }

    func index() async throws(FeedFailure) -> RegionIndex {
        let url = "\(origin)/offers/v1.0/aws/AmazonEC2/current/region_index.json"
        return try await desk.decoded(RegionIndex.self, HTTPRequest(.get, url), "region index")
    }

    struct Listing: Sendable {
        var machines: [AmazonListing]
        var findings: [PriceReview.Finding] = []
        /// The version was read before.
        var isKnown = false
    }

    /// The list of one region; not fetched again when its version is the one that was read last.
    func listing(of region: RegionIndex.Region) async throws(FeedFailure) -> Listing {
        let path = region.currentVersionUrl.replacing("/index.json", with: "/index.csv")
        guard path.hasPrefix("/"), !path.contains("..") else {
            throw FeedFailure(.badAnswer, "\(origin): the list of \(region.regionCode) has an odd address")
        }
        let name = "aws \(region.regionCode)"
        let extracts = Extracts(folder: desk.folder)
        if let known = extracts.read(name), known.validator == path {
            let lines = known.bytes.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
            return Listing(machines: lines.compactMap { AmazonListing(line: $0) }, isKnown: true)
        }
        let file = try await download(origin + path, region.regionCode)
        defer { unlinkFile(file) }
        let listing = try parse(file, region.regionCode)
        let text = listing.machines.map { "\($0.line)\n" }.joined()
        extracts.keep(Extracts.Extract(validator: path, bytes: Array(text.utf8)), as: name)
        return listing
    }

    /// Into a file, since it is long: what has come before trouble is not asked for again. A version never changes.
    private func download(_ url: String, _ region: String) async throws(FeedFailure) -> String {
        let folder = "\(desk.folder)/.lists"
        let path = "\(folder)/\(region).csv"
        do { try Files.makeFolder(folder, mode: 0o700) } catch {
            throw FeedFailure(.disk, "\(folder): \(error)")
        }
        unlinkFile(path)
        let request = HTTPRequest(.get, url, headers: ["Accept-Encoding": "gzip"], timeout: nil)
        let (desk, provider) = (desk, desk.provider)
        let response: HTTPResponse
        do throws(HTTPError) {
            let seen = Counter()
            response = try await desk.caller.call(PriceDesk.host(of: url), retries: PriceDesk.retries) {
                (_) throws(HTTPError) in
                let present = DataSize(bytes: fileSize(path))
                return try await desk.caller.client.download(request, to: path, from: present) { progress in
                    desk.progress(provider, seen.rise(to: progress.received.bytes), region)
                }.response
            }
        } catch {
            unlinkFile(path)
            throw FeedFailure(error.kind == .cancelled ? .cancelled : .noAnswer, error.message)
        }
        guard response.isSuccess || response.status == 416 else { throw PriceDesk.refusal(of: request, response) }
        return path
    }

    /// Goes through the list once, holding a row at a time.
    func parse(_ file: String, _ region: String) throws(FeedFailure) -> Listing {
        var stream = CSVStream()
        var reader = AmazonListReader(region: region)
        do {
            try PieceReader.read(file) { piece in try stream.take(piece) { try reader.take($0) } }
            try stream.finish { try reader.take($0) }
        } catch let failure as FeedFailure {
            throw failure
        } catch let error as CSVStream.Malformed {
            throw FeedFailure(.badAnswer, "the price list of \(region), line \(error.line): \(error.reason)")
        } catch {
            throw FeedFailure(.badAnswer, "the price list of \(region): \(error)")
        }
        return try reader.finished()
    }
}

/// Finds the machines among a region's rows: after five rows about the list comes the header.
struct AmazonListReader {
    private enum Column: String, CaseIterable {
        case term = "TermType"
        case unit = "Unit"
        case price = "PricePerUnit"
        case currency = "Currency"
        case family = "Product Family"
        case locationType = "Location Type"
        case type = "Instance Type"
        case cpus = "vCPU"
        case processor = "Physical Processor"
        case memory = "Memory"
        case tenancy = "Tenancy"
        case system = "Operating System"
        case capacity = "CapacityStatus"
        case software = "Pre Installed S/W"
    }

    private static let isArmProcessor = "Graviton"
    private static let mostBadRows = 5

    private let region: String
    private var places: [Column: Int] = [:]
    /// Columns that not all versions of the list have.
    private var gpus: Int?
    private var market: Int?
    private var width = 0
    private var found: [String: AmazonListing] = [:]
    private var doubtful: Set<String> = []
    private var findings: [PriceReview.Finding] = []
    private var badRows = 0

    init(region: String) { self.region = region }

    private func place(_ column: Column) -> Int { places[column] ?? -1 }

    mutating func take(_ row: CSVStream.Row) throws(FeedFailure) {
        guard !places.isEmpty else { return try takeHeader(row) }
        guard row.count == width else { return bad(row, "has \(row.count) fields, the header \(width)") }
        guard isMachine(row) else { return }
        let type = row.text(place(.type))
        guard row.text(place(.currency)) == "USD" else {
            findings.append(
                PriceReview.Finding(
                    .wrongCurrency, "\(type) in \(region)", "line \(row.line) is in \(row.text(place(.currency)))"))
            return
        }
        guard !type.isEmpty, let price = Money(listed: row.text(place(.price))) else {
            return bad(row, "'\(row.text(place(.price)))' is no price")
        }
        let memory = row.text(place(.memory)).replacing(",", with: "").split { $0 == " " }.first.map(String.init)
        let listing = AmazonListing(
            type: type, price: price, cpus: row.text(place(.cpus)), memoryGiB: memory ?? "",
            hasAccelerator: gpus.map { !["", "0", "NA"].contains(row.text($0)) } ?? false,
            isArm: row.text(place(.processor)).contains(Self.isArmProcessor))
        if let before = found[type], before.price != price {
            doubtful.insert(type)
            findings.append(
                PriceReview.Finding(
                    .duplicate, "\(type) in \(region)",
                    "is priced \(before.price.exactDecimal) and, in line \(row.line), \(price.exactDecimal)"))
            return
        }
        found[type] = listing
    }

    private mutating func takeHeader(_ row: CSVStream.Row) throws(FeedFailure) {
        let names = (0..<row.count).map { row.text($0) }
        guard names.first == "SKU" else {
            guard row.line < 20 else { throw FeedFailure(.badAnswer, "the price list of \(region) has no header") }
            return
        }
        for column in Column.allCases {
            guard let place = names.firstIndex(of: column.rawValue) else {
                throw FeedFailure(.badAnswer, "the price list of \(region) has no column '\(column.rawValue)' any more")
            }
            places[column] = place
        }
        (gpus, market, width) = (names.firstIndex(of: "GPU"), names.firstIndex(of: "MarketOption"), names.count)
    }

    private static let wanted: [(Column, [UInt8])] = [
        (.term, Array("OnDemand".utf8)), (.system, Array("Linux".utf8)), (.tenancy, Array("Shared".utf8)),
        (.capacity, Array("Used".utf8)), (.software, Array("NA".utf8)), (.unit, Array("Hrs".utf8)),
        (.locationType, Array("AWS Region".utf8)),
    ]
    private static let onDemand = Array("OnDemand".utf8)

    /// A plain Linux machine on demand, on hardware shared with others, in the region itself.
    private func isMachine(_ row: CSVStream.Row) -> Bool {
        for (column, text) in Self.wanted where !row.equals(place(column), text) { return false }
        if let market, !row.equals(market, Self.onDemand), !row.text(market).isEmpty { return false }
        return row.text(place(.family)).hasPrefix("Compute Instance")
    }

    private mutating func bad(_ row: CSVStream.Row, _ reason: String) {
        badRows += 1
        guard badRows <= Self.mostBadRows else { return }
        findings.append(PriceReview.Finding(.badRow, "list of \(region), line \(row.line)", reason))
    }

    mutating func finished() throws(FeedFailure) -> AmazonPriceList.Listing {
        if badRows > Self.mostBadRows {
            findings.append(
                PriceReview.Finding(.badRow, "list of \(region)", "\(badRows - Self.mostBadRows) more rows like that"))
        }
        for type in doubtful { found[type] = nil }
        guard !found.isEmpty else {
            throw FeedFailure(.badAnswer, "the price list of \(region) has no machine in it")
        }
        return AmazonPriceList.Listing(machines: found.values.sorted { $0.type < $1.type }, findings: findings)
    }
}
