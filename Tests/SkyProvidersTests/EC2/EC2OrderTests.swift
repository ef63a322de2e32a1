import FoundationEssentials
import SkyAWS
import SkyCore
import SkyHTTP
import Testing

@testable import SkyProviders

@Suite("What is asked of EC2")
struct EC2OrderTests {
    private func xml(_ text: String) throws -> XMLElement { try XMLElement(parsing: Array(text.utf8)) }

    private func facts(cards: Int = 0, features: String = "") throws -> EC2TypeFacts {
        let interfaces = (0..<cards).map {
            "<item><networkCardIndex>\($0)</networkCardIndex><interfaceTypes><item>efa</item></interfaceTypes></item>"
        }
        let type = try xml(
            """
            <item><processorInfo><supportedArchitectures><item>i386</item><item>x86_64</item></supportedArchitectures>
            <supportedFeatures>\(features)</supportedFeatures></processorInfo><vCpuInfo><defaultVCpus>96</defaultVCpus></vCpuInfo>
            <networkInfo><efaSupported>\(cards > 0)</efaSupported><efaInfo><maximumEfaInterfaces>\(cards)</maximumEfaInterfaces></efaInfo>
            <networkCards>\(interfaces.joined())</networkCards></networkInfo>
            <placementGroupInfo><supportedStrategies><item>cluster</item></supportedStrategies></placementGroupInfo></item>
            """)
        return try #require(EC2TypeFacts(type))
    }

    private func image() throws -> EC2Image {
        let item = try xml(
            """
            <item><imageId>ami-1</imageId><architecture>x86_64</architecture><rootDeviceName>/dev/sda1</rootDeviceName>
            <blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeSize>30</volumeSize></ebs></item></blockDeviceMapping></item>
            """)
        return try #require(EC2Image(item))
    }

    private func query(
        _ request: NodeGroupRequest, cards: Int = 0, subnet: String? = "subnet-1", group: String? = nil,
        _ change: (inout CloudSection) -> Void = { _ in }
    ) throws -> EC2Query {
        var settings = CloudSection(name: "aws")
        change(&settings)
        let order = EC2Order(
            MachineOrder(request: request, publicKey: "ssh-ed25519 AAAA sky", settings: settings),
            facts: try facts(cards: cards), image: try image(), network: EC2Network(subnet: subnet, groups: ["sg-1"]),
            clientToken: "t", placementGroup: group)
        var query = EC2Query()
        order.fill(&query)
        return query
    }

    @Test("all or none, ended by shutting down, with version 2 of the metadata alone, and let in by a key")
    func usual() throws {
        let query = try query(try request("one", nodes: 4))
        #expect(query["MinCount"] == "4" && query["MaxCount"] == "4")
        #expect(query["InstanceInitiatedShutdownBehavior"] == "terminate")
        #expect(query["MetadataOptions.HttpTokens"] == "required")
        let encoded = try #require(query["UserData"])
        let userData = try #require(Data(base64Encoded: encoded))
        let text = String(decoding: userData, as: UTF8.self)
        #expect(text.hasPrefix("#cloud-config\n") && text.contains("ssh-ed25519 AAAA sky"))
        #expect(query["NetworkInterface.1.AssociatePublicIpAddress"] == "true")
        #expect(query["InstanceMarketOptions.MarketType"] == nil && query["CpuOptions.AmdSevSnp"] == nil)
        #expect(query["IamInstanceProfile.Name"] == nil && query["Placement.GroupName"] == nil)
    }

    @Test("spot machines are asked for once, and end when they are taken")
    func spot() throws {
        let query = try query(try request("one", spot: true))
        #expect(query["InstanceMarketOptions.SpotOptions.SpotInstanceType"] == "one-time")
        #expect(query["InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior"] == "terminate")
        #expect(query["TagSpecification.3.ResourceType"] == "spot-instances-request")
    }

    @Test("without a subnet EC2 chooses the zone")
    func open() throws {
        let query = try query(try request("one"), subnet: nil)
        #expect(query["SecurityGroupId.1"] == "sg-1" && query["NetworkInterface.1.DeviceIndex"] == nil)
    }

