import Loops
import PostgresClient
import Support
import Testing

/// Runs `body` with one connection to the shared server.
private func withConnection(
    _ change: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: @Sendable (EventLoop, PostgresConnection) async throws -> Void
) async throws {
    var configuration = PostgresConfiguration(uri: try TestServers.postgres.url)
    change(&configuration)
    let fixed = configuration
    try await onLoop { loop in
        let connection = try await PostgresConnection.connect(on: loop, configuration: fixed)
        defer { connection.close() }
        try await body(loop, connection)
    }
}

@Suite("A connection to PostgreSQL")
struct ConnectionTests {
    @Test("a statement is prepared once and reused")
    func preparedOnce() async throws {
        try await withConnection { _, connection in
            for number in 1...5 {
                let rows = try await connection.query("SELECT $1::bigint * 2", [.integer(Int64(number))])
                #expect(try rows[0].integer(0) == Int64(number * 2))
            }
            let prepared = try await connection.query(
                PostgresStatement(
                    "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE '%bigint * 2%'",
                    isPrepared: false))
            #expect(try prepared[0].integer("n") == 1)
        }
    }

    @Test("beyond the limit, the least recently used statements are deallocated")
    func boundedCache() async throws {
        try await withConnection {
            $0.preparedStatements = 3
        } _: { _, connection in
            for number in 1...20 { _ = try await connection.query("SELECT \(number)") }
            _ = try await connection.query(PostgresStatement("SELECT 0", isPrepared: false))
            let left = try await connection.query(
                PostgresStatement(
                    "SELECT statement FROM pg_prepared_statements ORDER BY prepare_time", isPrepared: false))
            #expect(try left.map { try $0.string(0) } == ["SELECT 18", "SELECT 19", "SELECT 20"])
            let all = try await connection.pipeline((1...9).map { PostgresStatement("SELECT \($0)") })
            #expect(try all.map { try $0[0].integer(0) } == Array(1...9))
        }
    }

    @Test("a refused statement has SQLSTATE and constraint, and no values in its description")
    func serverErrors() async throws {
        try await withConnection { _, connection in
            _ = try await connection.simpleQuery(
                """
                CREATE TEMP TABLE seats (
                    name text CONSTRAINT one_owner UNIQUE, held bigint CONSTRAINT not_below_zero CHECK (held >= 0));
                INSERT INTO seats VALUES ('secret-seat', 0);
                """)
            let unique = await failure {
                _ = try await connection.query("INSERT INTO seats VALUES ($1, 0)", ["secret-seat"])
            }
            #expect(unique?.code == .server(sqlState: "23505"))
            #expect(unique?.sqlStateClass == "23")
            #expect(unique?.constraint == "one_owner")
            #expect(unique?.table == "seats")
            #expect(unique?.severity == "ERROR")
            #expect(unique?.isRetryable == false)
            #expect(unique?.description == "postgres: refused by the server 23505 (constraint one_owner)")
            #expect(unique?.debugDescription.contains("secret-seat") == true)
            let check = await failure { _ = try await connection.query("UPDATE seats SET held = $1", [-1]) }
            #expect(check?.constraint == "not_below_zero")
            let syntax = await failure { _ = try await connection.query("SELEKT") }
            #expect(syntax?.sqlState == "42601")
            let again = await failure { _ = try await connection.query("SELEKT") }
            #expect(again?.sqlState == "42601")
            #expect(connection.isIdle)
        }
    }

    @Test("a pipeline returns every statement's rows in order")
    func pipeline() async throws {
        try await withConnection { _, connection in
            let statements = (0..<2_000).map { PostgresStatement("SELECT $1::bigint AS n", [.integer(Int64($0))]) }
            let results = try await connection.pipeline(statements)
            #expect(try results.map { try $0[0].integer("n") } == Array(0..<2_000))
            let none = try await connection.pipeline([])
            #expect(none.isEmpty)
        }
    }

    @Test("a failing pipeline throws the first error, has no effect, and the connection stays usable")
    func failingPipeline() async throws {
        try await withConnection { _, connection in
            _ = try await connection.simpleQuery("CREATE TEMP TABLE numbers (n bigint PRIMARY KEY)")
            let insert = "INSERT INTO numbers VALUES ($1)"
            let error = await failure {
                _ = try await connection.pipeline([
                    PostgresStatement(insert, [1]), PostgresStatement(insert, [1]),
                    PostgresStatement("SELECT 1 / $1::bigint", [0]), PostgresStatement("SELECT 'never prepared'"),
                ])
            }
            #expect(error?.sqlState == "23505")
            let count = try await connection.query("SELECT count(*) FROM numbers")
            #expect(try count[0].integer(0) == 0)
            let later = try await connection.query("SELECT 'never prepared'")
            #expect(try later[0].string(0) == "never prepared")
            #expect(connection.isIdle)
        }
    }

