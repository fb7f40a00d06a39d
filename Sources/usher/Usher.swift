import Foundation
import Logging

/// The command: finds out what is wanted and runs it.
@main
struct Usher {
    static func main() async {
        Signals.install()
        let arguments = Array(CommandLine.arguments.dropFirst())
        var code: Int32 = 0
        do {
            let settings = try Settings(ProcessInfo.processInfo.environment).withFiles()
            code = try await run(arguments, settings).rawValue
        } catch let failure as Failure {
            Log.flush()
            complain(failure.sentence)
            code = failure.code.rawValue
        } catch {
            Log.flush()
            complain("\(error)")
            code = ExitCode.failed.rawValue
        }
        Log.flush()
        exit(code)
    }

    private static func run(_ arguments: [String], _ settings: Settings) async throws -> ExitCode {
        if let help = helpWanted(arguments) {
            print(help)
            return .done
        }
        if let first = arguments.first, ["version", "--version", "-V"].contains(first) {
            print("usher \(Version.current)")
            return .done
        }
        guard let command = arguments.first else {
            complain(Help.all)
            return .misused
        }
        guard Help.commands.contains(command) else { throw unknown(command) }
        // What it shows is named, not optional.
        if command == "show" {
            Log.configure(least: try settings.logLevel(), forPeople: isatty(2) == 1)
            try await Show(settings.withRunningStores(), Array(arguments.dropFirst())).run()
            return .done
        }
        let options = try Options(arguments.dropFirst(), known: Help.options(of: command))
        // `dev` is for people wherever its messages go: what it prints for them is not to stand between lines of JSON.
        Log.configure(least: try settings.logLevel(), forPeople: isatty(2) == 1 || command == "dev")
        if ["serve", "reconcile", "dev"].contains(command) { settings.warnOfUnknown() }
        switch command {
        case "serve": try await Serve(settings).run()
        case "reconcile": try await Reconcile(settings).run()
        case "migrate": try await Migrate(settings, options).run()
        case "seed": try await Seed(settings).command()
        case "dev": try await Dev(settings, copies: options["copies"].flatMap { Int($0) } ?? 1).run()
        case "verify": try await Verify(settings.withRunningStores()).run(event: options["event"])
        case "replay-dead-letter": try await ReplayDeadLetter(settings).run(id: options["id"])
        case "token": try Token(settings).run(options)
        case "user": try await UserCommand(settings, options).run()
        case "payments-sim": try await PaymentsSim(settings, options).run()
        case "doctor": return try await Doctor(settings.withRunningStores()).run() ? .done : .failed
        default: preconditionFailure("\(command) has help, and does nothing")
        }
        return .done
    }

    /// `usher --help`, `usher help COMMAND`, `usher COMMAND --help`.
    private static func helpWanted(_ arguments: [String]) -> String? {
        if arguments.first == "help" { return Help.text(arguments.dropFirst().first) }
        guard arguments.contains(where: { $0 == "--help" || $0 == "-h" }) else { return nil }
        return Help.text(arguments.first)
    }

    private static func unknown(_ command: String) -> Failure {
        let meant = Suggestion.nearest(to: command, among: Help.commands.sorted())
        return Failure(
            "\(command) is no command of usher\(meant.map { "; did you mean \($0)?" } ?? ".") usher --help lists them.",
            code: .misused)
    }

    static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data((sentence + "\n").utf8))
    }
}

/// Something a user has to be told in one sentence.
struct Failure: Error {
    let sentence: String
    let code: ExitCode
    init(_ sentence: String, code: ExitCode = .failed) {
        self.sentence = sentence
        self.code = code
    }
}

/// What the shell is told; `usher --help` explains it.
enum ExitCode: Int32 {
    case done = 0
    case failed = 1
    /// A command or an option that does not exist; `EX_USAGE` of sysexits.h.
    case misused = 64
}

/// `--name value` pairs, and `--name` alone where that is all.
struct Options {
    private var values: [String: String] = [:]

    /// Those that stand alone.
    private static let flags: Set<String> = [
        "--roles", "--list", "--disable", "--enable", "--password", "--status", "--yes",
    ]

    /// - Parameter known: what the command's help names.
    init(_ arguments: some Sequence<String>, known: Set<String>) throws {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            guard known.contains(name) else {
                let meant = Suggestion.nearest(to: name, among: known.sorted())
                throw Failure(
                    "\(name) is no option of this command\(meant.map { "; did you mean \($0)?" } ?? ".")",
                    code: .misused)
            }
            guard let value = Self.flags.contains(name) ? "" : rest.popFirst() else {
                throw Failure("The value of \(name) is missing.", code: .misused)
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// Whether it was given.
    func has(_ name: String) -> Bool { values[name] != nil }
}
