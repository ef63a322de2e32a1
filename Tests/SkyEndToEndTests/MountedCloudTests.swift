import Glibc
import SkyProcess
import SkyTestSupport
import Testing

/// Buckets of Google's and Azure's that stages find mounted, by a real rclone.
@Suite(
    "Mounted buckets of Google and Azure", .tags(.integration), .timeLimit(.minutes(15)),
    .enabled(if: geteuid() == 0, "jobs are sure to have mounts of their own as root alone"),
    .enabled(if: Rclone.canMount, Comment(rawValue: Rclone.obstacle ?? "")))
struct MountedCloudTests {
    enum Speaker: String, CaseIterable {
        case key = "a service account with its key"
        case login = "a person with a login at Google"
        case azureKey = "an account's key at Azure"
        case azureToken = "an identity at Azure"

        /// What must be nowhere on the disk.
        var secrets: [String] {
            switch self {
            case .key: ["BEGIN PRIVATE KEY", "BEGIN RSA PRIVATE KEY"]
            case .login: ["good-refresh"]
            case .azureKey: [LoopbackAzure.key, "sig="]
            case .azureToken: [LoopbackAzure.token, "sig="]
            }
        }
    }

    private func variables(_ speaker: Speaker, _ sky: SkyUnderTest) async throws -> [String: String] {
        switch speaker {
        case .key: return try await CloudGrantTests.variables(.key, sky)
        case .login:
            let variables = try await CloudGrantTests.variables(.key, sky)
            _ = try sky.write(
                """
                {"type": "authorized_user", "client_id": "a", "client_secret": "b", "refresh_token": "good-refresh"}
                """, as: "account.json")
            return variables
        case .azureKey: return sky.variables
        case .azureToken: return try await CloudGrantTests.variables(.azureToken, sky)
        }
    }

    @Test("a task reads and writes its bucket itself, and nothing of who it is stays here", arguments: Speaker.allCases)
    func mounted(_ speaker: Speaker) async throws {
        try await CloudStorageTests.use { plain in
            let name = try await CloudStorageTests.bucket(plain)
            let isGoogle = speaker == .key || speaker == .login
            let bucket = isGoogle ? "gs://\(name)" : "az://\(LoopbackAzure.account)/\(name)"
            let sky = plain.with(try await variables(speaker, plain).merging(["PATH": Rclone.searchPath]) { $1 })
            try Files.makeFolder("\(sky.home)/in/deep")
            _ = try sky.write("from the bucket\n", as: "in/deep/a")
            try await #require(sky("storage", "cp", "-r", "\(sky.home)/in", "\(bucket)/in").exitCode == 0)
            let file = try sky.write(
                """
                name: mounts
                stages:
                  train:
                    resources: {infra: local}
                    file_mounts:
                      data: {source: "\(bucket)/in", mode: MOUNT}
                      results: {source: "\(bucket)/results", mode: MOUNT_CACHED}
                    run: |
                      cat data/deep/a
                      head -c 20000000 /dev/zero > data/long
                      echo one > results/r && echo two >> results/r && mv results/r results/moved
                """)
            let launch = try await sky("launch", file, "--yes")
            let log = try await sky("logs", try sky.runName("mounts", in: launch), "train").output
            try #require(launch.exitCode == 0, "\(launch.output)\(launch.errors)\(log)")
            #expect(log.contains("\(bucket)/in is mounted at") && log.contains("from the bucket"), "\(log)")
            let list = try await sky("storage", "ls", "-r", "\(bucket)/").output
            #expect(
                list.contains("in/long") && list.contains("results/moved") && !list.contains("results/r\n"), "\(list)")
            let back = try await sky("storage", "cp", "\(bucket)/results/moved", "\(sky.home)/back")
            #expect(back.exitCode == 0, "\(back.errors)")
            #expect(try sky.text(of: "\(sky.home)/back") == "one\ntwo\n")
            for secret in speaker.secrets {
                let found = try await sky.run("/bin/grep", ["-rlaF", "--", secret, "\(sky.home)/state"])
                #expect(found.exitCode == 1, "\(secret) is in \(found.output)")
            }
        }
    }

    @Test("what would end within the hour mounts nothing: nothing is launched, and it says what would do")
    func tokens() async throws {
        try await CloudStorageTests.use { plain in
            let name = try await CloudStorageTests.bucket(plain)
            let variables = try await CloudGrantTests.variables(.account, plain)
            let sky = plain.with(variables.merging(["PATH": Rclone.searchPath]) { $1 })
            let file = try sky.write(
                """
                name: mounts
                stages:
                  train:
                    resources: {infra: local}
                    file_mounts: {data: {source: "gs://\(name)", mode: MOUNT}}
                    run: ls data
                """)
            let launch = try await sky("launch", file, "--yes")
            #expect(launch.exitCode == 2)
            #expect(launch.errors.contains("tokens that end within the hour"), "\(launch.output)\(launch.errors)")
            #expect(try await sky("status", "--output", "json").output.contains("\"runs\" : [\n\n  ]"))
        }
    }
}