    @Test("a fabric's gang has one interface where it is reached from outside, and all of them where it is not")
    func fabric() throws {
        let gang = try request("gang", nodes: 2)
        let outside = try query(gang, cards: 4)
        #expect(outside["NetworkInterface.1.InterfaceType"] == "efa")
        #expect(outside["NetworkInterface.1.AssociatePublicIpAddress"] == "true")
        #expect(outside["NetworkInterface.2.DeviceIndex"] == nil)
        let inside = try query(gang, cards: 4) { $0.isReachedPrivately = true }
        #expect(inside["NetworkInterface.1.AssociatePublicIpAddress"] == nil)
        for number in 2...4 {
            #expect(inside["NetworkInterface.\(number).InterfaceType"] == "efa-only")
            #expect(inside["NetworkInterface.\(number).NetworkCardIndex"] == "\(number - 1)")
            #expect(inside["NetworkInterface.\(number).DeviceIndex"] == "1")
        }
        #expect(try query(try request("one"), cards: 4)["NetworkInterface.1.InterfaceType"] == nil)
    }

    @Test(
        "a disk has its tier's volume, and room for the image",
        arguments: [
            (nil, nil, "gp3", "30", "3500", "218"), ("medium", 100, "gp3", "100", "3500", "218"),
            ("low", 100, "standard", "100", nil, nil), ("high", 10, "gp3", "30", "7000", "437"),
            ("ultra", 200, "io2", "200", "20000", nil),
        ] as [(String?, Int?, String, String, String?, String?)])
    func disks(tier: String?, size: Int?, type: String, gib: String, operations: String?, speed: String?) throws {
        var wanted = try request("one")
        wanted.diskTier = tier
        wanted.diskGiB = size
        let query = try query(wanted)
        let ebs = "BlockDeviceMapping.1.Ebs"
        #expect(query["BlockDeviceMapping.1.DeviceName"] == "/dev/sda1")
        #expect(query["\(ebs).VolumeType"] == type && query["\(ebs).VolumeSize"] == gib)
        #expect(query["\(ebs).Iops"] == operations && query["\(ebs).Throughput"] == speed)
        #expect(query["\(ebs).DeleteOnTermination"] == "true")
    }

