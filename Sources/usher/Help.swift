/// What `usher --help` and `usher COMMAND --help` say.
enum Help {
    /// Of one command.
    private struct Command {
        let name: String
        let summary: String
        let text: String
    }

    private static let known = [
        Command(
            name: "dev", summary: "everything in one go on private stores, for trying and developing",
            text: """
                usher dev [--copies N]

                Starts redis-server and postgres for itself (unless REDIS_URL and DATABASE_URL are given), migrates, seeds
                demo events and users, reconciles, and serves; prints a URL, a token and a first booking to try. Ctrl-C
                stops everything; the data stays in USHER_DATA_DIR (.usher).

                  --copies N   N copies of the API, on PORT and the ports after it (1)
                """),
        Command(
            name: "serve", summary: "the API; start as many copies as you like",
            text: """
                usher serve

                Serves HTTP on USHER_HOST:PORT (127.0.0.1:8080). Needs REDIS_URL, DATABASE_URL and USHER_JWT_SECRET, and a
                reconciler beside it. Behind a proxy set USHER_TRUSTED_PROXIES, or all of its clients share one rate limit.
                SIGTERM drains: no new connection, ten seconds for what runs.
                /livez, /readyz and /metrics tell how it is; /docs shows the contract.
                """),
        Command(
            name: "reconcile", summary: "writes bookings down, returns lapsed holds, recovers Redis",
            text: """
                usher reconcile

                Needs REDIS_URL and DATABASE_URL. Copies share the partitions; two are enough for one to die. With
                USHER_METRICS_PORT it tells /metrics and /livez there.
                """),
        Command(
            name: "migrate", summary: "brings the database to this binary's schema",
            text: """
                usher migrate [--roles]
                usher migrate --status
                usher migrate --down-to N [--yes]

                Needs DATABASE_URL. Applies what is missing and says what it applied; running it again changes nothing.

                  --status      only says which migrations are applied and which are missing
                  --down-to N   takes back every migration above N, and all data of the tables that they made; without
                                --yes it only says which
                  --yes         does it
                  --roles       makes the accounts that serve, reconcile and migrate run under, with the least rights:
                                usher_serve, usher_reconcile and usher_migrate in PostgreSQL, the first two in Redis.
                                DATABASE_URL and REDIS_URL must name administrators this time. Passwords come from
                                USHER_SERVE_PASSWORD, USHER_RECONCILE_PASSWORD and USHER_MIGRATE_PASSWORD, or from the
                                files that these names with _FILE name
                """),
        Command(
            name: "seed", summary: "demo events, a hall and users; running it again changes nothing",
            text:
                "usher seed\n\nThe events are in the coming months. Needs REDIS_URL, DATABASE_URL and USHER_JWT_SECRET, from which the users' passwords follow."
        ),
        Command(
            name: "token", summary: "prints an access token, for scripts and load tests",
            text: """
                usher token --sub ID [--role customer|admin] [--ttl 1h]

                Signed with USHER_JWT_SECRET, or with the secret that `usher dev` keeps.

                  --sub ID      the user
                  --role ROLE   customer or admin (customer)
                  --ttl TIME    how long it is good: 900, 15m, 1h, 7d (1h)
                """),
        Command(
            name: "user", summary: "makes, changes and lists accounts: the first administrator",
            text: """
                usher user --email ADDRESS [--role admin|customer] [--name NAME] [--password] [--disable | --enable]
                usher user --list

                Makes the account, or changes the one of this address. Needs DATABASE_URL, or a running `usher dev` in
                USHER_DATA_DIR. The password of a new account is asked for on a terminal, or taken from
                USHER_USER_PASSWORD or the file that USHER_USER_PASSWORD_FILE names; there it is also the new one of an
                account that exists. Every session of an account that is disabled or gets another password ends.

                  --role ROLE   what it may do from now on: admin, or customer to take that back
                  --name NAME   what a new account's owner is called; what stands before the @ unless said
                  --password    asks for a new password of an account that exists
                  --disable     it can neither log in nor refresh, and its tokens are refused within seconds
                  --enable      it can again
                  --list        prints every account: id, roles, address
                """),
        Command(
            name: "verify", summary: "whether both stores say the same of every event",
            text: """
                usher verify [--event ID]

                Needs REDIS_URL and DATABASE_URL, or a running usher dev. Compares what is held, sold, blocked and free, the
                terms of sale (times, limits, prices), and what bookings cost. Exit code 1 with what differs.
                """),
        Command(
            name: "show", summary: "what Redis holds of an event, a booking or a partition",
            text: """
                usher show event ID
                usher show booking ID
                usher show partition N

                Prints what Redis holds, in words and numbers, next to what PostgreSQL has; lines that differ say so. An event
                may be named by its number, too. What is not persisted yet may differ: of a partition it shows the first
                entries that are not. Needs REDIS_URL and DATABASE_URL, or a running usher dev; it changes nothing, and works
                while one of them is away. docs/redis.md has every key and byte.
                """),
        Command(
            name: "replay-dead-letter", summary: "writes down what was put aside",
            text: """
                usher replay-dead-letter [--id N]

                Exit code 1 when something of it still cannot be written.
                """),
        Command(
            name: "payments-sim", summary: "a payment provider for trying out", text: PaymentsSim.help),
        Command(
            name: "version", summary: "which version this is",
            text: "usher version\n\nPrints it; so does usher --version."),
        Command(
            name: "doctor", summary: "says what is wrong with an installation, and how to mend it",
            text: """
                usher doctor

                Looks at the settings, Redis, PostgreSQL, the schema, the partitions and the clocks, and changes nothing.
                Exit code 1 when something is wrong.
                """),
    ]

    static let all =
        "usher COMMAND [OPTIONS]\n\n"
        + known.map { "  \($0.name.padded(to: 20))\($0.summary)" }.joined(separator: "\n")
            + """


            usher COMMAND --help says more. Settings are environment variables; the README lists them. USHER_LOG says how much
            is logged: debug, info, warning or error.

            Exit codes: 0 done; 1 it could not be done, and one sentence on standard error says why; 64 a command or an option
            that does not exist.
            """

    /// The commands' names.
    static var commands: Set<String> { Set(known.map(\.name)) }

    /// The options that a command's help names.
    static func options(of command: String) -> Set<String> {
        Set(text(command).matches(of: /--[a-z-]+/).map { String($0.output) })
    }

    /// What is said of a command; of all of them when there is none of this name.
    static func text(_ name: String?) -> String { known.first { $0.name == name }?.text ?? all }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
