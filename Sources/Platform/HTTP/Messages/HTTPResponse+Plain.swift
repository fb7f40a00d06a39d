import Text

/// The fast path for nearly all responses: a whole body, and no headers except preformatted lines. The bytes are the
/// same as those of `HTTPResponse.write`, written in one go.
extension HTTPResponse {
    /// Whether the response qualifies for the fast path.
    var isPlain: Bool { headers.isEmpty && stream == nil && mayHaveBody && StatusLine.isKnown(status) }

    /// Appends a plain response, on a connection that stays open.
    ///
    /// - Parameters:
    ///   - requestID: the request's id, a UUID.
    ///   - date: for the `Date` header.
    ///   - more: headers after the response's own; see `HTTPExchange.lines`.
    func writePlain(to output: inout [UInt8], _ requestID: HexText, date: [UInt8], lines more: [UInt8]) {
        // Copied for the closure: capturing `self` would copy the whole response.
        let (status, lines, body, instance) = (status, lines, body, instance)
        let variable = date.count + lines.count + more.count + body.count
        output.append(addingCapacity: Self.longestStatusLine + Self.plainLength + variable) { span in
            unsafe span.withUnsafeMutableBufferPointer { memory, count in
                var writer = unsafe RawWriter(UnsafeMutableRawBufferPointer(memory))
                unsafe StatusLine.known[status - 200].withUnsafeBytes { unsafe writer.append($0) }
                unsafe date.withUnsafeBytes { unsafe writer.append($0) }
                unsafe writer.append(Self.requestIDName)
                unsafe writer.append(requestID)
                unsafe Self.protectionAndPolicy.withUnsafeBytes { unsafe writer.append($0) }
                unsafe lines.withUnsafeBytes { unsafe writer.append($0) }
                unsafe more.withUnsafeBytes { unsafe writer.append($0) }
                unsafe writer.append(Self.lengthName)
                unsafe writer.append(decimal: body.count)
                unsafe writer.append(Self.headEnd)
                guard let instance else {
                    unsafe body.withUnsafeBytes { unsafe writer.append($0) }
                    count = unsafe writer.count
                    return
                }
                let (high, low) = Identifiers.words()
                unsafe body.withUnsafeBytes { unsafe writer.append(UnsafeRawBufferPointer(rebasing: $0[..<instance])) }
                unsafe writer.append(HexText(high: high, low: low))
                unsafe body.withUnsafeBytes { body in
                    let rest = instance + HexText.uuidLength
                    unsafe writer.append(UnsafeRawBufferPointer(rebasing: body[rest...]))
                }
                count = unsafe writer.count
            }
        }
    }

    private static let longestStatusLine = StatusLine.known.map(\.count).max() ?? 0
    /// The constant parts, and the most digits of a length.
    private static let plainLength =
        requestIDName.utf8CodeUnitCount + HexText.uuidLength + protectionAndPolicy.count
        + lengthName.utf8CodeUnitCount + 20 + headEnd.utf8CodeUnitCount
    private static var requestIDName: StaticString { "\r\nX-Request-Id: " }
    private static var lengthName: StaticString { "\r\nContent-Length: " }
    private static var headEnd: StaticString { "\r\n\r\n" }
}

/// Writes into preallocated memory.
@unsafe private struct RawWriter {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = memory }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, let target = unsafe memory.baseAddress else { return }
        precondition(unsafe bytes.count <= memory.count - count, "the buffer is too small")
        unsafe (target + count).copyMemory(from: start, byteCount: bytes.count)
        unsafe count += bytes.count
    }

    mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ id: HexText) {
        unsafe id.writeUUID(to: UnsafeMutableRawBufferPointer(rebasing: memory[count...]))
        unsafe count += HexText.uuidLength
    }

    mutating func append(decimal number: Int) {
        var divisor = 1
        while number / divisor > 9 { divisor *= 10 }
        while divisor > 0 {
            unsafe memory[count] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10)
            unsafe count += 1
            divisor /= 10
        }
    }
}
