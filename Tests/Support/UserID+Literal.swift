package import BoxOffice

/// Tests write a user as a text, used without checks: ids older than the rules for ids are tested, too.
extension UserID: ExpressibleByStringInterpolation {
    /// Uses the text without checks.
    package init(stringLiteral text: String) { self.init(stored: text) }
}
