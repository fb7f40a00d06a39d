import Foundation

/// A table that shows the values of both stores side by side.
struct ShowTable {
    private struct Row {
        let name: String
        let redis: String?
        let postgres: String?
        /// Whether both values must be equal.
        let isCompared: Bool

        var differs: Bool { isCompared && redis != nil && postgres != nil && redis != postgres }
    }

    private var rows: [Row] = []

    /// Adds a value that both stores have; a difference is marked.
    mutating func add(_ name: String, _ redis: String?, _ postgres: String?) {
        guard redis != nil || postgres != nil else { return }
        rows.append(Row(name: name, redis: redis, postgres: postgres, isCompared: true))
    }

    /// Adds a value that only one store has, or that may differ.
    mutating func note(_ name: String, redis: String? = nil, postgres: String? = nil) {
        guard redis != nil || postgres != nil else { return }
        rows.append(Row(name: name, redis: redis, postgres: postgres, isCompared: false))
    }

    /// The table as text.
    func text(hasRedis: Bool, hasPostgres: Bool) -> String {
        let names = rows.map(\.name.count).max() ?? 0
        let values = (rows.map { $0.redis?.count ?? 1 } + [5]).max() ?? 0
        var lines = [line("", "Redis", "PostgreSQL", names, values, hasRedis, hasPostgres)]
        for row in rows {
            let text = line(row.name, row.redis ?? "-", row.postgres ?? "-", names, values, hasRedis, hasPostgres)
            lines.append(row.differs ? text + "   differs" : text)
        }
        return lines.joined(separator: "\n")
    }

    private func line(
        _ name: String, _ redis: String, _ postgres: String, _ names: Int, _ values: Int, _ hasRedis: Bool,
        _ hasPostgres: Bool
    ) -> String {
        var cells = [name.padded(to: names)]
        if hasRedis { cells.append(hasPostgres ? redis.padded(to: min(values, 60)) : redis) }
        if hasPostgres { cells.append(postgres) }
        let text = cells.joined(separator: "  ")
        return String(text[..<(text.lastIndex { $0 != " " }.map { text.index(after: $0) } ?? text.startIndex)])
    }

    /// Formats Unix milliseconds as ISO 8601, UTC.
    static func time(_ milliseconds: Int64?) -> String? {
        milliseconds.map { milliseconds in
            Date(timeIntervalSince1970: Double(milliseconds) / 1000)
                .ISO8601Format(.init(includingFractionalSeconds: true))
        }
    }

    /// Formats a duration.
    static func length(_ milliseconds: Int64) -> String {
        milliseconds.isMultiple(of: 1000) ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
