namespace NewApi.Bench.Reporting;

/// <summary>What one target showed in one measure of one round. The names of the figures carry their units.</summary>
internal sealed record Sample(string Measure, string Target, int Round, IReadOnlyDictionary<string, double> Figures);
