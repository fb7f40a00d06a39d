import Records

/// The result of one piece of work on a partition.
enum PartitionProgress {
    /// Done; the row as it is now.
    case done(PartitionRow)
    /// Another replica was faster, or the outcome of a commit is unknown: the row must be reread.
    case unsure
}
