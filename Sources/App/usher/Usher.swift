import Foundation
import Logging

/// The entry point: parses the command line and runs the command.
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
            printError(failure.sentence)
            code = failure.code.rawValue
        } catch {
            Log.flush()
            printError("\(error)")
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
            printError(Help.all)
            return .misused
        }
        guard Help.commands.contains(command) else { throw unknown(command) }
        // `show` takes positional arguments instead of options.
        if command == "show" {
            Log.configure(least: try settings.logLevel(), forPeople: isatty(2) == 1)
            try await Show(settings.withRunningStores(), Array(arguments.dropFirst())).run()
            return .done
        }
        let options = try Options(arguments.dropFirst(), known: Help.options(of: command))
        // `dev` always logs as text: it also prints text for people, which must not be mixed with lines of JSON.
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
        default: preconditionFailure("\(command) has help, but no implementation")
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
            "\(command) is not a command of usher\(meant.map { "; did you mean \($0)?" } ?? ".") usher --help lists them.",
            code: .misused)
    }

    static func printError(_ sentence: String) {
        FileHandle.standardError.write(Data((sentence + "\n").utf8))
    }
}

/// A failure that is reported to the user in one sentence.
struct Failure: Error {
    let sentence: String
    let code: ExitCode
    init(_ sentence: String, code: ExitCode = .failed) {
        self.sentence = sentence
        self.code = code
    }
}

/// The exit code of the process; documented in `usher --help`.
enum ExitCode: Int32 {
    case done = 0
    case failed = 1
    /// An unknown command or option; `EX_USAGE` of sysexits.h.
    case misused = 64
}

/// Command-line options: `--name value` pairs, and flags without a value.
struct Options {
    private var values: [String: String] = [:]

    /// Options without a value.
    private static let flags: Set<String> = [
        "--roles", "--list", "--disable", "--enable", "--password", "--status", "--yes",
    ]

    /// - Parameter known: the options that the command's help mentions.
    init(_ arguments: some Sequence<String>, known: Set<String>) throws {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            guard known.contains(name) else {
                let meant = Suggestion.nearest(to: name, among: known.sorted())
                throw Failure(
                    "\(name) is not an option of this command\(meant.map { "; did you mean \($0)?" } ?? ".")",
                    code: .misused)
            }
            guard let value = Self.flags.contains(name) ? "" : rest.popFirst() else {
                throw Failure("The value of \(name) is missing.", code: .misused)
            }
            values[String(name.dropFirst(2))] = value
        }
    }

    subscript(name: String) -> String? { values[name] }

    /// Whether the option was given.
    func has(_ name: String) -> Bool { values[name] != nil }
}
