/// How a connection introduces itself, as a value: what it says, and what it makes of the replies.
struct RedisHandshake {
    private enum Step { case authenticate, select, name, identify }

    enum Outcome: Equatable {
        case waiting
        case done(RedisIdentity?)
        case refused(String)
    }

    /// What is written once connected, all at once.
    private(set) var bytes: [UInt8] = []
    private var steps: [Step] = []
    private var answered = 0

    init(_ configuration: RedisConfiguration) {
        if let password = configuration.password {
            add(.authenticate, RedisCommand(["AUTH"] + (configuration.user.map { [$0] } ?? []) + [password]))
        }
        if configuration.database != 0 { add(.select, RedisCommand("SELECT", "\(configuration.database)")) }
        if let name = configuration.clientName { add(.name, RedisCommand("CLIENT", "SETNAME", name)) }
        // Always the last, so that a connection is up only when the server answers.
        add(.identify, RedisIdentity.question)
    }

    private mutating func add(_ step: Step, _ command: RedisCommand) {
        steps.append(step)
        bytes += command.bytes
    }

    mutating func receive(_ reply: RedisValue) -> Outcome {
        guard answered < steps.count else { return .refused("a reply too many") }
        let step = steps[answered]
        answered += 1
        if case .error(let error) = reply {
            // A server that wants a password says so to whatever comes first.
            if error.kind == .notAuthenticated { return .refused("it wants a password (NOAUTH)") }
            switch step {
            case .authenticate: return .refused("it does not accept the user or password (\(error.kind.prefix))")
            case .select: return .refused("it does not have the database (\(error.kind.prefix))")
            // A user may lack the right to these two and still work.
            case .name: return .waiting
            case .identify: return .done(nil)
            }
        }
        return step == .identify ? .done(reply.bytes.flatMap { RedisIdentity(info: $0) }) : .waiting
    }
}
