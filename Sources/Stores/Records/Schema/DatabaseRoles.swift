package import PostgresClient

/// Creates the roles of `DatabaseRole`; running it again changes nothing but passwords.
package struct DatabaseRoles {
    private let pool: PostgresPool

    /// Takes a pool whose user has the necessary privileges.
    package init(pool: PostgresPool) { self.pool = pool }

    /// Creates missing roles, sets their passwords, and grants their privileges. The database must be migrated, and its
    /// user must be able to create roles (`CREATEROLE`, or superuser) and own the schema.
    ///
    /// - Parameter passwords: one for every role.
    package func make(passwords: [DatabaseRole: String]) async throws {
        try await pool.transaction { connection in
            for role in DatabaseRole.allCases {
                guard let verifier = connection.verifier(of: passwords[role] ?? "", user: role.rawValue) else {
                    throw PostgresError.undecodable("a verifier")
                }
                let isThere = try await connection.query(
                    "SELECT FROM pg_roles WHERE rolname = $1::text", [.text(role.rawValue)])
                let verb = isThere.isEmpty ? "CREATE" : "ALTER"
                // Safe to quote: a verifier consists of base64, $ and :.
                _ = try await connection.simpleQuery("\(verb) ROLE \(role.rawValue) LOGIN PASSWORD '\(verifier)'")
            }
            _ = try await connection.simpleQuery(try await Self.opening(connection))
            _ = try await connection.simpleQuery(try await Self.granting(connection))
        }
    }

    /// Grants existing roles their privileges on tables that a migration has added.
    package func grant() async throws {
        try await pool.transaction { connection in
            let roles = try await connection.query(
                "SELECT FROM pg_roles WHERE rolname = ANY ($1::text[])",
                [.textArray(DatabaseRole.allCases.map(\.rawValue))])
            guard roles.count == DatabaseRole.allCases.count else { return }
            _ = try await connection.simpleQuery(try await Self.granting(connection))
        }
    }

    /// Grants access to database and schema, and lets the migrating role create tables.
    private static func opening(_ connection: PostgresConnection) async throws -> String {
        let place = try await connection.query(
            """
            SELECT quote_ident(current_database()) AS database, quote_ident(current_schema()) AS schema,
                pg_has_role(current_user, '\(DatabaseRole.migrate.rawValue)', 'MEMBER') AS is_member
            """)
        let (database, schema) = (try place[0].string("database"), try place[0].string("schema"))
        let all = DatabaseRole.allCases.map(\.rawValue).joined(separator: ", ")
        let migrate = DatabaseRole.migrate.rawValue
        // Changing an owner requires membership in the new owner's role.
        let joining = try place[0].bool("is_member") ? "" : "GRANT \(migrate) TO CURRENT_USER;"
        return """
            \(joining)
            GRANT CONNECT ON DATABASE \(database) TO \(all);
            GRANT USAGE ON SCHEMA \(schema) TO \(all);
            GRANT CREATE ON SCHEMA \(schema) TO \(migrate);
            """
    }

    /// All privileges on tables, after revoking obsolete ones; in one transaction, so that running replicas never lose
    /// a privilege that they keep.
    private static func granting(_ connection: PostgresConnection) async throws -> String {
        let migrate = DatabaseRole.migrate.rawValue
        let foreign = try await connection.query(
            """
            SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()
            AND tablename = ANY ($1::text[]) AND tableowner <> '\(migrate)'
            """, [.textArray(DatabaseRole.tables)])
        var script = try foreign.map { "ALTER TABLE \(try $0.string("name")) OWNER TO \(migrate);" }
        for role in [DatabaseRole.serve, .reconcile] {
            let name = role.rawValue
            script.append("REVOKE ALL ON \(DatabaseRole.tables.joined(separator: ", ")) FROM \(name);")
            script.append("GRANT SELECT ON \(role.readable.joined(separator: ", ")) TO \(name);")
            for right in role.rights {
                script.append("GRANT \(right.privileges) ON \(right.tables.joined(separator: ", ")) TO \(name);")
            }
        }
        script.append("GRANT USAGE ON SEQUENCE \(DatabaseRole.numbers) TO \(DatabaseRole.serve.rawValue);")
        return script.joined(separator: "\n")
    }
}
