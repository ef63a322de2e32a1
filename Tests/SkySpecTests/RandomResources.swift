import SkyTestSupport

/// Texts of one stage whose `resources` use every form there is, thrown by a seeded die.
enum RandomResources {
    private static let fields: [(name: String, values: [String])] = [
        ("cpus", ["8+", "16..64", "4", "..8"]), ("memory", ["32+", "64GB..1TB", "0.5"]),
        (
            "accelerators",
            [
                "A100:8", "{A100: 8, tpu-v5e: 8}", "[A100:8, T4]", "'80GB+:8'", "{memory: 80GB+}", "'NVIDIA:16GB+:4'",
                "{A100:8, 'AMD:100GB+', 24..48GB}", "['40GB+', V100, H100:0.5]", "{count: 2+}", "{T4:1, T4:2}",
            ]
        ),
        ("capabilities", ["efa", "[confidential, {not: [arm64, burstable]}]", "{not: no}"]),
        ("use_spot", ["true", "false"]), ("disk_size", ["100", "1TB"]), ("disk_tier", ["best", "none"]),
        ("network_tier", ["best"]), ("local_disk", ["nvme", "ssd"]), ("max_hourly_cost", ["12.5"]),
        ("infra", ["aws", "[aws, gcp]", "aws/*/z"]),
        ("regions", ["eu", "[no, us]", "any"]),
        ("ports", ["80", "[80, 90-99]"]),
        ("image_id", ["img", "{us-east-1: a, eu-west-1: b}"]),
        ("instance_type", ["m5.large"]),
    ]

    static func text(using random: inout SeededGenerator) -> String {
        var text = "num_nodes: \(Int.random(in: 1...2, using: &random))\nrun: x\n"
        text += ["", "regions: europe\n"].randomElement(using: &random) ?? ""
        text += "resources:\n"
        for line in lines(of: 3, using: &random) { text += "  \(line)\n" }
        guard let list = ["", "any_of", "ordered"].randomElement(using: &random), !list.isEmpty else {
            return text + "  labels: {z: z}\n"
        }
        text += "  \(list):\n"
        for _ in 0...Int.random(in: 0...3, using: &random) {
            var entry = lines(of: 2, using: &random)
            if Bool.random(using: &random) { entry.append("num_nodes: \(Int.random(in: 1...3, using: &random))") }
            text += entry.isEmpty ? "    - {}\n" : "    - {\(entry.joined(separator: ", "))}\n"
        }
        return text
    }

    /// Fields, each once. No place names a region, for which there might be no image.
    private static func lines(of count: Int, using random: inout SeededGenerator) -> [String] {
        let chosen = fields.shuffled(using: &random)
        return chosen.prefix(Int.random(in: 0...count, using: &random)).map { field in
            "\(field.name): \(field.values.randomElement(using: &random) ?? "")"
        }
    }
}
