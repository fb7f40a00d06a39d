import JSON
import Tracing

/// `ExportTraceServiceRequest` in JSON (OpenTelemetry protocol, "JSON Protobuf Encoding"): ids in hexadecimal, 64-bit
/// numbers as strings.
enum OTLP {
    static func json(_ spans: [Span], service: String) -> [UInt8] {
        var json = JSONWriter(capacity: 512 * spans.count)
        json.beginObject()
        list("resourceSpans", &json) { json in
            json.key("resource")
            json.beginObject()
            attributes([("service.name", .text(service))], &json)
            json.endObject()
            list("scopeSpans", &json) { json in
                json.key("scope")
                json.beginObject()
                json.member("name", "usher")
                json.endObject()
                json.key("spans")
                json.beginArray()
                for span in spans { write(span, &json) }
                json.endArray()
            }
        }
        json.endObject()
        return json.bytes
    }

    /// A list with one object.
    private static func list(_ name: String, _ json: inout JSONWriter, _ members: (inout JSONWriter) -> Void) {
        json.key(text: name)
        json.beginArray()
        json.beginObject()
        members(&json)
        json.endObject()
        json.endArray()
    }

    private static func write(_ span: Span, _ json: inout JSONWriter) {
        json.beginObject()
        json.member("traceId", span.context.traceID)
        json.member("spanId", span.context.spanID)
        if let parent = span.parent { json.member("parentSpanId", parent) }
        json.member("name", span.name)
        json.member("kind", span.kind.rawValue)
        json.member("startTimeUnixNano", String(span.start))
        json.member("endTimeUnixNano", String(span.end))
        attributes(span.attributes, &json)
        if span.hasFailed {
            json.key("status")
            json.beginObject()
            // STATUS_CODE_ERROR
            json.member("code", 2)
            json.endObject()
        }
        json.endObject()
    }

    private static func attributes(_ all: [(name: String, value: Span.Value)], _ json: inout JSONWriter) {
        json.key("attributes")
        json.beginArray()
        for attribute in all {
            json.beginObject()
            json.member("key", attribute.name)
            json.key("value")
            json.beginObject()
            switch attribute.value {
            case .text(let text): json.member("stringValue", text)
            case .number(let number): json.member("intValue", String(number))
            }
            json.endObject()
            json.endObject()
        }
        json.endArray()
    }
}
