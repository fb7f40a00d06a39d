import Accounts
import Foundation
import Loops
import PostgresClient
import Records
import RedisClient

/// `usher doctor`: checks an installation and reports how to fix what is wrong. Changes nothing.
struct Doctor {
    private let settings: Settings

    /// One finding. A finding with a remedy is a fault unless it is a warning.
    private struct Finding {
        let sentence: String
        let remedy: String?
        /// Whether the condition may be intended.
        var isWarning = false

        var isFault: Bool { remedy != nil && !isWarning }
        var label: String { isWarning ? "WARN " : isFault ? "WRONG" : "ok   " }
    }

    init(_ settings: Settings) { self.settings = settings }

    /// - Returns: whether nothing is wrong.
    func run() async throws -> Bool {
        var findings = checkSettings()
        let loop = try EventLoop(name: "doctor")
        defer { loop.stop() }
        findings += await redis(loop)
        findings += await postgres(loop)
        for finding in findings {
            print("\(finding.label)  \(finding.sentence)")
            if let remedy = finding.remedy, !remedy.isEmpty { print("       \(remedy)") }
        }
        let wrong = findings.count(where: \.isFault)
        print(wrong == 0 ? "\nNothing is wrong." : "\n\(wrong) of \(findings.count) checks found something wrong.")
        return wrong == 0
    }

    // MARK: - Settings

    private func checkSettings() -> [Finding] {
        let checks: [() throws -> Any] = [
            settings.redis, settings.postgres, settings.withStoredSecret().secret, settings.partitions, settings.port,
            settings.corsOrigins, settings.apiKeys, settings.accounts,
            settings.auditRetention, settings.logLevel, settings.paymentProvider,
            settings.webhookSignature, settings.rateLimits, settings.trustedProxies, settings.clients,
            settings.allowsUnpaidTickets,
            { try settings.traces(service: "") as Any },
        ]
        var findings: [Finding] = []
        for check in checks {
            do {
                _ = try check()
            } catch {
                let sentence = (error as? Failure)?.sentence ?? "\(error)"
                findings.append(
                    Finding(
                        sentence: sentence, remedy: "Set it in the environment; docs/settings.md lists its values."))
            }
        }
        findings += Setting.unknown(in: settings.variables.keys).map {
            Finding(sentence: $0, remedy: "Nothing reads it: correct its name, or remove it.")
        }
        if findings.isEmpty { findings.append(Finding(sentence: "The settings are valid.", remedy: nil)) }
        return findings
            + ((try? settings.paymentWarnings()) ?? []).map {
                Finding(sentence: "\($0.sentence)", remedy: $0.remedy, isWarning: true)
            }
    }

    // MARK: - Redis

    private func redis(_ loop: EventLoop) async -> [Finding] {
        guard let configuration = try? settings.redis() else { return [] }
        do {
            return try await loop.run { loop in
                let connection = RedisConnection(loop: loop, configuration: configuration)
                try connection.start()
                defer { connection.close() }
                return try await self.redis(connection)
            }
        } catch {
            return [
                Finding(
                    sentence: "Redis cannot be reached: \((error as? RedisError)?.reason ?? "no answer").",
                    remedy: "Start it, or correct REDIS_URL; redis-cli -u \"$REDIS_URL\" ping must answer PONG.")
            ]
        }
    }

