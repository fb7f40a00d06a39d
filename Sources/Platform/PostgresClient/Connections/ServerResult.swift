import CLibpq

/// Owns one `PGresult` and frees it on deinit. The corresponding C function is `PQclear`.
@safe struct ServerResult: ~Copyable {
    private let pointer: OpaquePointer

    /// Takes ownership of the result.
    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQclear(pointer) }

    enum Kind {
        /// Success, with or without rows.
        case done
        /// An error of the server or of libpq itself.
        case failed
        /// Skipped because an earlier statement of the pipeline failed.
        case skipped
        /// The end of a pipeline.
        case synchronized
        /// COPY and others, which this module does not support.
        case unsupported
    }

    /// The corresponding C function is `PQresultStatus`.
    var kind: Kind {
        switch unsafe PQresultStatus(pointer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .done
        case PGRES_PIPELINE_SYNC: .synchronized
        case PGRES_PIPELINE_ABORTED: .skipped
        case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE, PGRES_NONFATAL_ERROR: .failed
        default: .unsupported
        }
    }

    /// Copies the rows. The corresponding C functions are `PQgetvalue`, `PQgetlength` and `PQgetisnull`.
    func rows() -> PostgresRows {
        let width = unsafe PQnfields(pointer)
        let height = unsafe PQntuples(pointer)
        let columns = (0..<width).map { column in unsafe Self.string(PQfname(pointer, column)) ?? "" }
        var bytes: [UInt8] = []
        var ends = [0]
        ends.reserveCapacity(Int(width) * Int(height) + 1)
        var nulls: Set<Int> = []
        for row in 0..<height {
            for column in 0..<width {
                if unsafe PQgetisnull(pointer, row, column) != 0 {
                    nulls.insert(ends.count - 1)
                } else if let value = unsafe PQgetvalue(pointer, row, column) {
                    let length = Int(unsafe PQgetlength(pointer, row, column))
                    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: length))
                }
                ends.append(bytes.count)
            }
        }
        let storage = PostgresRows.Storage(
            columns: columns, bytes: bytes, ends: ends, nulls: nulls, rowCount: Int(height))
        let affected = unsafe Self.string(PQcmdTuples(pointer)).flatMap { Int($0) } ?? 0
        let tag = unsafe Self.string(PQcmdStatus(pointer)) ?? ""
        return PostgresRows(storage: storage, affectedRows: affected, commandTag: tag)
    }

    /// The error of a `.failed` result. One without SQLSTATE comes from libpq itself and means that the connection is
    /// lost. The corresponding C function is `PQresultErrorField`.
    func error() -> PostgresError? {
        guard let state = field("C") else { return nil }
        var error = PostgresError(.server(sqlState: state), "")
        error.sqlState = state
        error.severity = field("V")
        error.message = field("M")
        error.detail = field("D")
        error.table = field("t")
        error.constraint = field("n")
        return error
    }

    /// A field by its letter in the protocol. Source: PostgreSQL manual, 55.8.
    private func field(_ letter: Unicode.Scalar) -> String? {
        unsafe Self.string(PQresultErrorField(pointer, Int32(letter.value)))
    }

    private static func string(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(cString: pointer)
    }
}
