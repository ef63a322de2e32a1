import SkyCore
import SkyYAML

/// The table of `service`: how a stage that keeps serving is reached.
enum ServiceFields {
    static let section = Section<ServiceDraft>(
        name: "service", phrase: "'service'",
        summary: "How a stage that keeps serving is reached and known to be well.",
        fields: [
            port("port", "The port that the command listens on; it finds it in SKY_SERVICE_PORT."),
            port("ports", "SkyPilot's name of port."),
            Field(
                "readiness_probe", .anyOf([.text(probePath), .section("readinessProbe")]),
                "The path of a GET that answers 2xx once the service is ready.", example: "/healthz"
            ) { entry, draft, reading in
                if entry.value.scalar != nil {
                    draft.readinessPath = readPath(entry.value, reading)
                } else {
                    probe.read(entry.value, into: &draft, at: entry.keyRange, reading)
                }
            },
            Field("replicas", .wholeNumber, "How many of it run.", example: "1") { entry, draft, reading in
                draft.replicas = Amounts.readCount(entry.value, what: "replicas", reading)
            },
            Field("replica_policy", .section("replicaPolicy"), "SkyPilot's autoscaling; the least number runs.") {
                entry, draft, reading in
                policy.read(entry.value, into: &draft, at: entry.keyRange, reading)
            },
            .withoutEffect("load_balancing_policy", "SkyPilot: how requests are spread."),
            .withoutEffect("load_balancer", "SkyPilot: settings of the load balancer."),
            .withoutEffect("tls", "SkyPilot: the service's certificate."),
            .withoutEffect("pool", "SkyPilot: a pool of workers."),
            .withoutEffect("workers", "SkyPilot: the size of a pool of workers."),
        ])

    static let probe = Section<ServiceDraft>(
        name: "readinessProbe", phrase: "'readiness_probe'", summary: "How to find out that the service is ready.",
        fields: [
            Field("path", .text(probePath), "The path of the GET; without it, an open port is enough.") {
                entry, draft, reading in
                draft.readinessPath = readPath(entry.value, reading)
            },
            Field("initial_delay_seconds", .number, "How long it may take to become ready.", example: "1200") {
                entry, draft, reading in
                draft.initialDelay = readSeconds(entry.value, reading)
            },
            .withoutEffect("timeout_seconds", "SkyPilot: how long one probe may take."),
            .withoutEffect("post_data", "SkyPilot: probe with a POST of this."),
            .withoutEffect("headers", "SkyPilot: headers of the probe."),
            .withoutEffect("endpoint_probe_interval_seconds", "SkyPilot: how often to probe."),
            .withoutEffect("consecutive_failure_threshold_timeout", "SkyPilot: when a replica counts as failed."),
        ])

    static let policy = Section<ServiceDraft>(
        name: "replicaPolicy", phrase: "'replica_policy'", summary: "SkyPilot's autoscaling.",
        fields: [
            Field("min_replicas", .wholeNumber, required: true, "The least number; so many run.", example: "1") {
                entry, draft, reading in
                let count = Amounts.readCount(entry.value, what: "replicas", least: 0, reading)
                if count == 0 {
                    reading.warning(
                        "spec.ignored-field", at: entry.keyRange,
                        "a service without replicas is not possible yet: one will run")
                }
                draft.replicas = count.map { max(1, $0) }
            },
            .withoutEffect("max_replicas", "SkyPilot: the greatest number."),
            .withoutEffect("num_overprovision", "SkyPilot: how many to run beyond need."),
            .withoutEffect("target_qps_per_replica", "SkyPilot: requests per second that one replica takes."),
            .withoutEffect("upscale_delay_seconds", "SkyPilot: how long to wait before adding."),
            .withoutEffect("downscale_delay_seconds", "SkyPilot: how long to wait before removing."),
            .withoutEffect("dynamic_ondemand_fallback", "SkyPilot: on-demand replicas while spot is short."),
            .withoutEffect("base_ondemand_fallback_replicas", "SkyPilot: replicas that are always on-demand."),
            .withoutEffect("spot_placer", "SkyPilot: where spot replicas go."),
        ])

    private static let probePath = TextForm("a path such as /healthz", pattern: "^/")

    private static func port(_ name: String, _ summary: String) -> Field<ServiceDraft> {
        Field(name, .wholeNumber, summary, example: "8080") { entry, draft, reading in
            // After a complaint the port counts as given: it is wrong, not missing.
            draft.port = Ports.readOne(entry.value, reading) ?? 1
        }
    }

    private static func readPath(_ node: YAMLNode, _ reading: Reading) -> String? {
        guard let path = node.scalar, !path.hasPrefix("/") else { return node.scalar }
        reading.error(
            "spec.bad-path", at: node.range, "'\(path)' is no path of a web address", expected: probePath.phrase,
            help: path.isEmpty ? nil : "did you mean '/\(path)'?")
        return nil
    }

    /// Seconds with at most three decimals, not negative; nil after a complaint.
    private static func readSeconds(_ node: YAMLNode, _ reading: Reading) -> TimeSpan? {
        if let span = TimeSpan((node.scalar ?? "") + "s") { return span }
        reading.error(
            "spec.impossible", at: node.range, "a delay of \(node.scalar ?? "") seconds", expected: "0 or more")
        return nil
    }
}
