import FoundationEssentials
import SkyCore
import SkyTestSupport
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("a run's id is made of", arguments: ["a", "tickets-7k2m", "0", "a-b-c", String(repeating: "x", count: 64)])
    func goodRun(text: String) throws {
        let id = try #require(RunID(text))
        #expect("\(id)" == text)
        let json = try JSONEncoder().encode([id])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(text)\"]")
        #expect(try JSONDecoder().decode([RunID].self, from: json) == [id])
    }

    @Test(
        "and not of",
        arguments: [
            "", "-a", "A", "a_b", "a b", "a/b", "..", "a.b", "é", "a\n", "a\u{0}", String(repeating: "x", count: 65),
        ])
    func badRun(text: String) throws {
        #expect(RunID(text) == nil)
        let json = try JSONEncoder().encode([text])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([RunID].self, from: json) }
    }

    @Test("an attempt's token names run, stage and number")
    func token() throws {
        let run = try #require(RunID("tickets-7k2m"))
        #expect(AttemptID(run: run, stage: "train", number: 2).token == "tickets-7k2m--train--2")
    }

    @Test(
        "the nearest name",
        arguments: [
            ("inptus", "inputs"), ("Inputs", "inputs"), ("input", "inputs"), ("outputz", "outputs"), ("rnu", "run"),
            ("run", "run"), ("preproces", "preprocess"), ("PREPROCSES", "preprocess"), ("xx", nil), ("", nil),
            ("x", nil),
            ("R", "r"), ("completely", nil), ("inpust!", "inputs"), ("rn", "r"),
        ])
    func nearest(word: String, name: String?) {
        let names = ["outputs", "inputs", "run", "preprocess", "r", "setup"]
        #expect(nearestName(to: word, among: names) == name)
        #expect(nearestName(to: word, among: names.reversed()) == name)
    }

    @Test("of two equally near names the first by letters is taken, whatever the order; of none, none")
    func ties() {
        #expect(nearestName(to: "cat", among: ["hat", "bat"]) == "bat")
        #expect(nearestName(to: "cat", among: ["bat", "hat"]) == "bat")
        #expect(nearestName(to: "cat", among: [String]()) == nil)
    }

    @Test("a name within reach is always found, and one out of reach never, against the plain definition")
    func nearestAgainstDefinition() {
        var generator = SeededGenerator(seed: 6)
        func word() -> [Character] {
            (0..<Int(generator.next() % 8)).map { _ in ["a", "b", "c"][Int(generator.next() % 3)] }
        }
        for _ in 0..<3000 {
            let (a, b) = (word(), word())
            let limit = a.count < 2 ? 0 : max(1, a.count / 3)
            let isNear = distance(a[...], b[...]) <= limit
            #expect((nearestName(to: String(a), among: [String(b)]) != nil) == isNear, "\(String(a)) \(String(b))")
        }
    }

    private func distance(_ a: ArraySlice<Character>, _ b: ArraySlice<Character>) -> Int {
        guard let x = a.last, let y = b.last else { return max(a.count, b.count) }
        var best = distance(a.dropLast(), b.dropLast()) + (x == y ? 0 : 1)
        if x == y { return best }
        best = min(best, distance(a.dropLast(), b) + 1, distance(a, b.dropLast()) + 1)
        let (c, d) = (a.dropLast().last, b.dropLast().last)
        if c == y, d == x { best = min(best, distance(a.dropLast(2), b.dropLast(2)) + 1) }
        return best
    }

    @Test("a place admits what it does not exclude")
    func places() {
        let region = PlaceConstraint(provider: "aws", region: "us-east-1")
        #expect(region.admits(provider: "aws", region: "us-east-1", zone: "us-east-1a"))
        #expect(!region.admits(provider: "aws", region: "us-east-2", zone: nil))
        #expect(!region.admits(provider: "gcp", region: "us-east-1", zone: nil))
        #expect(PlaceConstraint().admits(provider: "any", region: "any", zone: nil))
        let zone = PlaceConstraint(provider: "aws", region: "us-east-1", zone: "us-east-1a")
        #expect(!zone.admits(provider: "aws", region: "us-east-1", zone: nil))
        #expect(
            "\(region)" == "aws/us-east-1" && "\(zone)" == "aws/us-east-1/us-east-1a" && "\(PlaceConstraint())" == "*")
    }

    @Test("at least, exactly, or between")
    func quantities() {
        #expect(Quantity.atLeast(8).admits(8.5) && !Quantity.exactly(8).admits(8.5))
        #expect(!Quantity.atLeast(8).admits(7.9) && Quantity.exactly(8).admits(8))
        #expect("\(Quantity.atLeast(8))" == "8+" && "\(Quantity.exactly(0.5))" == "0.5")
        let between = Quantity(least: 16, most: 64)
        #expect(between.admits(16) && between.admits(64) && !between.admits(15.9) && !between.admits(64.1))
        #expect("\(between)" == "16..64")
        #expect("\(AcceleratorCount(name: "A10", count: 0.5))" == "A10:0.5")
    }
}
