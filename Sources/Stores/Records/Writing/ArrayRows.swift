/// Rows sent as one array parameter per column.
enum ArrayRows {
    typealias Column = (name: String, type: String)

    /// A FROM item with the rows of equally long arrays.
    ///
    /// Set-returning functions in a SELECT list are expanded in step. `FROM unnest(…, …)` gives the same rows but
    /// builds a table from each array first, which costs a batch of some ten rows more than the rows themselves.
    ///
    /// - Parameters:
    ///   - name: the alias of the rows.
    ///   - first: the number of the first array's parameter; the others follow in order.
    ///   - columns: name and type of each column.
    static func named(_ name: String, from first: Int = 1, _ columns: [Column]) -> String {
        let list = columns.enumerated().map { index, column in
            "unnest($\(first + index)::\(column.type)[]) AS \(column.name)"
        }
        return "(SELECT \(list.joined(separator: ", "))) AS \(name)"
    }
}
