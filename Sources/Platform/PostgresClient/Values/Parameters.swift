/// A statement's parameters in libpq's form, in one buffer: NUL-terminated texts and binary values.
struct Parameters {
    private var bytes: [UInt8] = []
    private var offsets: [Int?] = []
    /// For binary values; libpq ignores the others.
    private var lengths: [Int32] = []
    /// 1 for a binary value, else 0.
    private var formats: [Int32] = []

    /// Throws `.misuse` for text with a NUL character, at which libpq would truncate it.
    init(_ values: [PostgresValue]) throws(PostgresError) {
        offsets.reserveCapacity(values.count)
        bytes.reserveCapacity(values.reduce(0) { $0 + Self.size(of: $1) })
        for (index, value) in values.enumerated() {
            if case .array(let array) = value {
                add(array.bytes, isBinary: true)
                continue
            }
            guard let text = value.wireText else {
                offsets.append(nil)
                lengths.append(0)
                formats.append(0)
                continue
            }
            guard !text.utf8.contains(0) else {
                throw PostgresError(.misuse, "a NUL character in parameter \(index + 1)")
            }
            add(text.utf8, isBinary: false)
            bytes.append(0)
        }
    }

    private static func size(of value: PostgresValue) -> Int {
        if case .array(let array) = value { array.bytes.count } else { 24 }
    }

    private mutating func add(_ value: some Collection<UInt8>, isBinary: Bool) {
        offsets.append(bytes.count)
        lengths.append(Int32(value.count))
        formats.append(isBinary ? 1 : 0)
        bytes.append(contentsOf: value)
    }

    /// The arguments for libpq, valid during a call only.
    @unsafe struct Pointers {
        let count: Int32
        let values: UnsafePointer<UnsafePointer<CChar>?>?
        let lengths: UnsafePointer<Int32>?
        let formats: UnsafePointer<Int32>?
    }

    /// Calls `body` with the parameters, valid during the call only.
    func withPointers<Value>(_ body: (Pointers) -> Value) -> Value {
        unsafe bytes.withUnsafeBytes { buffer in
            var pointers: [UnsafePointer<CChar>?] = unsafe []
            unsafe pointers.reserveCapacity(offsets.count)
            for offset in offsets {
                if let offset, let base = buffer.baseAddress {
                    unsafe pointers.append((base + offset).assumingMemoryBound(to: CChar.self))
                } else {
                    unsafe pointers.append(nil)
                }
            }
            return unsafe pointers.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(
                            Pointers(
                                count: Int32(offsets.count), values: values.baseAddress, lengths: lengths.baseAddress,
                                formats: formats.baseAddress))
                    }
                }
            }
        }
    }
}
