public import SkyCore

extension Catalog {
    /// The parts of the world that a place is in, in lower case; empty when its provider does not say.
    public func areas(of location: Location) -> Set<String> {
        guard let region = provider(named: location.provider)?.regions.first(where: { $0.name == location.region }),
            let continent = region.continent
        else { return [] }
        return [continent]
    }
}
