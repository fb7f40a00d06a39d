import BoxOffice

/// How far outboxes were persisted: gives the number of lagging entries without reading them.
struct OutboxMeasures {
    /// For one partition.
    struct Mark {
        /// The total of entries ever added to the stream, when none lagged.
        var added: Int
        /// How many this replica has persisted since.
        var written = 0
        /// The cursor when none lagged. If it has not moved and nothing lags, no entries were added.
        var cursor = StreamID.zero
    }
    var marks: [Partition: Mark] = [:]
    /// Samples so far.
    var count = 0
}
