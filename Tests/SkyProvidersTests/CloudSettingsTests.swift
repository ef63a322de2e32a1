import SkyCore
import SkyProcess
import SkyTestSupport
import Testing

@testable import SkyProviders

@Suite("clouds.yaml")
struct CloudSettingsTests {
    private func read(_ text: String) -> (CloudSettings, String) {
        var reader = CloudSettingsReader(path: "clouds.yaml", home: "/nowhere")
        let settings = reader.read(Array(text.utf8))
        let sources = [SourceFile(path: "clouds.yaml", text: text)]
        return (settings, DiagnosticRenderer(sources: sources).render(reader.diagnostics))
    }

    @Test("a cloud that is named is rented from, and says how")
    func sections() throws {
        let (settings, complaints) = read(
            """
            aws:
              profile: work
              regions: [eu-west-1, eu-central-1]
              subnet: subnet-1
              address: private
              boot_limit: 5m
              power_off: none
            gcp:
            """)
        #expect(complaints.isEmpty)
        let aws = try #require(settings.sections["aws"])
        #expect(aws["profile"] == "work" && aws["subnet"] == "subnet-1" && aws.regions?.count == 2)
        #expect(aws.isReachedPrivately && aws.bootLimit == .seconds(300) && aws.powerOff == nil)
        #expect(settings.sections["gcp"] == CloudSection(name: "gcp"))
    }

    @Test("everything wrong is told at once")
    func mistakes() throws {
        let (_, complaints) = read(
            """
            aws:
              profil: work
              address: secret
              endpoint: localhost
              boot_limit: 2s
              regions: eu-west-1
              ssh_key: ~/none
            gcp: yes
            """)
        try expectGolden(complaints, "clouds-yaml-mistakes.txt")
    }

    @Test("no file is no clouds")
    func none() throws { #expect(try CloudSettings.read("/nowhere/clouds.yaml", home: "/").sections.isEmpty) }
}
