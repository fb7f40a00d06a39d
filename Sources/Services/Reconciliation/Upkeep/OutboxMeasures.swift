import BoxOffice

/// How far outboxes were persisted, from which the number of entries that lag follows without reading them.
struct OutboxMeasures {
    /// Of a partition.
    struct Mark {
        /// How many entries its stream had seen in all when none lagged.
        var added: Int
        /// How many this replica has persisted since.
        var written = 0
        /// The cursor when none lagged; until it has moved the stream has seen no more entries.
        var cursor = StreamID.zero
    }
    var marks: [Partition: Mark] = [:]
    /// Samples so far.
    var count = 0
}
