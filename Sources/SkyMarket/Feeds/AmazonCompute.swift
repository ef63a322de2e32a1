import SkyAWS
import SkyCore
import SkyHTTP

/// What EC2 itself says of one region, to those with an account: which zones sell what, and what spot costs there now.
struct AmazonCompute: Sendable {
    let desk: PriceDesk
    private let settings: AWSSettings
    private let source: CredentialSource

    init(_ desk: PriceDesk) throws(AWSError) {
        self.desk = desk
        let surroundings = AWSSurroundings(environment: desk.environment, caller: desk.caller, now: desk.now)
        settings = try AWSSettings(in: surroundings)
        source = CredentialSource(settings)
    }

    /// - Throws: when there are none.
    func checkCredentials() async throws(AWSError) { _ = try await source.credentials() }

    struct Market: Sendable {
        /// By type: zone ids.
        var zones: [String: Set<String>] = [:]
        /// By type and zone id.
        var spot: [String: [String: Money]] = [:]
    }

    func market(of region: String) async throws(AWSError) -> Market {
        var ids: [String: String] = [:]
        for zone in try await items("DescribeAvailabilityZones", [], "availabilityZoneInfo", in: region) {
            if let name = zone.text("zoneName"), let id = zone.text("zoneId") { ids[name] = id }
        }
        var market = Market()
        let offerings = try await items(
            "DescribeInstanceTypeOfferings",
            [.init("LocationType", "availability-zone-id"), .init("MaxResults", "1000")],
            "instanceTypeOfferingSet", in: region)
        for offering in offerings {
            guard let type = offering.text("instanceType"), let zone = offering.text("location") else { continue }
            market.zones[type, default: []].insert(zone)
        }
        // Asked for this very moment, it answers with the price that each zone has now.
        let prices = try await items(
            "DescribeSpotPriceHistory",
            [
                .init("StartTime", desk.now().iso8601), .init("ProductDescription.1", "Linux/UNIX"),
                .init("MaxResults", "1000"),
            ], "spotPriceHistorySet", in: region)
        var newest: [String: String] = [:]
        for item in prices {
            guard let type = item.text("instanceType"), let name = item.text("availabilityZone"),
                let price = item.text("spotPrice").flatMap({ Money(listed: $0) })
            else { continue }
            let zone = item.text("availabilityZoneId") ?? ids[name] ?? name
            let moment = item.text("timestamp") ?? ""
            guard moment >= newest["\(type) \(zone)"] ?? "" else { continue }
            newest["\(type) \(zone)"] = moment
            market.spot[type, default: [:]][zone] = price
        }
        return market
    }

    private static let mostPages = 1000

    /// All items of a call, page after page.
    private func items(
        _ action: String, _ parameters: [AWSRequest.Parameter], _ set: String, in region: String
    ) async throws(AWSError) -> [XMLElement] {
        var all: [XMLElement] = []
        var token: String?
        for _ in 0..<Self.mostPages {
            let page = try await call(action, parameters + (token.map { [.init("NextToken", $0)] } ?? []), in: region)
            all += page.first(set)?.all("item") ?? []
            let next = page.text("nextToken") ?? ""
            guard !next.isEmpty, next != token else { return all }
            token = next
        }
        throw AWSError(.badAnswer, "\(action) in \(region): the pages never end")
    }

    private func call(
        _ action: String, _ parameters: [AWSRequest.Parameter], in region: String
    ) async throws(AWSError) -> XMLElement {
        let origin = settings.endpoint(of: "ec2") ?? "https://ec2.\(region).\(AWSPartition.domain(of: region))"
        let all = [.init("Action", action), .init("Version", "2016-11-15")] + parameters
        let body = Array(formText(all).utf8)
        let credentials = try await source.credentials().credentials
        let headers: HTTPHeaders = ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"]
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await desk.caller.call(
                "\(origin) \(region)", retries: PriceDesk.retries,
                mayPass: { $0.mayPass || $0.text.contains("RequestLimitExceeded") }
            ) { (left) throws(HTTPError) in
                let request = AWSRequest(.post, origin: origin, path: "/", headers: headers, payload: .bytes(body))
                let signed = SignatureV4(credentials, region: region, service: "ec2").sign(request, at: desk.now())
                return try await desk.caller.client.send(
                    HTTPRequest(
                        .post, signed.url, headers: signed.headers, body: .bytes(body), timeout: min(left, .seconds(60))
                    ))
            }
        } catch {
            throw AWSError(error)
        }
        guard response.isSuccess else { throw AWSError("\(action) in \(region)", response) }
        desk.progress(desk.provider, Int64(response.body.count), "\(region) spot")
        do { return try XMLElement(parsing: response.body) } catch {
            throw AWSError(.badAnswer, "\(action) in \(region): \(error.reason)")
        }
    }

    private func formText(_ parameters: [AWSRequest.Parameter]) -> String {
        parameters.map { "\($0.name)=\(percentEncoded($0.value))" }.joined(separator: "&")
    }
}

/// As a form and a query have it: all but letters, digits and `-._~` escaped.
func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { result, byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte, radix: 16, uppercase: true)
            result += "%" + (digits.count < 2 ? "0" : "") + digits
        }
    }
}

extension Instant {
    /// `2026-11-29T09:41:28Z`
    var iso8601: String {
        let seconds = millisecondsSince1970 / 1000
        let (day, second) = (seconds / 86_400, seconds % 86_400)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(CalendarDay(number: Int(day)))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }
}
