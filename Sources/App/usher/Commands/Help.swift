/// The texts of `usher --help` and `usher COMMAND --help`.
enum Help {
    /// The help of one command.
    private struct Command {
        let name: String
        let summary: String
        let text: String
    }

    private static let known = [
        Command(
            name: "dev", summary: "runs everything on private stores, for a first look and for development",
            text: """
                usher dev [--copies N]

                Starts its own redis-server and postgres (unless REDIS_URL and DATABASE_URL are set), migrates, seeds
                demo events and users, reconciles, and serves; prints a URL, a token and a first booking to try. Ctrl-C
                stops everything; the data stays in USHER_DATA_DIR (.usher).

                  --copies N   N copies of the API, on PORT and the ports after it (1)
                """),
        Command(
            name: "serve", summary: "serves the API; start as many copies as you like",
            text: """
                usher serve

                Serves HTTP on USHER_HOST:PORT (127.0.0.1:8080). Needs REDIS_URL, DATABASE_URL, USHER_JWT_SECRET and a
                running reconciler. Behind a proxy, set USHER_TRUSTED_PROXIES, or its clients share one rate limit.
                SIGTERM drains: no new connections, and ten seconds for running requests.
                /livez, /readyz and /metrics report its state; /docs shows the API reference.
                """),
        Command(
            name: "reconcile", summary: "persists bookings, expires holds, recovers Redis",
            text: """
                usher reconcile

                Needs REDIS_URL and DATABASE_URL. Copies share the partitions; with two copies one can fail. If
                USHER_METRICS_PORT is set, serves /metrics and /livez on that port.
                """),
        Command(
            name: "migrate", summary: "migrates the database to this binary's schema",
            text: """
                usher migrate [--roles]
                usher migrate --status
                usher migrate --down-to N [--yes]

                Needs DATABASE_URL. Applies the missing migrations and lists them; running it again changes nothing.

                  --status      only lists which migrations are applied and which are missing
                  --down-to N   reverts every migration above N, and drops all data of the tables that they created;
                                without --yes it only lists them
                  --yes         confirms --down-to
                  --roles       creates the accounts of serve, reconcile and migrate, with least privilege:
                                usher_serve, usher_reconcile and usher_migrate in PostgreSQL, the first two in Redis.
                                For this, DATABASE_URL and REDIS_URL must use administrator accounts. Passwords come
                                from USHER_SERVE_PASSWORD, USHER_RECONCILE_PASSWORD and USHER_MIGRATE_PASSWORD, or from
                                the files named by these variables with the suffix _FILE
                """),
        Command(
            name: "seed", summary: "creates demo events, a hall and users; running it again changes nothing",
            text:
                "usher seed\n\nThe events are in the coming months. Needs REDIS_URL, DATABASE_URL and USHER_JWT_SECRET, from which the users' passwords are derived."
        ),
        Command(
            name: "token", summary: "prints an access token, for scripts and load tests",
            text: """
                usher token --sub ID [--role customer|admin] [--ttl 1h]

                Signs it with USHER_JWT_SECRET, or with the stored secret of `usher dev`.

                  --sub ID      the user
                  --role ROLE   customer or admin (customer)
                  --ttl TIME    how long it is valid: 900, 15m, 1h, 7d (1h)
                """),
        Command(
            name: "user", summary: "creates, changes and lists accounts, such as the first administrator",
            text: """
                usher user --email ADDRESS [--role admin|customer] [--name NAME] [--password] [--disable | --enable]
                usher user --list

                Creates the account with this address, or changes it if it exists. Needs DATABASE_URL, or a running
                `usher dev` in USHER_DATA_DIR. A new account's password comes from USHER_USER_PASSWORD, from the file
                that USHER_USER_PASSWORD_FILE names, or from a prompt on the terminal. If one of these variables is set,
                it also replaces the password of an existing account. Disabling an account or changing its password ends
                all of its sessions.

                  --role ROLE   the account's role from now on: admin, or customer to revoke it
                  --name NAME   the name of a new account's owner (the part of the address before the @)
                  --password    prompts for a new password of an existing account
                  --disable     blocks login and refresh; the account's tokens are refused within seconds
                  --enable      allows login and refresh again
                  --list        prints every account: id, roles, address
                """),
        Command(
            name: "verify", summary: "checks that both stores agree about every event",
            text: """
                usher verify [--event ID]

                Needs REDIS_URL and DATABASE_URL, or a running usher dev. Compares held, sold, blocked and available
                units, the terms of sale (times, limits, prices), and the amounts of bookings. If something differs,
                prints it; exit code 1.
                """),
        Command(
            name: "show", summary: "prints what Redis stores about an event, a booking or a partition",
            text: """
                usher show event ID
                usher show booking ID
                usher show partition N

                Prints what Redis stores, decoded, next to what PostgreSQL stores, and marks lines that differ. The ID
                of an event may also be its number. Changes that are not persisted yet may differ; for a partition, the
                first such entries are shown. Needs REDIS_URL and DATABASE_URL, or a running usher dev; changes nothing,
                and works while one of the stores is unavailable. docs/redis.md documents every key and byte.
                """),
        Command(
            name: "replay-dead-letter", summary: "persists dead letters",
            text: """
                usher replay-dead-letter [--id N]

                Replays one dead letter, or all. Exit code 1 if one still cannot be persisted.
                """),
        Command(
            name: "payments-sim", summary: "a simulated payment provider", text: PaymentsSim.help),
        Command(
            name: "version", summary: "prints the version",
            text: "usher version\n\nPrints the version, like usher --version."),
        Command(
            name: "doctor", summary: "reports what is wrong with an installation, and how to fix it",
            text: """
                usher doctor

                Checks the settings, Redis, PostgreSQL, the schema, the partitions and the clocks, and changes nothing.
                Exit code 1 if something is wrong.
                """),
    ]

    static let all =
        "usher COMMAND [OPTIONS]\n\n"
        + known.map { "  \($0.name.padded(to: 20))\($0.summary)" }.joined(separator: "\n")
            + """


            usher COMMAND --help describes a command. Settings are environment variables; docs/settings.md lists them.
            USHER_LOG sets the log level: debug, info, warning or error.

            Exit codes: 0 success; 1 failure, explained by one sentence on standard error; 64 unknown command or option.
            """

    static var commands: Set<String> { Set(known.map(\.name)) }

    /// The options that a command's help mentions.
    static func options(of command: String) -> Set<String> {
        Set(text(command).matches(of: /--[a-z-]+/).map { String($0.output) })
    }

    /// The help of a command; the overview if no command has this name.
    static func text(_ name: String?) -> String { known.first { $0.name == name }?.text ?? all }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
