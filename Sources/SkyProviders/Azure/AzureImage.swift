import SkyAzure
import SkyHTTP

/// Which image a machine boots from.
enum AzureImage {
    private static let forms = "publisher:offer:sku:version, or the id of an image of your own (/subscriptions/…)"

    /// - Returns: nil for what is none of the forms.
    static func reference(_ text: String) -> JSONValue? {
        if text.hasPrefix("/") {
            let lower = text.lowercased()
            if lower.hasPrefix("/communitygalleries/") { return ["communityGalleryImageId": .string(text)] }
            if lower.hasPrefix("/sharedgalleries/") { return ["sharedGalleryImageId": .string(text)] }
            return lower.hasPrefix("/subscriptions/") ? .reference(text) : nil
        }
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 3 || parts.count == 4 else { return nil }
        return [
            "publisher": .string(parts[0]), "offer": .string(parts[1]), "sku": .string(parts[2]),
            "version": .string(parts.count == 4 ? parts[3] : "latest"),
        ]
    }

    static func complaint(_ text: String) -> String { "'\(text)' is no image of Azure: write \(forms)" }

    /// Ubuntu, in the kind that fits; with drivers and libraries where there are accelerators or InfiniBand.
    static func usual(for size: AzureSize) -> String {
        if size.confidentiality != nil { return "Canonical:ubuntu-24_04-lts:cvm:latest" }
        if size.isARM { return "Canonical:ubuntu-24_04-lts:server-arm64:latest" }
        if size.isFirstGeneration { return "Canonical:ubuntu-24_04-lts:server-gen1:latest" }
        if size.hasAMDAccelerators { return "microsoft-dsvm:ubuntu-hpc:2204-rocm:latest" }
        if size.hasAccelerators || size.hasInfiniBand { return "microsoft-dsvm:ubuntu-hpc:2204:latest" }
        return "Canonical:ubuntu-24_04-lts:server:latest"
    }
}
