import SkyCore

/// The parts of the world that a region is in, by the names that requests use: its continent as its provider's profile
/// has it, its country, and unions of countries as `SkyCore.Areas` knows them.
enum RegionAreas {
    private static let unions: [String: Set<String>] = [
        "eu": Areas.members(of: "eu") ?? [], "eea": Areas.members(of: "eea") ?? [],
        "uk": Areas.members(of: "uk") ?? [], "usa": Areas.members(of: "us") ?? [],
    ]

    /// A region whose country is not known is in no area but its continent.
    static func contains(_ area: String, _ region: ProviderProfile.Region) -> Bool {
        if let continent = region.continent, area == continent { return true }
        guard let country = region.country?.lowercased() else { return false }
        return unions[area]?.contains(country) ?? (area == country)
    }

    /// Every area that some of the regions are in, sorted.
    static func names(of regions: some Sequence<ProviderProfile.Region>) -> [String] {
        var names: Set<String> = []
        for region in regions {
            if let continent = region.continent { names.insert(continent) }
            guard let country = region.country else { continue }
            names.insert(country.lowercased())
            for union in unions.keys where contains(union, region) { names.insert(union) }
        }
        return names.sorted()
    }
}
