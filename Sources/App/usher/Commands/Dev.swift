import API
import Accounts
import Foundation

/// `usher dev`: runs everything in one process on private stores, until Ctrl-C.
struct Dev {
    private var settings: Settings
    private let copies: Int

    init(_ settings: Settings, copies: Int) {
        self.settings = settings
        self.copies = copies
    }

    func run() async throws {
        var settings = settings
        let directory = DataDirectory(settings)
        try directory.claim()
        let port = try settings.port()
        for index in 0..<copies where try !PortProbe.isFree(host: settings.host, port: port + index) {
            throw Failure("Port \(port + index) is taken; set PORT to another.")
        }
        if settings.text("USHER_JWT_SECRET") == nil { settings.variables["USHER_JWT_SECRET"] = try directory.secret() }
        for (name, usual) in [
            ("USHER_OPEN_RESERVE", "1"), ("USHER_RATE_LIMIT", "off"), ("USHER_REGISTRATION_LIMIT", "off"),
            ("USHER_DECLINE_LIMIT", "off"),
            ("USHER_PAYMENT_GATEWAY", "simulated"), ("USHER_DROP_IN_UNPAID", "1"),
        ]
        where settings.text(name) == nil { settings.variables[name] = usual }
        let servers = try startStores(directory, &settings)
        defer { for server in servers { server.stop() } }
        try await Stores.prepare(settings)
        let users = try await Seed(settings).run()
        let traces = try await Traces.start(settings, service: "usher")
        let reconciler = try await RunningReconciler.start(settings)
        var running: [RunningCopy] = []
        do {
            for index in 0..<copies {
                var own = settings
                own.variables["PORT"] = String(port + index)
                running.append(try await RunningCopy.start(own, demonstration: demonstration(users)))
            }
            try await waitUntilReady(running)
            for warning in try settings.paymentWarnings() { print(warning.sentence) }
            greet(settings, port, users)
            await Signals.wait()
            print("\nStopping.")
        } catch {
            await Self.stop(running, reconciler, traces)
            throw error
        }
        await Self.stop(running, reconciler, traces)
    }

    /// Shows the demo users' passwords only if the server listens on a loopback address.
    private func demonstration(_ users: [DemoUsers.Account]) -> Demonstration {
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(settings.host)
        return Demonstration(users: isLocal ? users : [])
    }

    private static func stop(
        _ copies: [RunningCopy], _ reconciler: RunningReconciler, _ traces: Traces?
    ) async {
        for copy in copies { await copy.drain() }
        await reconciler.stop()
        await traces?.stop()
    }

    private func startStores(_ directory: DataDirectory, _ settings: inout Settings) throws -> [PrivateServer] {
        var servers: [PrivateServer] = []
        try directory.makeSocketDirectory(owner: try PrivateServer.postgresUser())
        if settings.text("REDIS_URL") == nil {
            servers.append(try PrivateServer.redis(in: directory))
            settings.variables["REDIS_URL"] = directory.redisURL
        }
        if settings.text("DATABASE_URL") == nil {
            do {
                servers.append(try PrivateServer.postgres(in: directory))
                settings.variables["DATABASE_URL"] = directory.databaseURL
            } catch {
                for server in servers { server.stop() }
                throw error
            }
        }
        return servers
    }

    private func waitUntilReady(_ copies: [RunningCopy]) async throws {
        for copy in copies {
            var attempts = 0
            while await !copy.isReady() {
                attempts += 1
                guard attempts < 300 else { throw Failure("Usher did not become ready; see the messages above.") }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func greet(_ settings: Settings, _ port: Int, _ users: [DemoUsers.Account]) {
        let token = (try? Token.make(settings, subject: "demo", role: "customer", lifetime: 86400)) ?? ""
        // An address from the environment may contain a password: do not print it.
        let isOwn = self.settings.text("DATABASE_URL") != nil
        let database = isOwn ? "\"$DATABASE_URL\"" : settings.text("DATABASE_URL") ?? ""
        let directory = self.settings.text("USHER_DATA_DIR").map { "USHER_DATA_DIR=\(Self.quoted($0)) " } ?? ""
        let usher = directory + Self.quoted(CommandLine.arguments.first ?? "usher")
        print(
            """

            Usher is ready:

              http://127.0.0.1:\(port)/      book in the browser
              http://127.0.0.1:\(port)/ops   watch the system (sign in as the administrator below)
              http://127.0.0.1:\(port)/docs  read the API reference

            An access token for user "demo", valid for a day:

            export TOKEN=\(token)

            Book and pay a ticket of event \(DemoEvents.openAir), as often as you like:

            curl -s http://127.0.0.1:\(port)/v1/bookings \\
              -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
              -d '{"eventId":"\(DemoEvents.openAir)","items":[{"tierId":"\(DemoEvents.tier(DemoEvents.openAir))","quantity":1}],"payment":{"cardNumber":"4242424242424242"}}'

            Or two of the best seats in the Grand Hall, event 6:

            curl -s http://127.0.0.1:\(port)/v1/bookings \\
              -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
              -d '{"eventId":"6","items":[{"tierId":"\(GrandHall.tier(0))","bestAvailable":2}]}'

            To see the bookings in PostgreSQL:

            psql \(database) -c 'SELECT id, status, total_amount, created_at FROM bookings'

            Users to log in as (POST /v1/auth/login), with their passwords:

            \(Seed.list(users))

            An administrator's token:

            \(usher) token --sub admin --role admin

            Ctrl-C stops everything; data stays in \(DataDirectory(settings).path).
            """)
        fflush(nil)
    }

    /// Quotes a word for a shell if it needs quotes.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || "-_./+:@%".utf8.contains(byte)
        }
        return isPlain && !word.isEmpty
            ? word : "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
