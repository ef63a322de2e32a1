import SkyCore
import Testing

@Suite struct AreasTests {
    @Test func everyCountryOfTheStandardLiesOnOneContinent() {
        let continents = ["africa", "antarctica", "asia", "europe", "north-america", "oceania", "south-america"]
        let all = continents.flatMap { Areas.members(of: $0) ?? [] }
        #expect(all.count == 249)
        #expect(Set(all).count == 249)
        #expect(Areas.countries == Set(all))
        #expect(all.allSatisfy { $0.utf8.count == 2 && $0 == $0.lowercased() })
    }

    @Test func unionsLieInOneAnother() throws {
        let eu = try #require(Areas.members(of: "eu"))
        let eea = try #require(Areas.members(of: "eea"))
        #expect(eu.count == 27)
        #expect(eea.subtracting(eu) == ["is", "li", "no"])
        #expect(eea.isSubset(of: Areas.members(of: "europe") ?? []))
        #expect(!eu.contains("gb") && !eu.contains("ch"))
    }

    @Test func aCountryIsAnArea() {
        #expect(Areas.members(of: "de") == ["de"])
        #expect(Areas.members(of: "uk") == ["gb"])
        #expect(Areas.members(of: "DE") == nil)
        #expect(Areas.members(of: "atlantis") == nil)
    }

    @Test(arguments: [("de", ["eu"], true), ("gb", ["eu"], false), ("us", ["eu", "us"], true), ("ch", [], false)])
    func aCountryIsAdmittedByAnyOneOfTheAreas(country: String, areas: [String], admitted: Bool) {
        #expect(Areas.admit(country: country, anyOf: areas) == admitted)
    }
}
