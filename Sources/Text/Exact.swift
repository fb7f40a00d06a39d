/// A text, or perhaps one, that a `Hashable` or `Equatable` value has and that is compared by its bytes there.
///
/// A struct's synthesised `==` would take a title in NFC for the same in NFD, and a change from one to the other for none.
@propertyWrapper
public struct Exact<Value: TextValue>: Hashable, Sendable {
    /// The text.
    public var wrappedValue: Value

    /// Compares `wrappedValue` by its bytes from now on.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    /// Whether the bytes are the same.
    public static func == (left: Exact, right: Exact) -> Bool {
        left.wrappedValue.exactText == right.wrappedValue.exactText
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(wrappedValue.exactText) }
}

/// What `Exact` wraps: `String` and `String?`.
public protocol TextValue: Sendable {
    /// The text as it is compared.
    var exactText: ExactText? { get }
}

extension String: TextValue {
    /// The text as it is compared.
    public var exactText: ExactText? { ExactText(self) }
}

extension String?: TextValue {
    /// The text as it is compared.
    public var exactText: ExactText? { map { ExactText($0) } }
}
