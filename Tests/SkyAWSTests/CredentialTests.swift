import SkyAWS
import SkyCore
import SkyTestSupport
import Testing

@Suite("Credentials are found where AWS's own tools find them", .timeLimit(.minutes(5)))
struct CredentialTests {
    private static let keys = """
        [default]
        aws_access_key_id = AKDEFAULT
        aws_secret_access_key = default-secret

        [work]
        aws_access_key_id=AKWORK
        aws_secret_access_key=wo/rk+secret=
        aws_session_token = work-token
        """

    @Test("the environment goes before the files, and a profile asked for by name before both")
    func environmentFirst() async throws {
        let environment = ["AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_PROFILE": "work"]
        try await CredentialFixture.use(credentials: Self.keys, environment: environment) { fixture in
            let (found, named) = (try await fixture.find(), try await fixture.find(profile: "work"))
            #expect(found.spelledOut == "AKENV/env")
            #expect(named.spelledOut == "AKWORK/wo/rk+secret=/work-token")
        }
    }

    @Test("a token of the environment goes with its keys")
    func environmentToken() async throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_SESSION_TOKEN": "token",
        ]
        try await CredentialFixture.use(environment: environment) { fixture in
            let found = try await fixture.find()
            #expect(found.spelledOut == "AKENV/env/token")
            #expect(found.source == "AWS_ACCESS_KEY_ID")
        }
    }

    @Test("the credentials file, by default and by AWS_PROFILE, also where the variable says it is")
    func sharedFile() async throws {
        try await CredentialFixture.use(credentials: Self.keys) { fixture in
            #expect(try await fixture.find().spelledOut == "AKDEFAULT/default-secret")
            var named = fixture
            named.environment["AWS_PROFILE"] = "work"
            #expect(try await named.find().spelledOut == "AKWORK/wo/rk+secret=/work-token")
            try fixture.write("elsewhere", "[default]\naws_access_key_id = AKELSE\naws_secret_access_key = s # mine")
            named.environment = named.environment.filter { $0.key != "AWS_PROFILE" }
            named.environment["AWS_SHARED_CREDENTIALS_FILE"] = "~/elsewhere"
            let found = try await named.find()
            #expect(found.spelledOut == "AKELSE/s")
            #expect(found.source == "profile 'default' in \(fixture.home)/elsewhere")
        }
    }

    @Test("keys in the configuration are taken last, and the credentials file goes before credential_process")
    func order() async throws {
        let config = """
            [default]
            credential_process = false
            [profile work]
            aws_access_key_id = AKCONFIG
            aws_secret_access_key = c
            [profile program]
            credential_process = cat ~/answer
            aws_access_key_id = AKCONFIG
            aws_secret_access_key = c
            [profile plain]
            aws_access_key_id = AKPLAIN
            aws_secret_access_key = p
            """
        try await CredentialFixture.use(config: config, credentials: Self.keys) { fixture in
            try fixture.write(
                "answer",
                #"{"Version": 1, "AccessKeyId": "AKPROC", "SecretAccessKey": "p", "Expiration": "2026-02-01T00:00:00Z"}"#
            )
            #expect(try await fixture.find().spelledOut == "AKDEFAULT/default-secret")
            #expect(try await fixture.find(profile: "work").credentials.accessKeyID == "AKWORK")
            let program = try await fixture.find(profile: "program")
            #expect(program.spelledOut == "AKPROC/p")
            #expect(program.credentials.expires == Instant(iso8601: "2026-02-01T00:00:00Z"))
            #expect(try await fixture.find(profile: "plain").spelledOut == "AKPLAIN/p")
        }
    }

    @Test("region and endpoint come from variables, the profile and its services")
    func regionAndEndpoint() async throws {
        let config = """
            [default]
            region = eu-west-1
            endpoint_url = http://everything/
            [profile own]
            region = eu-central-1
            services = mine
            endpoint_url = http://own
            [services mine]
            s3 =
              endpoint_url = http://own-s3
              addressing_style = path
            """
        try await CredentialFixture.use(config: config) { fixture in
            #expect(try fixture.settings().region == "eu-west-1")
            #expect(try fixture.settings().endpoint(of: "s3") == "http://everything")
            let own = try fixture.settings(profile: "own")
            #expect(own.region == "eu-central-1")
            #expect(own.endpoint(of: "s3") == "http://own-s3")
            #expect(own.endpoint(of: "sts") == "http://own")
            var other = fixture
            other.environment["AWS_DEFAULT_REGION"] = "us-east-2"
            other.environment["AWS_ENDPOINT_URL"] = "http://all"
            other.environment["AWS_ENDPOINT_URL_S3"] = "http://s3/"
            #expect(try other.settings().region == "us-east-2")
            #expect(try other.settings().endpoint(of: "s3") == "http://s3")
            #expect(try other.settings().endpoint(of: "sts") == "http://all")
        }
    }

    @Test("without any, it is said where they were looked for and what to type")
    func none() async throws {
        try await CredentialFixture.use { fixture in
            let failure = await fixture.failure()
            for place in [
                "AWS_ACCESS_KEY_ID", "~/.aws/config", "~/.aws/credentials", "metadata", "type: aws configure",
            ] {
                #expect(failure.contains(place), "\(failure)")
            }
        }
    }

    @Test(
        "what is broken is said, with its place",
        arguments: [
            ("[default\n", "", "", "~/.aws/config:1: '[default…' cannot be read: a section is '[name]'"),
            ("region = x\n", "", "", "~/.aws/config:1: 'region…' cannot be read: a setting stands below a '[section]'"),
            (
                "", "\n[default]\nwJalrSECRET\n", "",
                "~/.aws/credentials:3: 'wJalrSECRET…' cannot be read: a setting is 'name = value'"
            ),
            (
                "", "[default]\naws_access_key_id = A\n", "",
                "profile 'default' in ~/.aws/credentials has aws_access_key_id and no aws_secret_access_key"
            ),
            (
                "[profile a]\n", "[b]\n", "c",
                "no AWS profile 'c' in ~/.aws/config or ~/.aws/credentials; there are: a, b. Make it with: "
                    + "aws configure --profile c"
            ),
            (
                "[default]\ncredential_process = exit 3\n", "", "",
                "credential_process ended with status 3: run it by hand to see why"
            ),
            (
                "[default]\ncredential_process = echo '{\"secret\": 1}'\n", "", "",
                "credential_process of profile 'default': what it gives is not the JSON that was expected"
            ),
            (
                "[default]\nrole_arn = r\n", "", "",
                "profile 'default' has role_arn and neither source_profile nor credential_source"
            ),
            (
                "[default]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = s\nsource_profile = default\n",
                "", "",
                "source_profile goes in a circle: default → b → default"
            ),
            (
                "[default]\nrole_arn = r\nsource_profile = nobody\n", "", "",
                "no AWS profile 'nobody' in ~/.aws/config or ~/.aws/credentials; there are: default. Make it with: "
                    + "aws configure --profile nobody"
            ),
            (
                "[default]\nrole_arn = r\ncredential_source = Moon\n", "", "",
                "credential_source of profile 'default' is 'Moon': Environment, Ec2InstanceMetadata or EcsContainer"
            ),
        ])
    func broken(config: String, credentials: String, profile: String, expected: String) async throws {
        try await CredentialFixture.use(config: config, credentials: credentials) { fixture in
            #expect(await fixture.failure(profile: profile.isEmpty ? nil : profile) == expected)
        }
    }

    @Test("half a pair of variables is no credentials")
    func halfPair() async throws {
        try await CredentialFixture.use(environment: ["AWS_ACCESS_KEY_ID": "A"]) { fixture in
            let failure = await fixture.failure()
            #expect(failure.hasPrefix("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not"))
        }
    }

    @Test("nothing that is found prints its secrets")
    func secrets() async throws {
        try await CredentialFixture.use(credentials: Self.keys) { fixture in
            let found = try await fixture.find(profile: "work")
            var dumped = ""
            dump(found, to: &dumped)
            for text in ["\(found)", "\(found.credentials)", String(reflecting: found), dumped] {
                #expect(!text.contains("rk+secret") && !text.contains("work-token"))
                #expect(text.contains("(secret)"))
            }
        }
    }
}
