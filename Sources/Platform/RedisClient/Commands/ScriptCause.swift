/// The request on whose behalf a task runs, so that timed function calls can be attributed to it.
package enum ScriptCause {
    /// Starts with the trace context of the request; `nil` if there is none.
    @TaskLocal package static var record: String?
}
