import CDocuments

/// What the binary serves as it is.
public enum Documents {
    /// The HTTP contract: openapi.yaml in JSON.
    public static let openapi = unsafe bytes(usher_openapi())
    /// The page that shows it.
    public static let docsPage = unsafe bytes(usher_docs_page())
    /// The page's script.
    public static let docsScript = unsafe bytes(usher_docs_script())
    /// Swagger UI's script, gzipped.
    public static let swaggerScript = unsafe bytes(usher_swagger_script())
    /// Swagger UI's style sheet, gzipped.
    public static let swaggerStyle = unsafe bytes(usher_swagger_style())
    /// Swagger UI's licence.
    public static let swaggerLicence = unsafe bytes(usher_swagger_licence())

    /// The pages at `/` and `/ops` and what they need, by name.
    public static let web: [String: [UInt8]] = {
        var files: [String: [UInt8]] = [:]
        for index in 0..<usher_web_file_count() {
            let file = unsafe usher_web_file_at(index)
            files[unsafe String(cString: file.name)] = unsafe bytes(file.document)
        }
        return files
    }()

    private static func bytes(_ document: usher_document) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: document.bytes, count: document.count))
    }
}
