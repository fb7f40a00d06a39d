/// Filled in by its layer.
