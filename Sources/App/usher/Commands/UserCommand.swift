import Accounts
import BoxOffice
import Foundation
import Loops
import PostgresClient
import Records

/// `usher user`: creates, changes and lists accounts, such as the first administrator.
struct UserCommand {
    private let settings: Settings
    private let options: Options

    init(_ settings: Settings, _ options: Options) {
        self.settings = settings
        self.options = options
    }

    func run() async throws {
        let settings = try settings.withRunningDatabase()
        if options.has("list") { return try await list(settings) }
        guard let text = options["email"] else { throw Failure("--email must name an account.", code: .misused) }
        guard let email = EmailAddress(text) else { throw Failure("--email must be an e-mail address, not “\(text)”.") }
        let change = try change()
        let name = options["name"] ?? String(email.text.prefix { $0 != "@" })
        guard PersonName.isGood(name) else { throw Failure("--name must be a name of 1 to 100 characters.") }
        let isThere = try await Self.onUsers(settings) { users, _ in
            try await !users.list(email: email, before: nil, limit: 1).isEmpty
        }
        if !isThere, change.isDisabled == true { throw Failure("There is no account of \(email.text).") }
        let password = try password(isNeeded: !isThere)
        let (before, after, administrators) = try await Self.onUsers(settings) { users, pool in
            let changed = try await users.ensure(
                email, name: name, password: password, change, hasher: PasswordHasher()
            ) { before, after in AuditLog.statements([Self.entry(before, after, setsPassword: password != nil)]) }
            return (changed.before, changed.after, try await users.administrators())
        }
        print(
            "\(before == nil ? "Created" : "Changed") \(after.email): \(after.roles.joined(separator: ", "))"
                + "\(after.isDisabled ? ", disabled" : "").")
        if administrators == 0 { print("No account can log in as an administrator now.") }
    }

    private func change() throws -> UserAdministration.Change {
        var change = UserAdministration.Change()
        // The last administrator may be removed here: the operator can create another at once.
        change.mayLeaveNone = true
        if let role = options["role"] {
            guard ["admin", "customer"].contains(role) else { throw Failure("--role must be admin or customer.") }
            change.roles = [role]
        }
        if options.has("disable"), options.has("enable") {
            throw Failure("--disable and --enable exclude each other.", code: .misused)
        }
        if options.has("disable") { change.isDisabled = true }
        if options.has("enable") { change.isDisabled = false }
        return change
    }

    /// The password of a new account, or the new password of an existing one: from the environment or the terminal.
    private func password(isNeeded: Bool) throws -> String? {
        if let password = settings.text("USHER_USER_PASSWORD") { return try Self.checked(password) }
        guard isNeeded || options.has("password") else { return nil }
        guard isatty(0) == 1 else {
            throw Failure("Set USHER_USER_PASSWORD or USHER_USER_PASSWORD_FILE, or run this on a terminal.")
        }
        let first = try Self.checked(try Self.ask("Password: "))
        guard try Self.ask("Again: ").utf8.elementsEqual(first.utf8) else {
            throw Failure("The passwords differ; nothing was changed.")
        }
        return first
    }

    private static func checked(_ password: String) throws -> String {
        if let violation = PasswordRule.violation(password) { throw Failure("The password: \(violation)") }
        return password
    }

    /// Reads a line from the terminal without echo.
    private static func ask(_ prompt: String) throws -> String {
        guard let line = getpass(prompt), let text = String(validatingCString: line) else {
            throw Failure("The password cannot be read.")
        }
        return text
    }

    private func list(_ settings: Settings) async throws {
        let users = try await Self.onUsers(settings) { users, _ in
            var found: [User] = []
            var last: User?
            repeat {
                let page = try await users.list(email: nil, before: last.flatMap { UUIDBytes($0.id) }, limit: 500)
                found += page
                last = page.count == 500 ? page.last : nil
            } while last != nil
            return found
        }
        for user in users {
            print(
                "\(user.id)  \(user.roles.joined(separator: ","))\(user.isDisabled ? ",disabled" : "")  \(user.email)")
        }
        if users.isEmpty { print("There are no accounts.") }
    }

    private static func entry(_ before: User?, _ after: User, setsPassword: Bool) -> AuditEntry {
        func state(_ user: User) -> String {
            let roles = user.roles.map { "\"\($0)\"" }.joined(separator: ",")
            return "{\"roles\":[\(roles)],\"disabled\":\(user.isDisabled)}"
        }
        return CommandAudit.entry(
            before == nil ? "users.create" : "users.update", subject: AuditEntry.Subject("user", after.id),
            before: before.map(state), after: state(after), reason: setsPassword ? "the password was set" : nil)
    }

    private static func onUsers<Value: Sendable>(
        _ settings: Settings, _ work: @escaping @Sendable (UserAdministration, PostgresPool) async throws -> Value
    ) async throws -> Value {
        let postgres = try settings.postgres()
        let loop = try EventLoop(name: "user")
        defer { loop.stop() }
        return try await loop.run { loop in
            try await Stores.waitForPostgres(loop, postgres)
            let pool = PostgresPool(loop: loop, configuration: postgres)
            defer { pool.close() }
            do {
                return try await work(UserAdministration(pool: pool), pool)
            } catch let error as PostgresError {
                let remedy = error.sqlState == "42P01" || error.sqlState == "42703" ? " Run usher migrate first." : ""
                throw Failure("PostgreSQL (DATABASE_URL) refuses: \(error.message ?? error.description).\(remedy)")
            } catch let error as AccountError {
                throw Failure("Nothing was changed: \(error.description).")
            }
        }
    }
}

extension Settings {
    /// These settings with the database of a running `usher dev`, unless `DATABASE_URL` is set.
    func withRunningDatabase() throws -> Settings {
        guard text("DATABASE_URL") == nil else { return self }
        let directory = DataDirectory(self)
        guard let url = directory.runningDatabase else {
            throw Failure("DATABASE_URL is missing, and no usher dev runs in \(directory.path).")
        }
        var settings = self
        settings.variables["DATABASE_URL"] = url
        return settings
    }

    /// These settings with both stores of a running `usher dev` and its provider, unless stores are set.
    func withRunningStores() -> Settings {
        let directory = DataDirectory(self)
        guard text("DATABASE_URL") == nil, text("REDIS_URL") == nil, let database = directory.runningDatabase else {
            return self
        }
        var settings = self
        settings.variables["DATABASE_URL"] = database
        settings.variables["REDIS_URL"] = directory.redisURL
        if text("USHER_PAYMENT_GATEWAY") == nil { settings.variables["USHER_PAYMENT_GATEWAY"] = "simulated" }
        return settings
    }
}
