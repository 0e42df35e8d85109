namespace NewApi.Testing;

/// <summary>What code allocates on the managed heap, freed of what the runtime allocates beside it.</summary>
public static class Allocations
{
    private const int Runs = 10;

    /// <summary>Bytes that <paramref name="code"/> allocates on this thread each time it runs.</summary>
    /// <remarks>
    /// The least of ten runs: the runtime compiles methods again, loads types and grows pools on whichever thread it likes, and those
    /// bytes are counted too, once. What the code allocates itself is in every run.
    /// </remarks>
    public static long Of(Action code)
    {
        var least = long.MaxValue;
        for (var run = 0; run < Runs && least > 0; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            code();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }
}