    @Test(
        "an instance profile is named by its name or its ARN",
        arguments: [("ml", "Name"), ("arn:aws:iam::1:instance-profile/ml", "Arn")])
    func profile(name: String, field: String) throws {
        #expect(
            try query(try request("one")) { $0.fields["instance_profile"] = name }["IamInstanceProfile.\(field)"]
                == name)
    }

    @Test("a token's order is the same until its machines have ended, and fits into what EC2 takes")
    func tokens() {
        let first = EC2Order.clientToken("token", after: [])
        #expect(first == EC2Order.clientToken("token", after: []) && first.utf8.count == 64)
        #expect(first != EC2Order.clientToken("token", after: ["i-1"]))
        #expect(EC2Order.clientToken("t", after: ["i-1", "i-2"]) == EC2Order.clientToken("t", after: ["i-2", "i-1"]))
    }

    @Test("labels that cannot be tags are refused before anything is asked", arguments: ["aws:x", ""])
    func labels(name: String) async throws {
        let cloud = try cloudOfNobody()
        var wanted = try request("one")
        wanted.labels = [name: "x"]
        #expect(await failureKind { () throws(ProviderError) in try cloud.check(wanted) } == .badRequest)
    }

    private func cloudOfNobody() throws -> EC2Cloud {
        let surroundings = AWSSurroundings(
            environment: ["HOME": "/nonexistent"], caller: .init(), now: { Instant(millisecondsSince1970: 0) })
        return EC2Cloud(
            provider: "aws", settings: CloudSection(name: "aws"), identity: try AWSSettings(in: surroundings),
            errors: ErrorTable(provider: "aws"))
    }

    @Test("images are for the machine's processors and accelerators, by public parameters")
    func images() throws {
        var facts = try facts()
        #expect(
            EC2ImageFinder.parameters(for: facts)[0].contains("/canonical/ubuntu/server/24.04/stable/current/amd64/"))
        facts.architecture = "arm64"
        #expect(EC2ImageFinder.parameters(for: facts)[0].contains("/current/arm64/"))
        facts.accelerator = .nvidia
        #expect(EC2ImageFinder.parameters(for: facts)[0].hasPrefix("/aws/service/deeplearning/ami/arm64/"))
        facts.accelerator = .neuron
        #expect(EC2ImageFinder.parameters(for: facts)[0].hasPrefix("/aws/service/neuron/dlami/multi-framework/"))
    }

    // MARK: What EC2 says

    private static let key = "AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

    @Test("host keys are what cloud-init puts between its lines, with other programs in between")
    func console() {
        let text = """
            [    0.000000] Linux\r
            -----BEGIN SSH HOST KEY KEYS-----\r
            ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIold000000000000000000000000000000000000000000000 root@a\r
            -----END SSH HOST KEY KEYS-----\r
            [  9.1] cloud-init[7]: -----BEGIN SSH HOST KEY KEYS-----\r
            [  9.1] cloud-init[7]: ssh-ed25519 \(Self.key) root@ip\r
            [  9.2] systemd[1]: Started something.\r
            [  9.2] cloud-init[7]: ssh-rsa not/a/key root@ip\r
            [  9.2] cloud-init[7]: -----END SSH HOST KEY KEYS-----\r
            -----BEGIN SSH HOST KEY KEYS-----\r
            ssh-ed25519 cut
            """
        #expect(EC2HostKeys.keys(inText: text) == .told(["ssh-ed25519 \(Self.key)"]))
        let output = Data(text.utf8).base64EncodedString(options: .lineLength76Characters)
        #expect(EC2HostKeys.keys(inConsole: output) == .told(["ssh-ed25519 \(Self.key)"]))
        #expect(EC2HostKeys.keys(inConsole: "") == .notYet)
        #expect(
            EC2HostKeys.keys(inText: "-----BEGIN SSH HOST KEY KEYS-----\n-----END SSH HOST KEY KEYS-----") == .notYet)
    }

    @Test("each code of the table is of its kind, with its side before it and without, and its advice is shown")
    func table() throws {
        let errors = try ErrorTable.read("aws", in: EC2UnderTest.providers)
        #expect(errors.rows.count > 100)
        for row in errors.rows {
            let code = row.code.replacing("*", with: "Something")
            for said in [code, "Client.\(code)", "Server.\(code)"] {
                let error = errors.providerError(AWSError(.refused, code: said, status: 400, "RunInstances: \(said)"))
                #expect(error.kind == row.kind, "\(said)")
                #expect(row.advice.map { error.message.hasSuffix($0) } ?? true, "\(said)")
            }
            let passing = errors.passing(code)
            #expect(passing == (row.isThrottling ? .throttled : row.kind == .transient ? .soon : .never), "\(code)")
        }
        #expect(
            errors.providerError(AWSError(.refused, code: "Brand.New", status: 400, "x: Brand.New, why")).kind
                == .transient)
        #expect(errors.providerError(AWSError(.refused, code: "Brand.New", status: 403, "x")).kind == .credentials)
    }

    @Test(
        "types count against the quota of their family",
        arguments: [
            ("m5.large", false, "L-1216C47A"), ("im4gn.large", true, "L-34B43A08"),
            ("inf2.xlarge", false, "L-1945791B"),
            ("p4d.24xlarge", true, "L-7212CCBC"), ("p5.48xlarge", true, "L-C4BD4855"), ("p6-b200.48xlarge", true, nil),
            ("trn1.32xlarge", false, "L-2C3B7624"), ("u-6tb1.metal", false, "L-43DA4232"),
            ("g6e.xlarge", true, "L-3819A6DF"),
            ("mac2.metal", false, nil),
        ] as [(String, Bool, String?)])
    func quotas(type: String, isSpot: Bool, code: String?) {
        #expect(EC2QuotaTable("aws", in: EC2UnderTest.providers).code(of: type, isSpot: isSpot) == code)
    }

    @Test("a rule of a security group is found in wider ones")
    func rules() throws {
        let group = try xml(
            """
            <item><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>20</fromPort><toPort>30</toPort><ipRanges>
            <item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item><item><ipProtocol>-1</ipProtocol><groups><item>
            <groupId>sg-1</groupId></item></groups></item></ipPermissions></item>
            """)
        let shape = EC2GroupShape.nodes(usesFabric: true)
        #expect(shape.rules(of: "sg-1").map { $0.isIn(group) } == [true, true, false])
        #expect(EC2GroupShape.port(8080).rules(of: "sg-1").map { $0.isIn(group) } == [false])
    }
}
