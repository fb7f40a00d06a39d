import BoxOffice

extension ModelEntry {
    /// Parses an entry as a function wrote it: alternating names and values, `h` first, each name once except `v`, once
    /// per version.
    init?(fields: [[UInt8]]) {
        guard fields.count.isMultiple(of: 2), fields.first == [UInt8(ascii: "h")] else { return nil }
        var values: [String: [UInt8]] = [:]
        for index in stride(from: 0, to: fields.count, by: 2) {
            let name = String(decoding: fields[index], as: UTF8.self)
            guard ["h", "t", "a", "v", "bl", "ub"].contains(name), name == "v" || values[name] == nil else {
                return nil
            }
            values[name, default: []] += fields[index + 1]
        }
        let tiers = values["t"] ?? []
        let removed = values["ub"] ?? []
        guard tiers.count.isMultiple(of: 43), removed.count.isMultiple(of: 16) else { return nil }
        self.init(
            head: values["h"] ?? [],
            tiers: Set(stride(from: 0, to: tiers.count, by: 43).map { Array(tiers[$0..<$0 + 43]) }),
            channel: values["a"] ?? [], changes: Self.changes(values["v"] ?? []), made: values["bl"] ?? [],
            removed: Set(stride(from: 0, to: removed.count, by: 16).map { Array(removed[$0..<$0 + 16]) }))
    }

    private static func changes(_ bytes: [UInt8]) -> [UUIDBytes: [[UInt8]]] {
        var changes: [UUIDBytes: [[UInt8]]] = [:]
        var place = 0
        while place < bytes.count {
            var reader = ByteReader(Array(bytes[place...]))
            let id = reader.id()
            let flags = reader.number(1)
            let record = reader.take(reader.number(2))
            let trace = reader.take(reader.number(1))
            let size = 20 + record.count + trace.count
            // A truncated version never equals an expected one.
            changes[id, default: []].append(reader.isShort ? [UInt8(flags)] : Array(bytes[place..<place + size]))
            place += size
        }
        return changes
    }
}

extension ModelEntry: CustomStringConvertible {
    var description: String {
        """
        h \(shown(head))
            t \(tiers.map(shown).sorted())
            a \(shown(channel))
            v \(changes.map { "\($0.key): \($0.value.map(shown))" }.sorted().joined(separator: "\n      "))
            bl \(shown(made)) ub \(removed.map(shown).sorted())
        """
    }
}
