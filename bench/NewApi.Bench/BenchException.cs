namespace NewApi.Bench;

/// <summary>A measurement that cannot be trusted, or a target that did not start; ends the run with the sentence.</summary>
internal sealed class BenchException(string message) : Exception(message);