    @Test("parameters and results far larger than a socket's buffer are transferred")
    func large() async throws {
        try await withConnection { _, connection in
            let text = String(repeating: "0123456789abcdef", count: 1 << 20)
            let rows = try await connection.query("SELECT $1::text AS t, length($1) AS n", [.text(text)])
            #expect(try rows[0].integer("n") == Int64(text.utf8.count))
            #expect(try rows[0].string("t") == text)
        }
    }

    @Test("a second concurrent command is refused, and the first is not disturbed")
    func twoAtOnce() async throws {
        try await withConnection { loop, connection in
            let tally = Tally()
            loop.spawn {
                do throws(PostgresError) {
                    _ = try await connection.query("SELECT pg_sleep(0.05)")
                    tally.successes += 1
                } catch { tally.errors.append(error) }
            }
            await loop.sleep(for: .milliseconds(5))
            let second = await failure { _ = try await connection.query("SELECT 1") }
            #expect(second?.code == .misuse)
            #expect(await eventually(loop) { tally.total == 1 })
            #expect(tally.successes == 1)
        }
    }

    @Test("a plan invalidated by a changed table fails once, then is prepared anew")
    func stalePlan() async throws {
        try await withConnection { _, connection in
            _ = try await connection.simpleQuery("CREATE TEMP TABLE t (a bigint); INSERT INTO t VALUES (1)")
            _ = try await connection.query("SELECT * FROM t")
            _ = try await connection.simpleQuery("ALTER TABLE t ADD b bigint DEFAULT 2")
            let stale = await failure { _ = try await connection.query("SELECT * FROM t") }
            #expect(stale?.sqlState == "0A000")
            let rows = try await connection.query("SELECT * FROM t")
            #expect(try rows[0].integer("b") == 2)
        }
    }

    @Test("COPY is not supported: the connection is dropped, nothing hangs")
    func copy() async throws {
        try await withConnection { _, connection in
            let error = await failure { _ = try await connection.simpleQuery("COPY (SELECT 1) TO STDOUT") }
            #expect(error?.code == .outcomeUnknown)
            #expect(!connection.isOpen)
        }
    }

    @Test("the server's statement timeout is a clean failure before the client's")
    func statementTimeout() async throws {
        try await withConnection {
            $0.statementTimeout = .milliseconds(30)
        } _: { _, connection in
            let error = await failure { _ = try await connection.query("SELECT pg_sleep(5)") }
            #expect(error?.code == .server(sqlState: "57014"))
            #expect(connection.isIdle)
        }
    }

    @Test("after the timeout the outcome is unknown and the connection closed")
    func deadline() async throws {
        try await withConnection { _, connection in
            let error = await failure {
                _ = try await connection.query("SELECT pg_sleep(5)", timeout: .milliseconds(30))
            }
            #expect(error?.code == .outcomeUnknown)
            #expect(error?.isRetryable == false)
            #expect(!connection.isOpen)
            let later = await failure { _ = try await connection.query("SELECT 1") }
            #expect(later?.code == .notConnected)
        }
    }

    @Test("a session terminated by an administrator leaves the outcome unknown, with SQLSTATE")
    func terminated() async throws {
        try await withConnection { _, connection in
            let error = await failure {
                _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
            }
            #expect(error?.code == .outcomeUnknown)
            #expect(error?.sqlState == "57P01")
        }
    }

    @Test("a refused login gives the reason, without the password")
    func refusedLogin() async throws {
        let uri = try TestServers.postgres.url(database: "absent").replacing("postgres@", with: "postgres:hunter2@")
        let error = await failure {
            try await onLoop { loop in
                _ = try await PostgresConnection.connect(on: loop, configuration: PostgresConfiguration(uri: uri))
            }
        }
        #expect(error?.code == .connectionFailed)
        #expect(error?.sqlState == "3D000")
        #expect(error?.isRetryable == true)
        #expect(error.map { !"\($0.description)\($0.debugDescription)".contains("hunter2") } == true)
        #expect(!"\(PostgresConfiguration(uri: uri))".contains("hunter2"))
    }

    @Test("unresolvable names, closed ports and malformed addresses are failed connections")
    func unreachable() async throws {
        for uri in ["postgres://host.invalid/x", "postgres://127.0.0.1:1/x", "postgres://[::1", "host=/nowhere"] {
            let error = await failure {
                try await onLoop { loop in
                    _ = try await PostgresConnection.connect(on: loop, configuration: PostgresConfiguration(uri: uri))
                }
            }
            #expect(error?.code == .connectionFailed)
        }
    }
}
