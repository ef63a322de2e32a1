import SkyRuntime
import SkySpec
import SkyStorage
import Testing

@testable import SkyBroker

@Suite("What stages mount")
struct MountWaysTests {
    private let code = StageCode(
        mounts: [
            .init(target: "/data//sets/", source: "s3://b/sets"),
            .init(target: "/data/sets/own", source: "/home/ada/own"),
            .init(target: "~/conf", source: "/home/ada/conf"), .init(target: "a.py", source: "/home/ada/a.py"),
            .init(target: "./live", source: "s3://b/live", mode: .mount),
            .init(target: "/ckpt", source: "s3://b", mode: .cached),
        ])

    @Test("what was copied is mounted once, from the working directory, and buckets with what their process needs")
    func mounted() {
        let mounts = MountWays(code: code).mounts([
            "s3://b/live": RcloneRemote(path: ":s3:b/live/", variables: ["K": "v"])
        ])
        #expect(
            mounts == [
                JobMount(target: "/data/sets", source: .node(path: "work/.sky/root/data/sets")),
                JobMount(target: "~/conf", source: .node(path: "work/.sky/home/conf")),
                JobMount(
                    target: "live",
                    source: .bucket(
                        BucketMount(
                            url: "s3://b/live", remote: ":s3:b/live/", isCached: false, variables: ["K": "v"]))),
                JobMount(
                    target: "/ckpt",
                    source: .bucket(BucketMount(url: "s3://b", remote: "", isCached: true, variables: [:]))),
            ])
    }

    @Test("a bucket that cannot be mounted is a copy that can only be read, and says why")
    func copied() {
        let mounts = MountWays(code: code, obstacle: "it has no rclone").mounts([:]).suffix(2)
        #expect(mounts.map(\.isReadOnly) == [true, true])
        #expect(mounts.map(\.source) == [.node(path: "work/live"), .node(path: "work/.sky/root/ckpt")])
        #expect(mounts.first?.note == "s3://b/live is copied to live and can only be read: it has no rclone")
    }

    @Test("a stage that mounts a bucket is never taken from an earlier run, one that copies it is")
    func keys() {
        var stage = Stage(name: "a", numNodes: 1, outputs: [StageOutput(name: "o")], run: "x")
        stage.code.mounts = [.init(target: "/d", source: "s3://b")]
        #expect(StageKey(stage: stage, inputs: [], code: nil) != nil)
        stage.code.mounts[0].mode = .mount
        #expect(StageKey(stage: stage, inputs: [], code: nil) == nil)
    }
}
