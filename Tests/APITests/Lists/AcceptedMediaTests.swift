import Testing

@testable import API

@Suite("Preferred media types")
struct AcceptedMediaTests {
    @Test(
        "CSV is preferred if its quality is higher, or if it is named and JSON only matches a wildcard",
        arguments: [
            ("text/csv", true), ("Text/CSV", true), ("text/csv; charset=utf-8; header=present", true),
            ("text/*", true), ("*/*", false), ("application/json", false), ("", false),
            ("text/csv, */*", true), ("*/*, text/csv", true), ("text/csv;q=0.5, application/json", false),
            ("application/json;q=0.5, text/csv;q=0.6", true), ("text/csv;q=0", false), ("text/csv;q=0, text/*", false),
            ("text/csv, application/json", true), ("application/json, text/csv", false),
            ("application/json;q=0, text/csv;q=0.001", true), ("text/html, application/xhtml+xml, */*;q=0.8", false),
            ("text/csv;q=1.000", true), ("text/csv;q=2", false), ("text/csv;q=0.9999", false), ("text/csv;q=x", false),
            ("text/csv; Q = 0.7 , application/json;q=0.8", false), (",,;text/csv", false), ("text/csv/x", false),
            ("application/problem+json;title=\"a, text/csv\"", false),
        ])
    func preference(_ accept: String, _ isCSV: Bool) {
        #expect(AcceptedMedia([accept]).prefers("text", "csv") == isCSV)
    }
}
