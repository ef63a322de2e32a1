import Testing

@testable import SkyCLI

@Suite("clouds.yaml, changed by commands")
struct CloudsTextTests {
    private static let text = """
        # mine
        aws:
          profile: work
          # only here
          regions: [eu-west-1]

        gcp: {project: p}
        """

    @Test("a new cloud comes at the end, and nothing else changes")
    func added() throws {
        let new = try CloudsText(text: Self.text).adding("azure", [("subscription", "s")])
        #expect(new.text == Self.text + "\nazure:\n  subscription: s\n")
        #expect(try CloudsText(text: "").adding("aws", []).text == "aws:\n")
    }

    @Test("a setting of a known cloud replaces the one of its name, and leaves the others")
    func changed() throws {
        let new = try CloudsText(text: Self.text).adding("aws", [("profile", "home")])
        #expect(new.text.contains("aws:\n  profile: home\n  # only here\n  regions: [eu-west-1]\n\ngcp:"))
        #expect(!new.text.contains("work"))
        #expect(try CloudsText(text: Self.text).adding("aws", []).text == Self.text)
    }

    @Test("settings in one line are left to whoever wrote them")
    func inOneLine() {
        #expect(throws: CommandFailure.self) { try CloudsText(text: Self.text).adding("gcp", [("network", "n")]) }
    }

    @Test("a cloud goes with its settings, and no other")
    func removed() {
        #expect(CloudsText(text: Self.text).removing("aws").text == "# mine\ngcp: {project: p}")
        #expect(CloudsText(text: Self.text).removing("azure").text == Self.text)
    }
}
