import BoxOffice
import HTTP
import Loops
import PostgresClient
import Records

/// Bookings as CSV (RFC 4180): a header line, CRLF, UTF-8 without a byte order mark.
enum BookingTable {
    static let header =
        "id,eventId,userId,email,status,quantity,totalAmount,currency,createdAt,confirmedAt,expiresAt,"
        + "paymentStatus,transactionId\r\n"

    /// Appends one line.
    static func append(_ booking: BookingSummary, to output: inout [UInt8]) {
        let cells: [String?] = [
            booking.id.description, booking.event.description, booking.user.text, booking.email,
            booking.status.rawValue, String(booking.quantity), String(booking.totalAmount), booking.currency,
            Timestamp.format(booking.createdAt), booking.confirmedAt.map(Timestamp.format),
            Timestamp.format(booking.expiresAt), booking.paymentStatus, booking.transactionID,
        ]
        for (index, cell) in cells.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            append(cell ?? "", to: &output)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// A spreadsheet treats a cell that begins with one of these as a formula (OWASP, "CSV injection"): a leading
    /// apostrophe makes it text.
    private static let formulaStarts = Set("=+-@\t\r".utf8)
    private static let quoted = Set("\",\r\n".utf8)

    private static func append(_ cell: String, to output: inout [UInt8]) {
        let quotes = cell.utf8.contains { quoted.contains($0) }
        if quotes { output.append(UInt8(ascii: "\"")) }
        if let first = cell.utf8.first, formulaStarts.contains(first) { output.append(UInt8(ascii: "'")) }
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { output.append(byte) }
            output.append(byte)
        }
        if quotes { output.append(UInt8(ascii: "\"")) }
    }
}

/// Writes all bookings of a filter as CSV, one page of PostgreSQL at a time and no faster than the client reads.
final class BookingExport {
    private let context: APIContext

    /// Bookings per query: some hundred kilobytes.
    private static let pageLimit = 500
    /// Bytes written between two waits for the client.
    private static let sliceBytes = 32 * 1024

    init(_ context: APIContext) { self.context = context }

    /// The response; its body is written while the client reads it.
    ///
    /// - Parameter isComplete: whether the list has everything that was answered before the request.
    /// - Throws: if PostgreSQL does not answer: a file without bookings would be taken for complete.
    func response(_ filter: BookingFilter, isComplete: Bool) async throws -> HTTPResponse {
        let first = try await context.store.summaries(filter, limit: Self.pageLimit)
        let stream = HTTPResponseStream(
            loop: context.loop, backlogBytes: 2 * Self.sliceBytes, endsWhenDraining: false)
        context.loop.spawn { [self] in
            do {
                try await write(first, filter, to: stream)
                stream.end()
            } catch {
                stream.abort()
            }
        }
        return HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", "text/csv; charset=utf-8; header=present"),
                ("Content-Disposition", "attachment; filename=\"bookings.csv\""),
                (BookingLists.completenessHeader, isComplete ? "true" : "false"),
            ], body: Array(BookingTable.header.utf8), stream: stream)
    }

    private func write(
        _ first: [BookingSummary], _ filter: BookingFilter, to stream: HTTPResponseStream
    ) async throws {
        var page = first
        var filter = filter
        while true {
            var output: [UInt8] = []
            for booking in page {
                BookingTable.append(booking, to: &output)
                guard output.count >= Self.sliceBytes else { continue }
                guard stream.write(output), await stream.drained() else { return }
                output.removeAll(keepingCapacity: true)
            }
            guard stream.write(output), await stream.drained() else { return }
            guard page.count == Self.pageLimit, let last = page.last else { return }
            filter.before = last.id
            page = try await context.store.summaries(filter, limit: Self.pageLimit)
        }
    }
}