    private func redis(_ connection: RedisConnection) async throws -> [Finding] {
        let info = try await connection.send(RedisCommand(["INFO", "server"])).string ?? ""
        let version = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }?.dropFirst(14)
        var findings = [Finding(sentence: "Redis \(version ?? "of unknown version") answers.", remedy: nil)]
        let isMaster = connection.identity?.isMaster == true
        findings.append(
            Finding(
                sentence: isMaster ? "It is a master." : "It is a replica.",
                remedy: isMaster ? nil : "Set REDIS_URL to the master: a replica is read-only."))
        let found = try await RedisCheck(connection).run()
        let wrong = found.refusals + found.warnings
        if wrong.isEmpty {
            findings.append(Finding(sentence: "Redis has the settings and permissions that Usher needs.", remedy: nil))
        }
        findings += wrong.map { Finding(sentence: $0.sentence, remedy: $0.remedy) }
        return findings
    }

    private func clock(_ name: String, _ seconds: Int64) -> Finding {
        let difference = abs(seconds - Int64(Date().timeIntervalSince1970))
        return Finding(
            sentence: "\(name)'s clock differs from this machine's by \(difference) s.",
            remedy: difference <= 2
                ? nil : "Run NTP on both machines: tokens, holds and deadlines depend on these clocks.")
    }

    private static func count(_ number: some BinaryInteger, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    // MARK: - PostgreSQL

    private func postgres(_ loop: EventLoop) async -> [Finding] {
        guard var configuration = try? settings.postgres() else { return [] }
        configuration.poolSize = 1
        let final = configuration
        do {
            return try await loop.run { loop in
                let pool = PostgresPool(loop: loop, configuration: final)
                defer { pool.close() }
                return try await self.postgres(pool)
            }
        } catch {
            return [
                Finding(
                    sentence: "PostgreSQL cannot be reached: \((error as? PostgresError)?.message ?? "no answer").",
                    remedy: "Start it, or correct DATABASE_URL; psql \"$DATABASE_URL\" must open it.")
            ]
        }
    }

    private func postgres(_ pool: PostgresPool) async throws -> [Finding] {
        let row = try await pool.query(
            """
            SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync,
                current_setting('synchronous_commit') AS commit, extract(epoch FROM now())::bigint AS now
            """
        ).first
        guard let row else { return [] }
        let fsync = try row.string("fsync")
        let commit = try row.string("commit")
        var findings = [
            Finding(sentence: "PostgreSQL \(try row.string("version")) answers.", remedy: nil),
            Finding(
                sentence: "fsync is \(fsync).",
                remedy: fsync == "on" ? nil : "Set fsync on: without it a power failure may destroy the database."),
            Finding(
                sentence: "synchronous_commit is \(commit).",
                remedy: commit == "off" ? "Set it on: otherwise a crash may lose persisted bookings." : nil),
            clock("PostgreSQL", try row.integer("now")),
        ]
        let pending = try await Migrator(migrations: Schema.migrations).status(on: pool).filter {
            $0.appliedMilliseconds == nil
        }
        findings.append(
            Finding(
                sentence: pending.isEmpty
                    ? "The schema matches this binary."
                    : "\(Self.count(pending.count, "migration is", "migrations are")) missing.",
                remedy: pending.isEmpty ? nil : "Run usher migrate."))
        guard pending.isEmpty else { return findings }
        return findings + (try await partitions(pool)) + (try await troubles(pool))
    }

    /// Conditions that an operator has to resolve.
    private func troubles(_ pool: PostgresPool) async throws -> [Finding] {
        let row = try await pool.query(
            """
            SELECT (SELECT count(*) FROM verdicts) AS oversold, current_setting('max_connections')::integer AS most,
                (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
                (SELECT count(*) FROM payments WHERE refunded_amount < refund_amount
                    AND updated_at < now() - interval '15 minutes') AS refunds,
                (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser
            """
        ).first
        guard let row else { return [] }
        let (oversold, refunds) = (try row.integer("oversold"), try row.integer("refunds"))
        let (used, most) = (try row.integer("used"), try row.integer("most"))
        let account =
            try row.bool("is_superuser")
            ? "Usher is a superuser of PostgreSQL; usher migrate --roles creates accounts with least privilege."
            : "Usher is not a superuser of PostgreSQL."
        return [
            Finding(
                sentence:
                    "\(Self.count(oversold, "booking was", "bookings were")) overruled as double sales.",
                remedy: oversold == 0 ? nil : "See docs/operations.md, \"UsherOversold\"."),
            Finding(
                sentence: "\(Self.count(refunds, "refund has", "refunds have")) been due for a quarter of an hour.",
                remedy: refunds == 0 ? nil : "See docs/operations.md, \"UsherRefundsWait\"."),
            Finding(
                sentence: "\(used) of PostgreSQL's \(most) connections are in use.",
                remedy: used * 10 < most * 9
                    ? nil : "Raise max_connections: each loop of serve and each reconcile needs ten."),
            Finding(sentence: account, remedy: nil),
        ] + (await administrators(pool))
    }

    /// Reports nothing for the reconciler's account, which may not read user accounts. Having no administrators here is
    /// no fault: they may also come from an outside identity provider.
    private func administrators(_ pool: PostgresPool) async -> [Finding] {
        guard let count = try? await UserAdministration(pool: pool).administrators() else { return [] }
        let sentence =
            count == 0
            ? "There is no administrator; usher user --email ADDRESS --role admin creates one."
            : "Accounts that can log in as administrators: \(count)."
        return [Finding(sentence: sentence, remedy: nil)]
    }

    private func partitions(_ pool: PostgresPool) async throws -> [Finding] {
        let row = try await pool.query(
            """
            SELECT count(*) AS all_of_them, count(*) FILTER (WHERE r.id IS NOT NULL) AS leased,
                (SELECT count(*) FROM dead_letters WHERE replayed_at IS NULL) AS dead
            FROM partitions p LEFT JOIN reconcilers r ON r.id = p.owner AND r.seen_at > now() - interval '5 seconds'
            """
        ).first
        guard let row, let wanted = try? settings.partitions() else { return [] }
        let all = try row.integer("all_of_them")
        let leased = try row.integer("leased")
        let dead = try row.integer("dead")
        guard all > 0 else {
            return [
                Finding(sentence: "There are no partitions yet.", remedy: "Start usher serve once, or usher migrate.")
            ]
        }
        return [
            Finding(
                sentence: "The database has \(Self.count(all, "partition", "partitions")).",
                remedy: all == wanted ? nil : "Set USHER_PARTITIONS to \(all): it is fixed once there is data."),
            Finding(
                sentence: "\(Self.count(leased, "of them is", "of them are")) reconciled.",
                remedy: leased == all ? nil : "Start usher reconcile: nothing is persisted for the other partitions."),
            Finding(
                sentence: "\(Self.count(dead, "entry", "entries")) could not be persisted.",
                remedy: dead == 0 ? nil : "See docs/operations.md, \"UsherDeadLetters\"."),
        ]
    }
}
