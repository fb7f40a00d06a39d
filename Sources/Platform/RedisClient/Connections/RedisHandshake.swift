/// The commands that a new connection sends first, and the evaluation of their replies, as a value.
struct RedisHandshake {
    private enum Step { case authenticate, select, name, identify }

    enum Outcome: Equatable {
        case waiting
        case done(RedisIdentity?)
        case refused(String)
    }

    /// Written at once when the socket is connected.
    private(set) var bytes: [UInt8] = []
    private var steps: [Step] = []
    private var answered = 0

    init(_ configuration: RedisConfiguration) {
        if let password = configuration.password {
            add(.authenticate, RedisCommand(["AUTH"] + (configuration.user.map { [$0] } ?? []) + [password]))
        }
        if configuration.database != 0 { add(.select, RedisCommand("SELECT", "\(configuration.database)")) }
        if let name = configuration.clientName { add(.name, RedisCommand("CLIENT", "SETNAME", name)) }
        // Always last, so that a connection counts as open only when the server answers.
        add(.identify, RedisIdentity.question)
    }

    private mutating func add(_ step: Step, _ command: RedisCommand) {
        steps.append(step)
        bytes += command.bytes
    }

    mutating func receive(_ reply: RedisValue) -> Outcome {
        guard answered < steps.count else { return .refused("an unexpected reply") }
        let step = steps[answered]
        answered += 1
        if case .error(let error) = reply {
            // A server that requires a password replies with NOAUTH to any first command.
            if error.kind == .notAuthenticated { return .refused("it requires a password (NOAUTH)") }
            switch step {
            case .authenticate: return .refused("it does not accept the user or password (\(error.kind.prefix))")
            case .select: return .refused("it does not have the database (\(error.kind.prefix))")
            // A user without permission for these two commands can still work.
            case .name: return .waiting
            case .identify: return .done(nil)
            }
        }
        return step == .identify ? .done(reply.bytes.flatMap { RedisIdentity(info: $0) }) : .waiting
    }
}
