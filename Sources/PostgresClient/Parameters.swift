/// A statement's parameters as libpq wants them: NUL-terminated texts one after the other.
struct Parameters {
    private var bytes: [CChar] = []
    private var offsets: [Int?] = []

    /// Throws `.misuse` for text with a NUL character, which would be cut there.
    init(_ values: [PostgresValue]) throws(PostgresError) {
        offsets.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            guard let text = value.wireText else {
                offsets.append(nil)
                continue
            }
            offsets.append(bytes.count)
            for byte in text.utf8 {
                guard byte != 0 else { throw PostgresError(.misuse, "a NUL character in parameter \(index + 1)") }
                bytes.append(CChar(bitPattern: byte))
            }
            bytes.append(0)
        }
    }

    /// Gives `body` the count and the array of texts, valid during the call only.
    func withPointers<Value>(_ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>?) -> Value) -> Value {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            unsafe pointers.reserveCapacity(offsets.count)
            for offset in offsets {
                if let offset, let base = buffer.baseAddress {
                    unsafe pointers.append(base + offset)
                } else {
                    unsafe pointers.append(nil)
                }
            }
            return unsafe pointers.withUnsafeBufferPointer { pointers in
                unsafe body(Int32(offsets.count), pointers.baseAddress)
            }
        }
    }
}
