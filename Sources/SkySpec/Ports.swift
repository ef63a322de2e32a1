import SkyCore
import SkyYAML

/// The forms of `ports`: `8080`, `10052-10100`, `8000,9000`, or a list of these.
enum Ports {
    static let form = TextForm(
        "a port such as 8080, or a range such as 10052-10100", pattern: "^ *[0-9]+(-[0-9]+)?( *, *[0-9]+(-[0-9]+)?)*$")

    /// Each port once, ascending.
    static func read(_ node: YAMLNode, _ reading: Reading) -> [Int] {
        var ports: Set<Int> = []
        for element in reading.elements(of: node) {
            let whole = Located(element.scalar ?? "", element.range)
            for part in whole.value.split(separator: ",") {
                let port = Located(part.filter { $0 != " " }, whole.range(of: part))
                if let range = parse(port, reading) { ports.formUnion(range) }
            }
        }
        return ports.sorted()
    }

    /// 1…65535, or nil after a complaint.
    static func readOne(_ node: YAMLNode, _ reading: Reading) -> Int? {
        guard let port = node.scalar.flatMap({ Int($0) }) else { return nil }
        return check(port, at: node.range, reading)
    }

    private static func parse(_ port: Located<String>, _ reading: Reading) -> ClosedRange<Int>? {
        let text = port.value
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        if let number = Int(text) { return check(number, at: port.range, reading).map { $0...$0 } }
        guard ends.count == 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
            reading.error("spec.bad-port", at: port.range, "'\(text)' is no port", expected: form.phrase)
            return nil
        }
        guard check(first, at: port.range, reading) != nil, check(last, at: port.range, reading) != nil else {
            return nil
        }
        return first...last
    }

    private static func check(_ port: Int, at range: SourceRange, _ reading: Reading) -> Int? {
        if (1...65_535).contains(port) { return port }
        reading.error("spec.impossible", at: range, "there is no port \(port)", expected: "1 to 65535")
        return nil
    }

    /// The shortest text for `ports`: single numbers and ranges.
    static func shown(_ ports: [Int]) -> [String] {
        var ranges: [ClosedRange<Int>] = []
        for port in ports.sorted() {
            if let last = ranges.last, port == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...port
            } else {
                ranges.append(port...port)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    }
}
