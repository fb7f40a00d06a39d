/// Whose work a task does, so that whoever times functions knows on whose behalf each is called.
public enum ScriptCause {
    /// Trace context of whoever asked for it, and what may follow it; `nil` for nobody.
    @TaskLocal public static var record: String?
}
