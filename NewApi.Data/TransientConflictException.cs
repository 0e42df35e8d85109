namespace NewApi.Data;

/// <summary>Thrown inside <c>WriteAsync</c> to have the transaction rolled back and run again.</summary>
public sealed class TransientConflictException(Exception? inner = null)
    : Exception("Another process wrote the same row at the same moment.", inner);
