/// Rows that travel as one array a column.
enum ArrayRows {
    typealias Column = (name: String, type: String)

    /// Something to select from: the rows of arrays that are equally long.
    ///
    /// A SELECT list takes its arrays apart in step. `FROM unnest(…, …)` says the same, but makes a table of each array
    /// first, which a batch of some ten rows pays for more than for its rows.
    ///
    /// - Parameters:
    ///   - name: what the rows are called.
    ///   - first: the number of the first array's parameter; the others follow it.
    ///   - columns: name and type of each.
    static func named(_ name: String, from first: Int = 1, _ columns: [Column]) -> String {
        let list = columns.enumerated().map { index, column in
            "unnest($\(first + index)::\(column.type)[]) AS \(column.name)"
        }
        return "(SELECT \(list.joined(separator: ", "))) AS \(name)"
    }
}
