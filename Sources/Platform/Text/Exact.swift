/// Wraps a `String` or `String?` property of a `Hashable` or `Equatable` type so that it is compared by its bytes.
///
/// A synthesised `==` would treat a title in NFC and in NFD as equal, and a change from one to the other as no change.
@propertyWrapper
package struct Exact<Value: TextValue>: Hashable, Sendable {
    package var wrappedValue: Value

    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    package static func == (left: Exact, right: Exact) -> Bool {
        left.wrappedValue.exactText == right.wrappedValue.exactText
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(wrappedValue.exactText) }
}

/// The types that `Exact` wraps: `String` and `String?`.
package protocol TextValue: Sendable {
    /// The text in the form that is compared.
    var exactText: ExactText? { get }
}

extension String: TextValue {
    package var exactText: ExactText? { ExactText(self) }
}

extension String?: TextValue {
    package var exactText: ExactText? { map { ExactText($0) } }
}
