public import SkyCore

extension Catalog {
    /// Every area that a place is in, by the names that requests use; empty when its provider does not say.
    public func areas(of location: Location) -> Set<String> {
        guard let region = provider(named: location.provider)?.regions.first(where: { $0.name == location.region })
        else { return [] }
        return Set(RegionAreas.names(of: [region]))
    }
}
