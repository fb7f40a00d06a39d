import Accounts
import EventLoop
import Foundation
import PostgresClient
import Records
import RedisClient

/// `usher doctor`: looks, changes nothing, and says how to mend what is wrong.
struct Doctor {
    private let settings: Settings

    /// What was found; a remedy makes it a fault, unless it is a warning.
    private struct Finding {
        let sentence: String
        let remedy: String?
        /// Whether it may be meant so.
        var isWarning = false

        var isFault: Bool { remedy != nil && !isWarning }
        var label: String { isWarning ? "WARN " : isFault ? "WRONG" : "ok   " }
    }

    init(_ settings: Settings) { self.settings = settings }

    /// Whether nothing is wrong.
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
            settings.redis, settings.postgres, settings.withKeptSecret().secret, settings.partitions, settings.port,
            settings.corsOrigins, settings.apiKeys, settings.accounts,
            settings.auditRetention, settings.logLevel, settings.paymentProvider,
            settings.webhookSignature, settings.rateLimits, settings.trustedProxies, settings.clients,
            settings.givesTicketsAway,
            { try settings.traces(service: "") as Any },
        ]
        var findings: [Finding] = []
        for check in checks {
            do {
                _ = try check()
            } catch {
                let sentence = (error as? Failure)?.sentence ?? "\(error)"
                findings.append(
                    Finding(sentence: sentence, remedy: "Set it in the environment; the README says what it may be."))
            }
        }
        findings += Setting.unknown(in: settings.variables.keys).map {
            Finding(sentence: $0, remedy: "Nothing reads it: correct its name, or take it away.")
        }
        if findings.isEmpty { findings.append(Finding(sentence: "The settings can be read.", remedy: nil)) }
        return findings
            + ((try? settings.moneyWarnings()) ?? []).map {
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
                remedy: isMaster ? nil : "Let REDIS_URL name the master: a replica cannot be written to."))
        let found = try await RedisCheck(connection).run()
        let wrong = found.refusals + found.warnings
        if wrong.isEmpty {
            findings.append(Finding(sentence: "Redis's settings and rights are what Usher needs.", remedy: nil))
        }
        findings += wrong.map { Finding(sentence: $0.sentence, remedy: $0.remedy) }
        return findings
    }

    private func clock(_ name: String, _ seconds: Int64) -> Finding {
        let difference = abs(seconds - Int64(Date().timeIntervalSince1970))
        return Finding(
            sentence: "\(name)'s clock differs from this machine's by \(difference) s.",
            remedy: difference <= 2
                ? nil : "Run NTP on both machines: tokens, holds and deadlines are told by these clocks.")
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
                remedy: commit == "off" ? "Set it on: \"persisted\" promises what a crash must not take back." : nil),
            clock("PostgreSQL", try row.integer("now")),
        ]
        let pending = try await Migrator(migrations: Schema.migrations).status(on: pool).filter {
            $0.appliedMilliseconds == nil
        }
        findings.append(
            Finding(
                sentence: pending.isEmpty
                    ? "The schema is that of this binary."
                    : "\(Self.count(pending.count, "migration is", "migrations are")) missing.",
                remedy: pending.isEmpty ? nil : "Run usher migrate."))
        guard pending.isEmpty else { return findings }
        return findings + (try await partitions(pool)) + (try await troubles(pool))
    }

    /// What waits for a person.
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
            ? "Usher is a superuser of PostgreSQL; usher migrate --roles makes accounts with the least rights."
            : "Usher is no superuser of PostgreSQL."
        return [
            Finding(
                sentence:
                    "\(Self.count(oversold, "booking was", "bookings were")) refused because others had what they took.",
                remedy: oversold == 0 ? nil : "docs/operations.md, \"UsherOversold\", says what to do."),
            Finding(
                sentence: "\(Self.count(refunds, "refund has", "refunds have")) been due for a quarter of an hour.",
                remedy: refunds == 0 ? nil : "docs/operations.md, \"UsherRefundsWait\", says what to do."),
            Finding(
                sentence: "\(used) of PostgreSQL's \(most) connections are used.",
                remedy: used * 10 < most * 9
                    ? nil : "Raise max_connections: each loop of serve and each reconcile wants ten."),
            Finding(sentence: account, remedy: nil),
        ] + (await administrators(pool))
    }

    /// The reconciler's account may not look at accounts, and finds nothing. Administrators may also come from an outside
    /// identity provider, so that having none here is no fault.
    private func administrators(_ pool: PostgresPool) async -> [Finding] {
        guard let count = try? await UserAdministration(pool: pool).administrators() else { return [] }
        let sentence =
            count == 0
            ? "Nobody is an administrator; usher user --email ADDRESS --role admin makes one."
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
                remedy: leased == all ? nil : "Start usher reconcile: what is not reconciled is not written down."),
            Finding(
                sentence: "\(Self.count(dead, "entry", "entries")) could not be written down.",
                remedy: dead == 0 ? nil : "docs/operations.md, \"UsherDeadLetters\", says what to do."),
        ]
    }
}
