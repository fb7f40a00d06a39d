import Foundation

/// The command: finds out what is wanted and runs it.
@main
struct Usher {
    static func main() async {
        Signals.install()
        do {
            let settings = Settings(ProcessInfo.processInfo.environment)
            try await run(Array(CommandLine.arguments.dropFirst()), settings)
        } catch let failure as Failure {
            complain(failure.sentence)
            exit(1)
        } catch {
            complain("\(error)")
            exit(1)
        }
    }

    private static func run(_ arguments: [String], _ settings: Settings) async throws {
        if arguments == ["payments-sim", "--help"] { return print(PaymentsSim.help) }
        let options = try Options(arguments.dropFirst())
        switch arguments.first {
        case "serve": try await Serve(settings).run()
        case "reconcile": try await Reconcile(settings).run()
        case "migrate": try await Migrate(settings).run(downTo: options["down-to"].flatMap { Int($0) })
        case "seed": try await Seed(settings).command()
        case "dev": try await Dev(settings, copies: options["copies"].flatMap { Int($0) } ?? 1).run()
        case "verify": try await Verify(settings).run(event: options["event"])
        case "replay-dead-letter": try await ReplayDeadLetter(settings).run(id: options["id"])
        case "token": try Token(settings).run(options)
        case "payments-sim": try await PaymentsSim(settings, options).run()
        default:
            complain(
                """
                usher serve       the API
                usher reconcile   writes bookings down, returns lapsed holds, recovers
                usher migrate     brings the database to this binary's schema
                usher seed        demo events and users
                usher verify      compares both stores; exit 1 with what differs
                usher replay-dead-letter [--id N]   writes down what was put aside
                usher dev         everything in one go on private stores
                usher payments-sim   a payment provider for trying out; see usher payments-sim --help
                usher token --sub ID [--role admin] [--ttl SECONDS]   prints an access token
                """)
            exit(arguments.isEmpty ? 2 : 64)
        }
    }

    static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data((sentence + "\n").utf8))
    }
}

/// Something a user has to be told in one sentence.
struct Failure: Error {
    let sentence: String
    init(_ sentence: String) { self.sentence = sentence }
}

/// `--name value` pairs.
struct Options {
    private var values: [String: String] = [:]

    init(_ arguments: some Sequence<String>) throws {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst() else {
                throw Failure("\(name) is no option, or its value is missing.")
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    subscript(name: String) -> String? { values[name] }
}
