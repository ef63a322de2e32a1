import SkyCore

/// All that a catalog is made of, before it is an image.
struct CatalogDraft: Sendable {
    struct Provider: Sendable {
        var profile: ProviderProfile
        var rows: OfferRows
    }

    var providers: [Provider] = []
    var tariffs: Tariffs
    var facts = AcceleratorFacts()
    /// SHA-256 of the inputs in hexadecimal.
    var digest = ""
    /// False: tariffs are worked out for the locations that they name only.
    var knowsRegions = true

    init(tariffs: Tariffs = Tariffs()) { self.tariffs = tariffs }

    /// - Parameter stamp: says which files the image was made of, and in which state.
    func image(stamp: String) -> [UInt8] {
        var image = ImageWriter()
        image.text(stamp)
        image.text(digest)
        facts.write(to: &image)
        let regions = providers.flatMap { provider in
            provider.profile.regions.map { Location(provider: provider.profile.name, region: $0.name) }
        }
        tariffs.write(to: &image, regions: knowsRegions ? regions : [])
        image.list(providers) { image, provider in
            provider.profile.write(to: &image)
            provider.rows.write(to: &image, facts: facts)
        }
        return image.finished()
    }
}
