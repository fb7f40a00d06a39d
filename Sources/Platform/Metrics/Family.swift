import Synchronization

/// A member of a family.
protocol Measure: AnyObject, Sendable {
    /// Appends the member's lines in the text format.
    func write(_ name: String, _ labels: String, to text: inout String)
}

/// Metrics with one name and different label values. Code that updates a metric often keeps the member.
package final class Family<Member: Sendable>: Sendable {
    let name: String
    private let help: String
    private let kind: String
    private let labels: [String]
    private let make: @Sendable () -> Member
    private let members: Mutex<[[String]: Member]>

    init(_ name: String, _ help: String, kind: String, labels: [String], make: @escaping @Sendable () -> Member) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
        self.make = make
        // A family without labels has one member, which is rendered from the start.
        members = Mutex(labels.isEmpty ? [[]: make()] : [:])
    }

    /// The member with these label values, in label order; created on first use.
    package subscript(_ values: String...) -> Member {
        precondition(values.count == labels.count, "\(name) has \(labels.count) labels")
        return members.withLock { members in
            if let member = members[values] { return member }
            let member = make()
            members[values] = member
            return member
        }
    }

    /// Removes all members, for example when their label values no longer exist.
    package func reset() { members.withLock { $0.removeAll() } }
}

extension Family: Rendered {
    func write(to text: inout String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
        let members = members.withLock { $0.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
        for (values, member) in members {
            let pairs = zip(labels, values).map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            (member as? any Measure)?.write(name, pairs, to: &text)
        }
    }

    /// Escapes backslash, quote and line feed for the text format.
    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5c || $0 == 0x22 || $0 == 0x0a }) else { return value }
        return value.map { $0 == "\\" ? "\\\\" : $0 == "\"" ? "\\\"" : $0 == "\n" ? "\\n" : String($0) }.joined()
    }
}

extension Counter: Measure {
    func write(_ name: String, _ labels: String, to text: inout String) {
        text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(unit.told(value))\n"
    }
}

extension Histogram: Measure {
    func write(_ name: String, _ labels: String, to text: inout String) {
        let (counts, sum) = cumulative
        let prefix = labels.isEmpty ? "" : labels + ","
        for (bound, count) in zip(bounds, counts) {
            text += "\(name)_bucket{\(prefix)le=\"\(unit.told(bound))\"} \(count)\n"
        }
        let all = counts.last ?? 0
        let set = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_bucket{\(prefix)le=\"+Inf\"} \(all)\n"
        text += "\(name)_sum\(set) \(unit.told(sum))\n\(name)_count\(set) \(all)\n"
    }
}
