import SkyCore
import SkySpec
import Testing

/// The fields of the task format of SkyPilot's repository (commit 00052dfe of 2026, `sky/utils/schemas.py`), but for those
/// that begin with `_`, which its server writes for itself.
@Suite("SkyPilot's fields")
struct SkyPilotFieldTests {
    @Test(
        "each field of a task is read, or said to have no effect",
        arguments: [
            "name: a", "workdir: {url: https://h/a, ref: main}", "event_callback: echo", "num_nodes: 2",
            "resources: {}", "file_mounts: {}", "service: {ports: 80}", "pool: {workers: 2}", "setup: x",
            "envs: {A: b}", "secrets: {A: }", "secrets: [A]", "managed_secrets: [a, {b: {mount_path: /c}}]",
            "inputs: {s3://b: 6}", "outputs: {s3://b: 6}", "file_mounts_mapping: {a: b}",
            "config: {hooks: [{run: x}]}", "volumes: {/a: b}", "volume_mounts: [{path: /a}]",
            "api_server_access: true",
        ])
    func task(field: String) throws { _ = try read("run: x\n\(field)\n") }

    @Test(
        "so is each field of resources",
        arguments: [
            "cloud: aws", "region: us-east-1", "zone: us-east-1a", "infra: k8s/team/prod", "infra: '*/*/us-east-1a'",
            "cpus: 4", "memory: 8+", "accelerators: A100", "instance_type: m", "use_spot: true",
            "job_recovery: {strategy: FAILOVER, max_restarts_on_errors: 3, recover_on_exit_codes: [1]}",
            "volumes: [{disk_size: 10, disk_tier: low, path: /a, auto_delete: true, storage_type: network}]",
            "disk_size: 100GB", "ephemeral_storage: 100", "disk_tier: ULTRA", "network_tier: best",
            "local_disk: nvme:1000+", "max_hourly_cost: 3.5", "ports: [80, 90-95]", "ports: ", "labels: {a: b}",
            "accelerator_args: {runtime_version: v2, tpu_name: a, tpu_vm: true, gcp_queued_resource: true}",
            "image_id: {us-east-1: ami-1}", "image_id: ",
            "autostop: {idle_minutes: 5, down: true, wait_for: none, hook: x, hook_timeout: 3}", "priority: 3",
            "priority_class: a", "any_of: [{cpus: 4}]", "ordered: [{cpus: 4}]",
        ])
    func resources(field: String) throws { _ = try read("run: x\nresources:\n  \(field)\n") }

    @Test(
        "so is each field of a service",
        arguments: [
            "readiness_probe: /", "load_balancer: {stream_timeout_seconds: 3}", "pool: {workers: 1}",
            "readiness_probe: {path: /, initial_delay_seconds: 3, timeout_seconds: 3, post_data: a, headers: {a: b}}",
            "readiness_probe: {path: /, endpoint_probe_interval_seconds: 3, consecutive_failure_threshold_timeout: 3}",
            "replica_policy: {min_replicas: 1, max_replicas: 3, num_overprovision: 1, target_qps_per_replica: 2}",
            "replica_policy: {min_replicas: 1, dynamic_ondemand_fallback: true, base_ondemand_fallback_replicas: 1}",
            "replica_policy: {min_replicas: 1, spot_placer: a, upscale_delay_seconds: 3, downscale_delay_seconds: 3}",
            "replicas: 2", "workers: 2", "load_balancing_policy: round_robin", "tls: {keyfile: a, certfile: b}",
        ])
    func service(field: String) throws { _ = try read("run: x\nservice:\n  ports: 80\n  \(field)\n") }

    @Test(
        "so is each field of a mount",
        arguments: [
            "name: a", "source: [s3://b, s3://c]", "store: s3", "persistent: true", "mode: MOUNT", "mount_options: -x",
            "type: bucket", "config: {mount_cached: {transfers: 3}}",
        ])
    func mount(field: String) throws { _ = try read("run: x\nfile_mounts: {/m: {\(field)}}\n") }
}
