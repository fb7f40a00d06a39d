import CDocuments

/// Documents that are compiled into the binary and served unchanged.
package enum Documents {
    /// The HTTP contract: openapi.yaml converted to JSON.
    package static let openapi = unsafe bytes(usher_openapi())
    /// The page that displays the contract.
    package static let docsPage = unsafe bytes(usher_docs_page())
    /// The page's script.
    package static let docsScript = unsafe bytes(usher_docs_script())
    /// Swagger UI's script, gzipped.
    package static let swaggerScript = unsafe bytes(usher_swagger_script())
    /// Swagger UI's style sheet, gzipped.
    package static let swaggerStyle = unsafe bytes(usher_swagger_style())
    /// Swagger UI's licence.
    package static let swaggerLicence = unsafe bytes(usher_swagger_licence())

    /// The pages at `/` and `/ops` and their assets, by name.
    package static let web: [String: [UInt8]] = {
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
