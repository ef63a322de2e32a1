public import SkyCore

extension CloudAccess {
    /// What a plan's machines, and the buckets beside them, need of one provider.
    ///
    /// - Throws: what is wrong with the provider's data.
    public func permissions(
        of provider: String, adapter: String, for requests: [NodeGroupRequest], buckets: [String], makesBuckets: Bool
    ) throws(DiagnosticsError) -> PermissionDocument {
        let section = settings.sections[provider]
        let actsAsSomebody = ["instance_profile", "service_account", "identity"].contains { section?[$0] != nil }
        var needs = PermissionNeeds(provider, adapter: adapter, requests, actsAsSomebody: actsAsSomebody)
        needs.buckets = buckets.sorted()
        if !buckets.isEmpty { needs.uses.insert(.bucket) }
        if makesBuckets { needs.uses.insert(.newBucket) }
        return PermissionDocument(needs, try PermissionTable.read(provider, in: providers))
    }
}
