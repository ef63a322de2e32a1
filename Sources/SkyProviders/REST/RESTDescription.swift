import SkyCore
import SkyHTTP

/// What a `rest.yaml` says of a cloud's API: docs/rest-adapter.md describes the file.
struct RESTDescription: Hashable, Sendable {
    /// Everything that goes before the paths.
    var base: String
    var auth: RESTAuth
    /// Who its images let in.
    var user = MachineLogin.user
    /// What gives a machine back from within; nil where nothing does.
    var powerOff: String?
    /// Between two calls.
    var pace = TimeSpan.zero
    /// A machine that was asked for is listed after so long, or is not there.
    var settling = TimeSpan.seconds(60)
    /// It rents spot machines, by `{{spot}}`.
    var hasSpot = false
    /// Settings of `clouds.yaml` that it cannot do without, and what they are.
    var required: [String: String] = [:]
    /// What is known of machine types by their names, as `{{type.…}}`. All that fit count, later ones more.
    var types: [TypeFacts] = []
    /// What is known of regions, as `{{place.…}}`; of none for all.
    var places: [String: JSONValue] = [:]
    var errors = ErrorPaths()
    var keys: Keys?
    var launch: Launch
    var list: Listing
    var machine: MachinePaths
    /// The cloud's words for what machines do.
    var states: [String: StateMeaning] = [:]
    var terminate: Endpoint
    var availability: Availability?

    struct TypeFacts: Hashable, Sendable {
        /// May have `*` in it.
        var pattern: String
        var facts: [String: JSONValue]
    }

    struct StateMeaning: Hashable, Sendable {
        var state: CloudMachine.State
        /// Of a machine that never ran.
        var failure: ProviderError.Kind?
    }

    struct ErrorPaths: Hashable, Sendable {
        var code: [JSONPath] = []
        var message: [JSONPath] = []
    }

    struct Endpoint: Hashable, Sendable {
        struct Parameter: Hashable, Sendable {
            var name: String
            var value: RESTTemplate
        }

        var method: HTTPRequest.Method
        var path: RESTTemplate
        var query: [Parameter] = []
        var body: RESTTemplate?
        /// Between two calls of this one.
        var pace: TimeSpan?
    }

    struct Launch: Hashable, Sendable {
        var endpoint: Endpoint
        /// Of the machine in the answer; nil where the answer is the id and nothing else.
        var id: JSONPath?
    }

    struct Listing: Hashable, Sendable {
        enum Paging: Hashable, Sendable {
            case none
            /// The answer says what is asked for next.
            case token(JSONPath, parameter: String)
            /// Pages are numbered, and one that is not full is the last.
            case numbered(parameter: String, first: Int, size: Int)
        }

        var endpoint: Endpoint
        var items: JSONPath
        var paging = Paging.none
    }

    struct MachinePaths: Hashable, Sendable {
        /// How tags are kept.
        enum TagForm: String, Hashable, Sendable, CaseIterable {
            /// `[{"key": …, "value": …}]`
            case pairs
            /// `{"sky-run": …}`
            case map
            /// `{"SKY_RUN": …}`
            case variables
            /// `["sky-run=…"]`
            case words
            /// `"sky-run=… sky-token=…"`
            case text
        }

        var id: JSONPath
        var state: JSONPath
        var tags: JSONPath
        var tagForm: TagForm
        var region: JSONPath?
        var zone: JSONPath?
        var type: JSONPath?
        var publicAddress: JSONPath?
        var privateAddress: JSONPath?
        var sshPort: JSONPath?
        var spot: JSONPath?
        var created: JSONPath?
        var reason: JSONPath?
        var ports: JSONPath?
        var portInside: JSONPath?
        var portOutside: JSONPath?
    }

    /// SSH keys that the account has, which machines are then asked for with.
    struct Keys: Hashable, Sendable {
        var list: Listing
        var id: JSONPath
        var publicKey: JSONPath
        var add: Endpoint
        /// In the answer; nil where the answer is the id and nothing else.
        var addedID: JSONPath?
    }

    /// Where there is a machine type now, for people.
    struct Availability: Hashable, Sendable {
        var endpoint: Endpoint
        var regions: String
    }
}

/// How calls say who makes them.
enum RESTAuth: Hashable, Sendable {
    case none
    case bearer(RESTSecret)
    case header(name: String, RESTSecret)
    case basic(user: RESTSecret, password: RESTSecret)
    /// A token for an id and a secret: RFC 6749, 4.4.
    case clientCredentials(path: String, id: RESTSecret, secret: RESTSecret)
}

/// Where a secret is: in a variable, or else in a file.
struct RESTSecret: Hashable, Sendable {
    var variable: String?
    /// A leading `~` is the home.
    var file: String?
    /// The name that it has in the file; nil where the file is the secret.
    var key: String?

    /// For people.
    var places: String {
        [variable, file.map { file in key.map { "\($0) in \(file)" } ?? file }].compactMap { $0 }.joined(
            separator: " or ")
    }
}
