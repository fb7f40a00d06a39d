public import PostgresClient

/// Makes the accounts of `DatabaseRole`; doing it again changes nothing but passwords.
public struct DatabaseRoles {
    private let pool: PostgresPool

    /// On a pool whose user may do what is asked.
    public init(pool: PostgresPool) { self.pool = pool }

    /// Makes the roles that are missing, sets their passwords, and gives them their rights. The database has to be
    /// migrated, and its user may make roles (`CREATEROLE`, or a superuser) and owns the schema.
    ///
    /// - Parameter passwords: of every role.
    public func make(passwords: [DatabaseRole: String]) async throws {
        try await pool.transaction { connection in
            for role in DatabaseRole.allCases {
                guard let verifier = connection.verifier(of: passwords[role] ?? "", user: role.rawValue) else {
                    throw PostgresError.undecodable("a verifier")
                }
                let isThere = try await connection.query(
                    "SELECT FROM pg_roles WHERE rolname = $1::text", [.text(role.rawValue)])
                let verb = isThere.isEmpty ? "CREATE" : "ALTER"
                // A verifier is of base64, $ and :.
                _ = try await connection.simpleQuery("\(verb) ROLE \(role.rawValue) LOGIN PASSWORD '\(verifier)'")
            }
            _ = try await connection.simpleQuery(try await Self.opening(connection))
            _ = try await connection.simpleQuery(try await Self.granting(connection))
        }
    }

    /// Gives the roles, if they are there, their rights to tables that a migration has made since.
    public func grant() async throws {
        try await pool.transaction { connection in
            let roles = try await connection.query(
                "SELECT FROM pg_roles WHERE rolname = ANY ($1::text[])",
                [.textArray(DatabaseRole.allCases.map(\.rawValue))])
            guard roles.count == DatabaseRole.allCases.count else { return }
            _ = try await connection.simpleQuery(try await Self.granting(connection))
        }
    }

    /// Lets them in, and the one that migrates make tables.
    private static func opening(_ connection: PostgresConnection) async throws -> String {
        let place = try await connection.query(
            """
            SELECT quote_ident(current_database()) AS database, quote_ident(current_schema()) AS schema,
                pg_has_role(current_user, '\(DatabaseRole.migrate.rawValue)', 'MEMBER') AS is_member
            """)
        let (database, schema) = (try place[0].string("database"), try place[0].string("schema"))
        let all = DatabaseRole.allCases.map(\.rawValue).joined(separator: ", ")
        let migrate = DatabaseRole.migrate.rawValue
        // Only its members may give a role what they own.
        let joining = try place[0].bool("is_member") ? "" : "GRANT \(migrate) TO CURRENT_USER;"
        return """
            \(joining)
            GRANT CONNECT ON DATABASE \(database) TO \(all);
            GRANT USAGE ON SCHEMA \(schema) TO \(all);
            GRANT CREATE ON SCHEMA \(schema) TO \(migrate);
            """
    }

    /// Everything that a role may do with tables, and nothing that it might once do; one transaction, so that running
    /// copies never miss a right that they keep.
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
