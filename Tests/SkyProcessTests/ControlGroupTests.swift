import Testing

@testable import SkyProcess

@Suite("Control groups")
struct ControlGroupTests {
    private let hybrid = """
        31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
        """

    @Test(
        "a process's own is found below the place where they are mounted",
        arguments: [
            ("4:memory:/job\n0::/\n", "/", "/sys/fs/cgroup/unified"),
            ("4:memory:/job\n0::/user.slice/a b\n", "/", "/sys/fs/cgroup/unified/user.slice/a b"),
            ("0::/docker/abc\n", "/docker/abc", "/sys/fs/cgroup/unified"),
            ("0::/docker/abc/job\n", "/docker/abc", "/sys/fs/cgroup/unified/job"),
        ])
    func found(groups: String, root: String, path: String) {
        let mounts = hybrid.replacing("0:38 / ", with: "0:38 \(root) ")
        #expect(ControlGroup.current(groups: groups, mounts: mounts)?.path == path)
    }

    @Test(
        "one outside of what is mounted, or of another version, is not",
        arguments: ["4:memory:/job\n", "0::/docker/abcd\n", "0::/\n", "0::/docker/abc/../other\n", ""])
    func notFound(groups: String) {
        let mounts = hybrid.replacing("0:38 / ", with: "0:38 /docker/abc ")
        #expect(ControlGroup.current(groups: groups, mounts: mounts) == nil)
        #expect(ControlGroup.current(groups: "0::/\n", mounts: "31 23 0:28 / /sys rw - tmpfs tmpfs rw\n- -\n") == nil)
    }
}
