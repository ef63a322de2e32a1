import SkyCatalog
import SkyCore
import SkyPlacement
import SkyTestSupport
import Testing

@testable import SkyCLI

@Suite("Screens")
struct ScreenTests {
    @Test("a plan fits into 100 columns and says where, why, how much and what else there was")
    func plan() throws {
        let screen = PlanScreen(plan: Samples.plan(), services: ["serve"], standIns: ["azure", "gcp", "aws"])
        let lines = screen.lines(width: 100)
        #expect(lines.allSatisfy { $0.width <= 100 })
        try expectGolden(plainText(lines), "plan-100.txt")
    }

    @Test("a plan that is not proven to be the best says how far it may be from it")
    func unproven() throws {
        let text = plainText(PlanScreen(plan: Samples.plan(isOptimal: false)).lines(width: 100))
        #expect(text.contains("at most 4.2% above the least possible $60.00"))
        #expect(!text.contains("no cheaper"))
    }

    @Test("a plan without stand-ins and guesses has no notes on them")
    func quiet() {
        var plan = Samples.plan()
        plan.stages.removeLast()
        plan.transfers.removeLast()
        let text = plainText(PlanScreen(plan: plan).lines(width: 100))
        #expect(!text.contains("stand in"))
        #expect(!text.contains("~"))
    }

    @Test("a plan is cut to narrow terminals", arguments: [60, 70, 80, 90])
    func narrowPlan(width: Int) {
        let lines = PlanScreen(plan: Samples.plan(), standIns: ["aws"]).lines(width: width)
        #expect(lines.allSatisfy { $0.width <= width })
        #expect(plainText(lines).contains("$57.60"))
    }

    @Test("a plan in colour", .tags(.colour))
    func colouredPlan() throws {
        let lines = PlanScreen(plan: Samples.plan(), standIns: ["aws"]).lines(width: 100)
        let text = lines.map { $0.painted(.coloured) + "\n" }.joined()
        try expectGolden(text.replacing("\u{1b}", with: "␛"), "plan-colour.txt")
    }

    @Test("runs are listed newest first")
    func runs() throws {
        let screen = RunListScreen(
            runs: [Samples.failedRun(), Samples.run(), Samples.servingRun()], now: Samples.now)
        try expectGolden(plainText(screen.lines(width: 100)), "status-list.txt")
    }

    @Test(
        "a run shows its stages, what went wrong, and what to type next",
        arguments: [("running", Samples.run()), ("serving", Samples.servingRun()), ("failed", Samples.failedRun())])
    func run(name: String, run: RunRow) throws {
        let lines = RunScreen(run: run, now: Samples.now).lines(width: 100)
        #expect(lines.allSatisfy { $0.width <= 100 })
        try expectGolden(plainText(lines), "status-\(name).txt")
    }

    @Test("check says of each provider what it is good for and what would help")
    func check() throws {
        let rows = [
            CheckRow(
                provider: "local", displayName: "This machine", standing: .ready, offers: 1, regions: 1,
                reason: "this machine's own cores"),
            CheckRow(
                provider: "aws", displayName: "Amazon Web Services", standing: .standIn, offers: 61_234, regions: 17,
                reason: "no credentials; nodes are processes of this machine, and prices are what aws would charge",
                credentials: [
                    .init(place: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", isPresent: false),
                    .init(place: "~/.aws/credentials", isPresent: false),
                ]),
            CheckRow(
                provider: "lambda", displayName: "Lambda", standing: .unusable, offers: 120, regions: 9,
                reason: "the key was refused", credentials: [.init(place: "LAMBDA_API_KEY", isPresent: true)]),
        ]
        try expectGolden(plainText(CheckScreen(providers: rows).lines(width: 100)), "check.txt")
    }

    @Test("offers are listed with all that a user filters by")
    func catalog() throws {
        let screen = CatalogScreen(
            offers: [Samples.confidential, Samples.tpu, Samples.inferentia].map { Samples.listed($0) }, total: 5312)
        try expectGolden(plainText(screen.lines(width: 100) + [screen.summary]), "catalog.txt")
    }
}

extension Tag {
    @Tag static var colour: Self
}
