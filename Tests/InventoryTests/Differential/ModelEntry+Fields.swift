extension ModelEntry {
    /// Reads an entry as a script wrote it.
    init?(fields: [String]) {
        guard fields.count >= 10, fields.count.isMultiple(of: 2), fields[0] == "ev", fields[2] == "ep",
            fields[4] == "sq", fields[6] == "at", fields[8] == "ty", let epoch = Int(fields[3]),
            let sequence = Int(fields[5]),
            let at = Int(fields[7])
        else { return nil }
        var notes: [Note] = []
        var changes: [Change] = []
        for index in stride(from: 10, to: fields.count, by: 2) {
            if fields[index] == "bl" || fields[index] == "ub" {
                notes.append(Note(name: fields[index], text: fields[index + 1]))
                continue
            }
            let parts = fields[index + 1].split(separator: "|", omittingEmptySubsequences: false)
            guard parts.count == 19 else { return nil }
            changes.append(
                Change(
                    booking: fields[index], image: parts[..<17].joined(separator: "|"), channel: String(parts[17]),
                    trace: String(parts[18])))
        }
        self.init(
            event: fields[1], epoch: epoch, sequence: sequence, at: at,
            tiers: Set(fields[9].split(separator: ";").map(String.init)), notes: notes,
            changes: Dictionary(grouping: changes, by: \.booking))
    }
}
