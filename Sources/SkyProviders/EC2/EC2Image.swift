import FoundationEssentials
import SkyAWS
import SkyCore

/// What machines boot from.
struct EC2Image: Hashable, Sendable {
    var id: String
    /// `x86_64` or `arm64`
    var architecture: String
    /// `/dev/sda1`
    var rootDevice: String
    /// The least that a disk made of it can have, in GiB.
    var sizeGiB: Int

    init?(_ item: XMLElement) {
        guard let id = item.text("imageId"), let device = item.text("rootDeviceName"), !device.isEmpty else {
            return nil
        }
        self.id = id
        architecture = item.text("architecture") ?? ""
        rootDevice = device
        let mappings = item.first("blockDeviceMapping")?.all("item") ?? []
        let root = mappings.first { $0.text("deviceName") == device }?.first("ebs")
        sizeGiB = root?.text("volumeSize").flatMap { Int($0) } ?? 8
    }
}

/// Finds the image for a machine: what a person wants, or else what AWS's and Canonical's public parameters say is the newest that
/// has the drivers of the machine's accelerators.
struct EC2ImageFinder {
    let site: EC2Site

    /// - Parameter wanted: `ami-…`, or `ssm:` and a parameter's name; nil for what fits.
    func image(_ wanted: String?, for facts: EC2TypeFacts, _ type: String) async throws(ProviderError) -> EC2Image {
        let image = try await image(named: wanted.map { [$0] } ?? Self.parameters(for: facts).map { "ssm:\($0)" })
        guard image.architecture.isEmpty || image.architecture == facts.architecture else {
            throw ProviderError(
                .badRequest, provider: site.region.errors.provider,
                "image \(image.id) is for \(image.architecture) and \(type) has \(facts.architecture) processors")
        }
        return image
    }

    /// The first of these names that there is.
    private func image(named names: [String]) async throws(ProviderError) -> EC2Image {
        let region = site.region
        return try await site.images.value(names.joined(separator: " ")) { () throws(ProviderError) in
            let paths = names.compactMap(Self.parameter)
            let id = paths.isEmpty ? names[0] : try await Self.value(of: paths, in: region)
            let answer = try await region.call("DescribeImages") { $0.list("ImageId", [id]) }
            guard let item = answer.first("imagesSet")?.first("item"), let image = EC2Image(item) else {
                throw ProviderError(
                    .badRequest, provider: region.errors.provider, "there is no image \(id) in \(region.name)")
            }
            return image
        }
    }

    /// Forms that AWS's tools take too.
    private static func parameter(_ name: String) -> String? {
        for prefix in ["resolve:ssm:", "ssm:"] where name.hasPrefix(prefix) {
            return String(name.dropFirst(prefix.count))
        }
        return nil
    }

    private static func value(of names: [String], in region: EC2Region) async throws(ProviderError) -> String {
        struct Request: Encodable { let Names: [String] }
        struct Answer: Decodable {
            struct Parameter: Decodable {
                let Name: String
                let Value: String
            }
            let Parameters: [Parameter]
        }
        let errors = region.errors
        var found: [String: String] = [:]
        do throws(AWSError) {
            let body = (try? JSONEncoder().encode(Request(Names: names))).map { Array($0) } ?? []
            let bytes = try await region.systemsManager("GetParameters", body)
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(bytes)) else {
                throw AWSError(.badAnswer, "GetParameters in \(region.name): the answer cannot be read")
            }
            for parameter in answer.Parameters { found[parameter.Name] = parameter.Value }
        } catch { throw errors.providerError(error) }
        guard let value = names.lazy.compactMap({ found[$0] }).first else {
            throw ProviderError(
                .badRequest, provider: errors.provider,
                "no public parameter names an image in \(region.name): looked for \(names.joined(separator: ", ")); "
                    + "set 'image' in clouds.yaml or in the pipeline")
        }
        return value
    }

    /// Names of public parameters, the best first: new regions and architectures get the older ones first.
    static func parameters(for facts: EC2TypeFacts) -> [String] {
        let isARM = facts.architecture == "arm64"
        let canonical = isARM ? "arm64" : "amd64"
        return switch facts.accelerator {
        case .nvidia:
            ["24.04", "22.04"].map { version in
                "/aws/service/deeplearning/ami/\(facts.architecture)/base-oss-nvidia-driver-gpu-ubuntu-\(version)"
                    + "/latest/ami-id"
            }
        case .neuron:
            ["24.04", "22.04"].map { "/aws/service/neuron/dlami/multi-framework/ubuntu-\($0)/latest/image_id" }
        case .none:
            ["24.04", "22.04"].flatMap { version in
                ["ebs-gp3", "ebs-gp2"].map { disk in
                    "/aws/service/canonical/ubuntu/server/\(version)/stable/current/\(canonical)/hvm/\(disk)/ami-id"
                }
            } + ["/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-\(facts.architecture)"]
        }
    }
}
