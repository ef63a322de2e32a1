import SkyCore

/// Parts of the world by the names that requests use, in lower case: countries (`de`), continents (`europe`) and unions
/// of countries (`eu`, `eea`).
enum Areas {
    /// Members of the European Union since 2020 (europa.eu, country profiles).
    private static let eu: Set<String> = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
        "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    ]
    /// The European Economic Area is these and the Union.
    private static let efta: Set<String> = ["IS", "LI", "NO"]

    /// A region whose country is not known is in no area but its continent.
    static func contains(_ area: String, _ region: ProviderProfile.Region) -> Bool {
        if let continent = region.continent, area == continent { return true }
        guard let country = region.country else { return false }
        switch area {
        case "eu": return eu.contains(country)
        case "eea": return eu.contains(country) || efta.contains(country)
        case "uk": return country == "GB"
        case "usa": return country == "US"
        default: return area == country.lowercased()
        }
    }

    /// Every area that some of the regions are in, sorted.
    static func names(of regions: some Sequence<ProviderProfile.Region>) -> [String] {
        var names: Set<String> = []
        for region in regions {
            if let continent = region.continent { names.insert(continent) }
            guard let country = region.country else { continue }
            names.insert(country.lowercased())
            for union in ["eu", "eea", "uk", "usa"] where contains(union, region) { names.insert(union) }
        }
        return names.sorted()
    }
}
