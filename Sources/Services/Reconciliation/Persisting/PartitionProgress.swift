import Records

/// The result of one piece of work on a partition.
enum PartitionProgress {
    /// It is done, and this is the row now.
    case done(PartitionRow)
    /// Another replica was faster, or it is not sure what was committed: the row has to be read.
    case unsure
}
