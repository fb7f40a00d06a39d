import BundledDocuments
import JSON
import Support
import Testing

/// The contract in `openapi.yaml`. Every answer that a test gets is checked against it.
struct Contract {
    /// A documented response: headers and, for problems, codes.
    struct Response {
        let headers: Set<String>
        let types: Set<String>
        /// Empty if the document names none.
        let codes: Set<String>
    }

    /// Keyed by method and path, with parameters in braces.
    let operations: [String: [Int: Response]]
    private let paths: [[Substring]]

    private static let parsed = Result { try Contract(JSONReader.read(Documents.openapi)) }
    static var shared: Contract { get throws { try parsed.get() } }

    /// Headers of every answer, or of the connection.
    private static let everywhere: Set = [
        "date", "content-length", "content-type", "connection", "x-request-id", "x-content-type-options",
        "x-frame-options", "referrer-policy", "cross-origin-resource-policy", "content-security-policy", "vary",
        "cache-control",
        "access-control-allow-origin", "access-control-expose-headers", "transfer-encoding",
        "ratelimit", "ratelimit-policy",
    ]

    init(_ document: JSONValue) throws {
        func resolved(_ value: JSONValue) throws -> JSONValue {
            guard let reference = value["$ref"]?.text else { return value }
            var found = document
            for part in reference.split(separator: "/").dropFirst() {
                found = try #require(found[String(part)], "\(reference)")
            }
            return found
        }
        var operations: [String: [Int: Response]] = [:]
        for path in document["paths"]?.names ?? [] {
            for method in document["paths"]?[path]?.names ?? [] {
                let responses = document["paths"]?[path]?[method]?["responses"]
                var known: [Int: Response] = [:]
                for status in responses?.names ?? [] {
                    let response = try resolved(try #require(responses?[status]))
                    // Each documented code has an example of its name.
                    let codes = response["content"]?["application/problem+json"]?["examples"]?.names ?? []
                    known[try #require(Int(status))] = Response(
                        headers: Set((response["headers"]?.names ?? []).map { $0.lowercased() }),
                        types: Set(response["content"]?.names ?? []),
                        codes: Set(codes))
                }
                operations["\(method.uppercased()) \(path)"] = known
            }
        }
        self.operations = operations
        paths = (document["paths"]?.names ?? []).map { $0.split(separator: "/") }
    }

    /// Reports what is not documented in an answer; requests without a route are skipped.
    func check(_ request: Request, _ answer: Answer) {
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let path = template(of: request.path), let known = operations["\(method) \(path)"] else { return }
        guard let response = known[answer.status] else {
            Issue.record("\(method) \(path): \(answer.status) is not documented: \(answer.text)")
            return
        }
        let surplus = Set(answer.headers.keys).subtracting(Self.everywhere).subtracting(response.headers)
        #expect(surplus == [], "\(method) \(path) \(answer.status): headers")
        if !answer.body.isEmpty {
            let type = answer.headers["content-type"]?.prefix { $0 != ";" } ?? ""
            #expect(response.types.contains(String(type)), "\(method) \(path) \(answer.status): \(type)")
        }
        if let code = answer.code, !response.codes.isEmpty {
            #expect(response.codes.contains(code), "\(method) \(path) \(answer.status): \(code)")
        }
    }

    /// The matching documented path; fixed segments take precedence over parameters, as in the router.
    private func template(of target: String) -> String? {
        let segments = target.prefix { $0 != "?" }.split(separator: "/")
        let fitting = paths.filter { path in
            path.count == segments.count && zip(path, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        let best = fitting.min { first, second in
            first.count { $0.hasPrefix("{") } < second.count { $0.hasPrefix("{") }
        }
        return best.map { "/" + $0.joined(separator: "/") }
    }
}
