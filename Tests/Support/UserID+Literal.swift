public import Booking

/// In a test a user is written as a text, and taken as it is: ids of before there were rules are tested too.
extension UserID: ExpressibleByStringInterpolation {
    /// Takes the text as it is.
    public init(stringLiteral text: String) { self.init(stored: text) }
}
