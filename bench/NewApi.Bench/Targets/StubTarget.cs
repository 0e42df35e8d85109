namespace NewApi.Bench.Targets;

/// <summary>The upstream itself, asked directly: the floor under every other figure.</summary>
internal sealed class StubTarget(BenchRun run) : Target(run, "direct")
{
    public string Address => $"http://127.0.0.1:{Port}";

    public override int WarmPasses => 2;

    protected override Launch Launch => new(Run.Built("NewApi.Bench.Stub"), Port.ToString());
}
