/// One provider's profile and offers. A class, so that handing it on does not count a reference per column.
final class ProviderShelf: Sendable {
    let profile: ProviderProfile
    let table: OfferTable

    init(profile: ProviderProfile, table: OfferTable) {
        self.profile = profile
        self.table = table
    }
}
