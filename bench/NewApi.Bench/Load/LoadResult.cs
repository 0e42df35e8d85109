using HdrHistogram;

namespace NewApi.Bench.Load;

/// <summary>What a load got back. Latencies are in microseconds.</summary>
internal sealed record LoadResult(long Replies, long Events, TimeSpan Elapsed, HistogramBase Latency);
