namespace NewApi.Data;

/// <summary>The database cannot be used; the message says which one and why, and never contains a password.</summary>
public sealed class DatabaseUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
