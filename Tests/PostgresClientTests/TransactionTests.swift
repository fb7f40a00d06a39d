import Loops
import PostgresClient
import Support
import Testing

private struct Refusal: Error {}

@Suite("Transactions")
struct TransactionTests {
    private func withTable(
        _ name: String, _ body: @Sendable (EventLoop, PostgresPool) async throws -> Void
    ) async throws {
        try await withPool { loop, pool in
            _ = try await pool.query("CREATE TABLE \(name) (n bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            try await body(loop, pool)
        }
    }

    private func expectCount(
        _ expected: Int64, in name: String, _ pool: PostgresPool, location: SourceLocation = #_sourceLocation
    ) async throws {
        let count = try await pool.query("SELECT count(*) FROM \(name)")[0].integer(0)
        #expect(count == expected, sourceLocation: location)
    }

    @Test("changes are committed when the body returns, and its value is returned")
    func commits() async throws {
        try await withTable("commits") { loop, pool in
            let value = try await pool.transaction { connection in
                #expect(loop.isCurrent)
                let rows = try await connection.query("INSERT INTO commits VALUES (1), (2)")
                #expect(loop.isCurrent)
                #expect(connection.isIdle == false)
                return rows.affectedRows
            }
            #expect(loop.isCurrent)
            #expect(value == 2)
            try await expectCount(2, in: "commits", pool)
        }
    }

    @Test("an error thrown by the body rolls back and is rethrown unchanged")
    func rollsBack() async throws {
        try await withTable("rolls_back") { loop, pool in
            let refusal = await failure(as: Refusal.self) {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO rolls_back VALUES (1)")
                    throw Refusal()
                }
            }
            #expect(refusal != nil)
            #expect(loop.isCurrent)
            try await expectCount(0, in: "rolls_back", pool)
            #expect(pool.connectionCount == 1)
        }
    }

    @Test("a refused statement rolls back, and the connection is reused")
    func refusedStatement() async throws {
        try await withTable("refused_statement") { _, pool in
            let error = await failure {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO refused_statement VALUES (1)")
                    _ = try await connection.query("SELECT 1 / $1::bigint", [0])
                }
            }
            #expect(error?.sqlState == "22012")
            try await expectCount(0, in: "refused_statement", pool)
            #expect(pool.connectionCount == 1)
        }
    }

    @Test("the last statements are sent with COMMIT, and a refused one rolls everything back")
    func lastStatements() async throws {
        try await withTable("last_statements") { _, pool in
            let value = try await pool.committing { connection in
                _ = try await connection.query("INSERT INTO last_statements VALUES (1)")
                return (7, last: [PostgresStatement("INSERT INTO last_statements VALUES (2), (3)")])
            }
            #expect(value == 7)
            try await expectCount(3, in: "last_statements", pool)
            let error = await failure {
                _ = try await pool.committing { _ in
                    (
                        0,
                        last: [
                            PostgresStatement("INSERT INTO last_statements VALUES (4)"),
                            PostgresStatement("SELECT 1 / $1::bigint", [0]),
                            PostgresStatement("INSERT INTO last_statements VALUES (5)"),
                        ]
                    )
                }
            }
            #expect(error?.sqlState == "22012")
            try await expectCount(3, in: "last_statements", pool)
            #expect(pool.connectionCount == 1 && pool.busyCount == 0)
        }
    }

    @Test("a body that swallows a refused statement does not count as committed")
    func swallowedError() async throws {
        try await withTable("swallowed") { _, pool in
            let error = await failure {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO swallowed VALUES (1)")
                    _ = try? await connection.query("SELECT 1 / $1::bigint", [0])
                }
            }
            #expect(error?.code == .server(sqlState: "25P02"))
            try await expectCount(0, in: "swallowed", pool)
        }
    }

    @Test("a constraint checked at COMMIT is a refusal, not an unknown outcome")
    func deferredConstraint() async throws {
        try await withTable("deferred") { _, pool in
            let error = await failure {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO deferred VALUES (1), (1)")
                }
            }
            #expect(error?.code == .server(sqlState: "23505"))
            try await expectCount(0, in: "deferred", pool)
        }
    }

    @Test("an empty body, and bodies with pipelines and scripts, work")
    func shapes() async throws {
        try await withTable("shapes") { _, pool in
            try await pool.transaction { _ in }
            try await pool.transaction(isolation: .serializable) { connection in
                let rows = try await connection.pipeline([
                    PostgresStatement("INSERT INTO shapes VALUES (1)"),
                    PostgresStatement("SELECT current_setting('transaction_isolation') AS level"),
                ])
                #expect(rows.count == 2)
                #expect(try rows[1][0].string("level") == "serializable")
                _ = try await connection.simpleQuery("INSERT INTO shapes VALUES (2); INSERT INTO shapes VALUES (3)")
            }
            try await expectCount(3, in: "shapes", pool)
            let refusal = await failure(as: Refusal.self) {
                try await pool.transaction { connection in
                    _ = try await connection.simpleQuery("INSERT INTO shapes VALUES (4)")
                    throw Refusal()
                }
            }
            #expect(refusal != nil)
            try await expectCount(3, in: "shapes", pool)
        }
    }

    @Test("losing the connection before COMMIT is sent has no effect")
    func lostBeforeCommit() async throws {
        try await withTable("lost_before") { _, pool in
            let error = await failure {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO lost_before VALUES (1)")
                    _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error?.code == .notConnected)
            #expect(error?.isRetryable == true)
            try await expectCount(0, in: "lost_before", pool)
        }
    }

    @Test("losing the connection during COMMIT leaves the outcome unknown")
    func lostDuringCommit() async throws {
        try await withTable("lost_during") { _, pool in
            _ = try await pool.query(
                """
                CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
                """)
            _ = try await pool.query(
                """
                CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON lost_during DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION end_session()
                """)
            let error = await failure {
                try await pool.transaction { connection in
                    _ = try await connection.query("INSERT INTO lost_during VALUES (1)")
                }
            }
            #expect(error?.code == .outcomeUnknown)
            try await expectCount(0, in: "lost_during", pool)
        }
    }
}
