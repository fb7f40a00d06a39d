import HTTPServer

extension Problem {
    /// A problem by its code, which the catalogue has.
    init(
        _ status: Int, _ code: String, _ detail: String, isRetryable: Bool = false,
        headers: [(name: String, value: String)] = [], members: [(name: String, json: [UInt8])] = []
    ) {
        self.init(
            ProblemCatalogue.kinds[code] ?? ProblemKind(code, status, detail, mayPass: isRetryable, detail), detail,
            headers: headers, members: members)
    }
}
