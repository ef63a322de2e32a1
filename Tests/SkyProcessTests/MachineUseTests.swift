import Testing

@testable import SkyProcess

@Suite("What this machine uses")
struct MachineUseTests {
    @Test("sums are read as the kernel writes them, and what makes no sense is left at zero")
    func reading() {
        var use = MachineUse()
        use.takeProcessors("cpu  100 20 30 4000 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
        #expect(use.busy == 1710)
        use.takeMemory("MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    9000 kB\n")
        #expect(use.memoryTotal == 16_384_000 && use.memoryAvailable == 9_216_000)
        use.takeInterfaces(
            """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
                lo: 999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0
              eth0:1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0
              wg-a: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0
            """)
        #expect(use.received == 1010 && use.sent == 2020)
        var nothing = MachineUse()
        nothing.takeProcessors("")
        nothing.takeMemory("MemTotal: much kB")
        nothing.takeInterfaces("eth0: 1 2")
        nothing.takeDisks("   8  0 nosuchdisk 1 2 3 4 5 6 7 8")
        #expect(nothing.busy == 0 && nothing.memoryTotal == 0 && nothing.received == 0 && nothing.diskRead == 0)
    }

    @Test("this machine has memory, and has been busy")
    func real() {
        let use = MachineUse.now()
        #expect(use.busy > 0 && use.memoryTotal > use.memoryAvailable && use.memoryAvailable > 0)
    }
}
